import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The exit status of integrity-check.ts when the file is damaged. */
export const DAMAGED = 65

/** What a process dies of that runs into damage. */
const CRASHES = new Set<unknown>(['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGABRT', 'SIGILL'])

/** Windows has no signals: the statuses of crashes begin here. */
const WINDOWS_CRASH = 0xc0000000

/** What integrity-check.ts writes to standard output when it is done with a part of its work. */
export const PHASES = { opened: 'o', read: 'r' } as const

/** How long a part of the work may take, in milliseconds; reading may take more for each byte. */
const PATIENCE = 20_000
const READING_PER_BYTE = 50e-6

/**
 * Finds out, in a process of its own, whether the store in a file can be read from end to end and
 * written to. Takes a tenth of a second, and for long files as long as it takes to read them.
 * @throws Error when that can't be found out: for want of space, because the check was killed, or
 *   because it waits for a lock that another process holds
 */
export async function isSound(
  path: string,
  signal: AbortSignal,
  patience = PATIENCE,
): Promise<boolean> {
  const script = fileURLToPath(new URL('./integrity-check.js', import.meta.url))
  const { size } = statSync(path)
  const child = spawn(process.execPath, [script, path], {
    stdio: ['ignore', 'pipe', 'ignore'],
    killSignal: 'SIGKILL',
    signal,
  })
  const late = new AbortController()
  const wait = (milliseconds: number) => {
    return setTimeout(() => {
      late.abort()
      child.kill('SIGKILL')
    }, milliseconds)
  }
  let timer = wait(patience)
  child.stdout.on('data', (phase: Buffer) => {
    clearTimeout(timer)
    const isOpened = phase.toString().endsWith(PHASES.opened)
    timer = wait(patience + (isOpened ? size * READING_PER_BYTE : 0))
  })
  const end = await new Promise<unknown>((resolve) => {
    child.on('error', resolve)
    child.on('exit', (status, killedBy) => {
      resolve(status ?? killedBy)
    })
  })
  clearTimeout(timer)
  if (late.signal.aborted)
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
