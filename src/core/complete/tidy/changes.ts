import { spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { digestOf } from '../../../base/bytes.js'
import { asBtkitError, BtkitError } from '../../../base/errors.js'
import { digestName, readNote, writeNote } from '../../../disk/state/notes.js'
import { looksLikeUrl } from '../../../metainfo/trackers.js'
import { jsonLine } from '../../../base/text/escape.js'
import type { CompleteReport } from '../report.js'
import type { CompleteContext, CompleteRequest, StateAccess } from '../request.js'
import { Undelivered } from './undelivered.js'

// Without this file people would upload torrents at each run, or write a script that finds the
// changes.

/** Opens the record of what the command of runs over the same directories did not get. */
export function openUndelivered(
  request: CompleteRequest,
  { directory: stateDirectory, warn }: StateAccess,
  now: () => number,
): Undelivered {
  const path = join(stateDirectory, 'due', `${digestName(runKey(request))}.log`)
  return new Undelivered({ path, stateDirectory, now, warn, isReadOnly: request.dryRun })
}

/**
 * Runs a line for the shell with `value` as a line of JSON on its standard input. `write` receives
 * what it prints on both of its streams. An interruption does not stop it, because the next run
 * finds the changes made.
 * @throws BtkitError `io` if the command fails
 */
export async function runOnChange(
  command: string,
  value: object,
  world: Pick<SpawnOptions, 'cwd' | 'env'> & { write: (chunk: Uint8Array) => unknown },
): Promise<void> {
  const { write, ...place } = world
  const what = `--on-change '${command}'`
  const child = spawn(command, { ...place, shell: true, stdio: 'pipe' })
  // A command may end without reading all its input
  child.stdin.on('error', () => undefined)
  child.stdin.end(jsonLine(value))
  for (const stream of [child.stdout, child.stderr]) stream.on('data', write)
  const [status] = (await once(child, 'close').catch((error: unknown) => {
    throw asBtkitError(error, what)
  })) as [number | null]
  if (status === 0) return
  const how = status === null ? 'was killed' : `ended with status ${status}`
  throw new BtkitError('io', `${what}: ${how}`)
}

/**
 * Compares the foreign and unrecorded torrents of a run with those that the last run over the same
 * directories reported, and stores them for the next run. Returns whether there are any and they
 * differ.
 */
export function noteForeign(
  report: CompleteReport,
  request: CompleteRequest,
  context: CompleteContext,
): boolean {
  // It has not examined all entries
  if (report.isInterrupted) return false
  const skipped = report.skipped.filter(({ reason }) => reason === 'foreign')
  const torrents = skipped.map((each) => [each.torrentPath, each.reason, each.pieceLength])
  const foreign = [...torrents, ...report.unrecorded]
  const stateDirectory = context.state.directory
  const place = { stateDirectory, kind: 'reported', key: runKey(request) } as const
  const now =
    foreign.length > 0 ? digestOf('sha256', JSON.stringify(foreign)).toString('hex') : null
  if (now === readNote(place)) return false
  if (!request.dryRun) writeNote(place, now)
  return now !== null
}

/** Identifies runs over the same directories, also after a link to one is switched. */
function runKey({ directories, target }: CompleteRequest): string {
  const places = directories.map((path) => (looksLikeUrl(path) ? path : resolve(path)))
  return JSON.stringify([places, target && resolve(target)])
}
