import { basename, join, resolve } from 'node:path'
import type { MakeRequest } from '../../../core/make/make-torrent.js'
import { BtkitError } from '../../../errors.js'
import { statIfThere } from '../../../files/stat-if-there.js'
import { commonRequest } from '../../arguments/torrent-request.js'
import type { Io } from '../../io.js'
import type { MakeOptions } from './options.js'
import type { Operands } from '../../arguments/operands.js'

/**
 * Translates a command line into one request for each source.
 * @throws BtkitError `usage` when its parts do not go together
 */
export function makeRequests(operands: Operands, options: MakeOptions, io: Io): MakeRequest[] {
  const common = commonRequest(operands.tracker, options, io)
  checkTogether(operands, options)
  checkStandardOutput(options, io)
  const write = { ...common.write, noClobber: !options.clobber }
  const requests = operands.sources.map((source) => {
    const torrent = torrentPath(source, options, io)
    const name = torrentName(source, options, io)
    return { ...common, write, force: options.force, source, name, torrent }
  })
  checkDistinct(requests, io)
  return requests
}

function checkTogether({ sources }: Operands, options: MakeOptions): void {
  if (options.force && !options.clobber) {
    throw new BtkitError('usage', '--force and --no-clobber exclude each other')
  }
  if (sources.length === 1) return
  if (options.name !== undefined) {
    throw new BtkitError('usage', '--name goes with a single file or directory')
  }
  if (options.target !== undefined && !isDirectory(options.target)) {
    throw new BtkitError(
      'usage',
      `--target ${options.target}: not a directory, and several torrents need one`,
    )
  }
}

function checkStandardOutput({ target, json, dryRun }: MakeOptions, { stdout }: Io): void {
  if (target !== '-') return
  if (json) throw new BtkitError('usage', '--target - and --json both write to standard output')
  if (stdout.isTTY && !dryRun) {
    const advice = 'send the torrent to a file or a pipe'
    throw new BtkitError('usage', `--target -: standard output is a terminal; ${advice}`)
  }
}

/** Where the torrent goes: to the target, into it, or beside the source. Null: standard output. */
function torrentPath(source: string, options: MakeOptions, io: Io): string | null {
  const { target } = options
  if (target === '-') return null
  const file = `${torrentName(source, options, io)}.torrent`
  if (target === undefined) return join(source, '..', file)
  return isDirectory(target) || target.endsWith('/') ? join(target, file) : target
}

function torrentName(source: string, options: MakeOptions, io: Io): string {
  const name = options.name ?? basename(resolve(io.cwd, source))
  if (name !== '' || options.name !== undefined) return name
  throw new BtkitError('usage', `${source}: has no name of its own: --name gives the torrent one`)
}

function isDirectory(path: string): boolean {
  return statIfThere(path)?.isDirectory() ?? false
}

function checkDistinct(requests: readonly MakeRequest[], io: Io): void {
  const sources = new Map<string, string>()
  for (const { source, torrent } of requests) {
    if (torrent === null) continue
    const path = resolve(io.cwd, torrent)
    const other = sources.get(path)
    if (other !== undefined) {
      throw new BtkitError('usage', `${other} and ${source} would both be written to ${torrent}`)
    }
    sources.set(path, source)
  }
}
