import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { asBtkitError, BtkitError } from '../../errors.js'
import { readNote, writeNote } from '../../state/notes.js'
import { jsonLine } from '../../text/escape.js'
import { notePlace } from './complete-directories.js'
import type { CompleteReport } from './complete-report.js'
import type { CompleteRequest, StateAccess } from './request.js'

// Without this file people would upload torrents at each run, or write a script that finds the changes.

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
  command: ChangeCommand,
  {
    request,
    state,
  }: {
    readonly request: Pick<CompleteRequest, 'directories' | 'target'>
    readonly state: Pick<StateAccess, 'directory'>
  },
): Promise<void> {
  const due = notePlace('due', request, state)
  if (!hasChanges(report) && readNote(due) === null) return
  writeNote(due, true)
  await runCommand(command, jsonLine(value))
  writeNote(due, null)
}

/** Whether a run wrote, removed or published anything. */
function hasChanges(report: CompleteReport): boolean {
  const { created, updated, adopted, removed, clients, checksumLists } = report
  const { published, republished, withdrawn } = clients
  const ofLists = [checksumLists.created, checksumLists.updated, checksumLists.removed]
  const lists = [created, updated, adopted, removed, published, republished, withdrawn, ...ofLists]
  return lists.some((list) => list.length > 0)
}

async function runCommand(
  { command, env, cwd, write }: ChangeCommand,
  input: string,
): Promise<void> {
  const child = spawn(command, { shell: true, env: { ...env }, cwd, stdio: 'pipe' })
  // A command may end without reading all its input
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  for (const stream of [child.stdout, child.stderr]) stream.on('data', write)
  try {
    const [status] = (await once(child, 'close')) as [number | null]
    if (status === 0) return
    const how = status === null ? 'was killed' : `ended with status ${status}`
    throw new BtkitError('io', `--on-change '${command}': ${how}`)
  } catch (error) {
    throw asBtkitError(error, `--on-change '${command}'`)
  }
}
