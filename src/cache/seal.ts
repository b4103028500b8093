import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The exit status of probe.ts when the system, and not the file, is to blame. */
export const UNAVAILABLE = 3

/**
 * LMDB trusts its file: a damaged one ends the process. So whoever closes the cache seals it, which
 * is to note what its file then looked like. A file that is not as it was sealed (a process was
 * killed, another has it open, or something else wrote to it) is tried in a process of its own.
 */
export function sealFile(path: string): void {
  try {
    writeFileSync(sealPath(path), describeFile(path))
  } catch {
    // It costs the next process a tenth of a second, and is no reason for this one to fail
  }
}

/** Has the file tried by whoever opens it next. */
export function breakSeal(path: string): void {
  rmSync(sealPath(path), { force: true })
}

export function isSealed(path: string): boolean {
  try {
    return readFileSync(sealPath(path), 'utf8') === describeFile(path)
  } catch {
    return false
  }
}

/** The time that a probe may take, in milliseconds and for each byte: LMDB may wait for ever. */
const PATIENCE = 10_000
const PATIENCE_PER_BYTE = 0.001

/**
 * Whether the store in a file can be read from end to end, and written to. Takes a tenth of a
 * second or more.
 * @throws Error when that can't be found out, such as for want of space
 */
export function isReadable(path: string): boolean {
  const script = fileURLToPath(new URL('./probe.js', import.meta.url))
  const timeout = PATIENCE + Math.ceil(statSync(path).size * PATIENCE_PER_BYTE)
  const { status } = spawnSync(process.execPath, [script, path], {
    stdio: 'ignore',
    timeout,
    killSignal: 'SIGKILL',
  })
  if (status === UNAVAILABLE) throw new Error("can't be opened")
  return status === 0
}

function sealPath(path: string): string {
  return `${path}-seal`
}

function describeFile(path: string): string {
  const { size, mtimeNs, ino, dev } = statSync(path, { bigint: true })
  return [size, mtimeNs, ino, dev].join(' ')
}
