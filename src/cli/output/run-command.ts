import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { BtkitError, asBtkitError } from '../../errors.js'
import type { Io } from '../io.js'

/**
 * Runs a command of a person's through the shell, with `input` as its standard input. What it prints
 * goes to standard error, as standard output has data.
 * @throws BtkitError `io` when it fails, `interrupted`
 */
export async function runCommand(command: string, input: string, io: Io): Promise<void> {
  const { env, cwd, signal, stderr } = io
  const child = spawn(command, { shell: true, env: { ...env }, cwd, signal, stdio: 'pipe' })
  // One that does not read its input to the end is no fault
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Uint8Array) => stderr.write(chunk))
  }
  try {
    const [status] = (await once(child, 'close')) as [number | null]
    if (status === 0) return
    const how = status === null ? 'was killed' : `ended with status ${status}`
    throw new BtkitError('io', `--on-change '${command}': ${how}`)
  } catch (error) {
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    throw asBtkitError(error, `--on-change '${command}'`)
  }
}
