import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The exit status of integrity-check.ts when the file is damaged. */
export const DAMAGED = 65

/** What a process dies of that runs into damage. */
const CRASHES = new Set<unknown>(['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGABRT', 'SIGILL'])

/** Windows has no signals: the statuses of crashes begin here. */
const WINDOWS_CRASH = 0xc0000000

/** How long a check may take, in milliseconds: all, and each byte of the file. */
const PATIENCE = 20_000
const PATIENCE_PER_BYTE = 100e-6

/**
 * Finds out, in a process of its own, whether the store in a file can be read from end to end and
 * written to. Takes a tenth of a second, and for long files as long as it takes to read them.
 * @throws Error when that can't be found out: for want of space, because the check was killed, or
 *   because it waits for a lock that another process holds
 */
export async function isSound(
  path: string,
  signal: AbortSignal,
  timeout = PATIENCE + Math.ceil(statSync(path).size * PATIENCE_PER_BYTE),
): Promise<boolean> {
  const script = fileURLToPath(new URL('./integrity-check.js', import.meta.url))
  const child = spawn(process.execPath, [script, path], {
    stdio: 'ignore',
    killSignal: 'SIGKILL',
    signal,
    timeout,
  })
  const end = await new Promise<unknown>((resolve) => {
    child.on('error', resolve)
    child.on('exit', (status, killedBy) => {
      resolve(status ?? killedBy)
    })
  })
  if (child.killed && !signal.aborted)
    throw new Error("its check did not end; another process may hold the cache's lock")
  return isSoundAt(end)
}

/**
 * What the end of a check says: its exit status, the signal that killed it, or why it never began.
 * @throws Error when it says nothing of the file
 */
export function isSoundAt(end: unknown): boolean {
  if (end === 0) return true
  if (end === DAMAGED || CRASHES.has(end) || Number(end) >= WINDOWS_CRASH) return false
  const reason = end instanceof Error ? end.message : `it ended with ${String(end)}`
  throw new Error(`it could not be checked: ${reason}`)
}
