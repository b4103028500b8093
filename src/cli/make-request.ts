import { basename, join, resolve } from 'node:path'
import { statSync } from 'node:fs'
import type { MakeRequest } from '../core/make-torrent.js'
import { BtkitError } from '../errors.js'
import type { LinkPolicy } from '../files/scanned-tree.js'
import type { Io } from './io.js'
import type { MakeOptions } from './makemetafile-options.js'
import type { Operands } from './operands.js'
import { version } from './version.js'

/**
 * Translates a command line into one request for each source.
 * @throws BtkitError `usage` when its parts do not go together
 */
export function makeRequests(operands: Operands, options: MakeOptions, io: Io): MakeRequest[] {
  checkTogether(operands, options)
  const common = commonRequest(operands, options, io)
  const requests = operands.sources.map((source) => {
    const torrent = torrentPath(source, options, io)
    return { ...common, source, name: options.name ?? basename(resolve(io.cwd, source)), torrent }
  })
  checkDistinct(requests, io)
  return requests
}

function checkTogether({ tracker, sources }: Operands, options: MakeOptions): void {
  if (tracker === null && options.node.length === 0) {
    throw new BtkitError('usage', 'no tracker given: one argument must be its URL')
  }
  if (options.followSymlinks && !options.symlinks) {
    throw new BtkitError('usage', '--follow-symlinks and --no-symlinks exclude each other')
  }
  if (options.target === '-' && options.json) {
    throw new BtkitError('usage', '--target - and --json both want the standard output')
  }
  if (sources.length === 1) return
  if (options.name !== undefined) {
    throw new BtkitError('usage', '--name goes with a single file or directory')
  }
  if (options.target !== undefined && !isDirectory(options.target)) {
    throw new BtkitError('usage', `--target ${options.target}: not a directory, which several need`)
  }
}

function commonRequest({ tracker }: Operands, options: MakeOptions, io: Io) {
  return {
    scan: {
      all: options.all,
      include: options.include,
      exclude: options.exclude,
      links: linkPolicy(options),
    },
    pieceLength: options.pieceSizePow2,
    private: options.private,
    sourceTag: textOrNull(options.source),
    parts: {
      announce: tracker,
      announceList: options.announceList ?? [],
      httpSeeds: options.httpseeds ?? [],
      webSeeds: options.webSeed,
      nodes: options.node,
      comment: textOrNull(options.comment),
      createdBy: creator(options.createdBy),
    },
    creationDate: creationDate(options.date, io),
    write: {
      ...(options.mode === undefined ? {} : { mode: options.mode }),
      noClobber: !options.clobber,
    },
  }
}

function linkPolicy({ followSymlinks, symlinks }: MakeOptions): LinkPolicy {
  if (!symlinks) return 'skip'
  return followSymlinks ? 'follow' : 'inside'
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text
}

function creator(option: MakeOptions['createdBy']): string | null {
  if (option === false) return null
  return typeof option === 'string' ? textOrNull(option) : `btkit ${version()}`
}

/** The date asked for, else that of reproducible builds, else now. */
function creationDate(option: MakeOptions['date'], { env, now }: Io): number | 'mtime' | null {
  if (option === false) return null
  if (option !== undefined) return option
  const epoch = env['SOURCE_DATE_EPOCH']
  if (epoch === undefined || epoch === '') return Math.floor(now() / 1000)
  if (/^\d{1,15}$/.test(epoch)) return Number(epoch)
  throw new BtkitError('usage', `SOURCE_DATE_EPOCH '${epoch}': not a number of seconds`)
}

/** Where the torrent goes: to the target, into it, or beside the source. Null: standard output. */
function torrentPath(source: string, { target, name }: MakeOptions, io: Io): string | null {
  if (target === '-') return null
  const file = `${name ?? basename(resolve(io.cwd, source))}.torrent`
  if (target === undefined) return join(source, '..', file)
  return isDirectory(target) || target.endsWith('/') ? join(target, file) : target
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
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
