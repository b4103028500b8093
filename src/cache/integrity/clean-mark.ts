import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The exit status of integrity-check.ts when the system, and not the file, is to blame. */
export const UNAVAILABLE = 3

/**
 * LMDB trusts its file: a damaged one ends the process. So whoever closes the cache leaves a mark
 * that says what its file then looked like. A file that does not match its mark (a process was
 * killed, another has it open, or something else wrote to it) is tried in a process of its own.
 */
export function markClosed(path: string): void {
  try {
    writeFileSync(markPath(path), describeFile(path))
  } catch {
    // It costs the next process a tenth of a second, and is no reason for this one to fail
  }
}

/** Has the file tried by whoever opens it next. */
export function clearMark(path: string): void {
  rmSync(markPath(path), { force: true })
}

export function isMarkedClosed(path: string): boolean {
  try {
    return readFileSync(markPath(path), 'utf8') === describeFile(path)
  } catch {
    return false
  }
}

/** How long a check may take, in milliseconds and for each byte: LMDB may wait for ever. */
const CHECK_TIMEOUT = 10_000
const CHECK_TIMEOUT_PER_BYTE = 0.001

/**
 * Whether the store in a file can be read from end to end, and written to. Takes a tenth of a
 * second or more.
 * @throws Error when that can't be found out, such as for want of space
 */
export function passesCheck(path: string): boolean {
  const script = fileURLToPath(new URL('./integrity-check.js', import.meta.url))
  const timeout = CHECK_TIMEOUT + Math.ceil(statSync(path).size * CHECK_TIMEOUT_PER_BYTE)
  const { status } = spawnSync(process.execPath, [script, path], {
    stdio: 'ignore',
    timeout,
    killSignal: 'SIGKILL',
  })
  if (status === UNAVAILABLE) throw new Error("can't be opened")
  return status === 0
}

function markPath(path: string): string {
  return `${path}-closed`
}

function describeFile(path: string): string {
  const { size, mtimeNs, ino, dev } = statSync(path, { bigint: true })
  return [size, mtimeNs, ino, dev].join(' ')
}
