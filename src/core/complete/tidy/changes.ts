import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { digestOf } from '../../../bytes.js'
import { asBtkitError, BtkitError, valueOr } from '../../../errors.js'
import { realPath } from '../../../files/inside.js'
import { readNote, writeNote, type NotePlace } from '../../../state/notes.js'
import { jsonLine } from '../../../text/escape.js'
import type { CompleteReport } from '../report.js'
import type { CompleteContext, CompleteRequest, StateAccess } from '../request.js'

// Without this file people would upload torrents at each run, or write a script that finds the changes.

type StateDirectory = Pick<StateAccess, 'directory'>

/** A user's command for the time after a run. */
interface ChangeCommand {
  /** A line for the shell. */
  readonly command: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Receives what the command prints on both of its streams. */
  readonly write: (chunk: Uint8Array) => unknown
}

/**
 * Runs a command if a run changed anything, or if the command failed after an earlier change. Its
 * standard input is `value` as a line of JSON. An interruption does not stop it, because the next run
 * finds these changes made.
 * @throws BtkitError `io` if the command fails
 */
export async function runOnChange(
  { report, value }: { readonly report: CompleteReport; readonly value: object },
  { command, env, cwd, write }: ChangeCommand,
  { request, state }: { readonly request: CompleteRequest; readonly state: StateDirectory },
): Promise<void> {
  const due = notePlace('due', request, state)
  const { created, updated, adopted, removed, clients, checksumLists: lists } = report
  const ofClients = [clients.published, clients.republished, clients.withdrawn]
  const ofLists = [lists.created, lists.updated, lists.removed]
  const changes = [created, updated, adopted, removed, ofClients, ofLists].flat(2)
  if (changes.length === 0 && readNote(due) === null) return
  writeNote(due, true)
  const what = `--on-change '${command}'`
  const child = spawn(command, { shell: true, env: { ...env }, cwd, stdio: 'pipe' })
  // A command may end without reading all its input
  child.stdin.on('error', () => undefined)
  child.stdin.end(jsonLine(value))
  for (const stream of [child.stdout, child.stderr]) stream.on('data', write)
  const [status] = (await once(child, 'close').catch((error: unknown) => {
    throw asBtkitError(error, what)
  })) as [number | null]
  if (status !== 0) {
    const how = status === null ? 'was killed' : `ended with status ${status}`
    throw new BtkitError('io', `${what}: ${how}`)
  }
  writeNote(due, null)
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
  const place = notePlace('reported', request, context.state)
  const before = readNote(place)
  const now =
    foreign.length > 0 ? digestOf('sha256', JSON.stringify(foreign)).toString('hex') : null
  if (now === before) return false
  if (!request.dryRun) writeNote(place, now)
  return now !== null
}

/** Where runs over the same directories note something for each other. */
function notePlace(
  kind: NotePlace['kind'],
  { directories, target }: CompleteRequest,
  { directory: stateDirectory }: StateDirectory,
): NotePlace {
  const real = (path: string) => valueOr(null, () => realPath(path)) ?? resolve(path)
  const places = [directories.map(real), target && real(target)]
  return { stateDirectory, kind, key: JSON.stringify(places) }
}
