import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The exit status of integrity-check.ts for a damaged file. */
export const DAMAGED = 65

/** Signals that can end a process that reads a damaged file. */
const CRASHES = new Set<unknown>(['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGABRT', 'SIGILL'])

/** Windows has no signals; exit statuses of crashes begin here. */
const WINDOWS_CRASH = 0xc0000000

/** The time limit of a check in milliseconds: a base, and an addition for each byte of the file. */
const PATIENCE = 20_000
const PATIENCE_PER_BYTE = 100e-6

/**
 * Checks in a separate process whether the store in a file can be read completely and written to.
 * Takes a tenth of a second, or for long files as long as reading them.
 * @throws Error if the check fails for another reason: no disk space, a killed check, or a lock
 *   that another process holds
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
    throw new Error("its check did not end; end the process that holds the cache's lock")
  return isSoundAt(end)
}

/**
 * Interprets the end of a check: an exit status, the signal that killed it, or why it did not
 * start.
 * @throws Error if the end says nothing about the file
 */
export function isSoundAt(end: unknown): boolean {
  if (end === 0) return true
  if (end === DAMAGED || CRASHES.has(end) || Number(end) >= WINDOWS_CRASH) return false
  const reason = end instanceof Error ? end.message : `it ended with ${String(end)}`
  throw new Error(`it could not be checked: ${reason}`)
}
