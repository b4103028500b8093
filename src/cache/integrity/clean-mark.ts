import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'

/**
 * LMDB trusts its file: a damaged one can end the process. So the last process that closes the cache
 * leaves a mark, which says what the file then looked like; who opens the cache takes it away. A
 * file without its mark (a process was killed, or crashed on it) or unlike its mark (something else
 * wrote to it) is checked in a process of its own before it is used.
 */
export function markClosed(path: string): void {
  try {
    rmSync(markPath(path), { force: true })
    // What was put there since is not written to: it may be a pipe, which would wait for a reader
    writeFileSync(markPath(path), describeFile(path), { flag: 'wx' })
  } catch {
    // It costs the next process a check, and is no reason for this one to fail
  }
}

/**
 * Takes away the mark of a file, so that the file is checked next time unless it is marked again.
 * Returns whether there was one that the file is like.
 */
export function takeMark(path: string): boolean {
  try {
    const mark = readMark(markPath(path))
    rmSync(markPath(path))
    return mark === describeFile(path)
  } catch {
    return false
  }
}

/** Bytes of a mark that are read; it has fewer. */
const MAX_MARK = 1024

/** Does not wait for whoever writes to a pipe. Windows knows no such flag. */
const READ = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0)

/** What a mark says; nothing when it is no regular file. */
function readMark(path: string): string {
  const file = openSync(path, READ)
  try {
    if (!fstatSync(file).isFile()) return ''
    const bytes = Buffer.alloc(MAX_MARK)
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, MAX_MARK, 0))
  } finally {
    closeSync(file)
  }
}

/** The path of the mark that stands beside a cache's file. */
export function markPath(path: string): string {
  return `${path}-closed`
}

/** Up to this length a file is read in full; of a longer one the beginning and samples are. */
const READ_IN_FULL = 2 * 1024 * 1024
const HEAD = 8192
const SAMPLES = 64
const SAMPLE = 4096

/** What tells that a file did not change: its size, time, inode and device, and some content. */
function describeFile(path: string): string {
  const file = openSync(path, 'r')
  try {
    const { size, mtimeNs, ino, dev } = fstatSync(file, { bigint: true })
    return [size, mtimeNs, ino, dev, digestOf(file, Number(size))].join(' ')
  } finally {
    closeSync(file)
  }
}

/** LMDB's two header pages are at the beginning, and name the root of all others. */
function digestOf(file: number, size: number): string {
  const hash = createHash('sha1')
  const buffer = Buffer.alloc(size <= READ_IN_FULL ? size : HEAD)
  hash.update(buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0)))
  if (size > READ_IN_FULL) {
    const distance = (size - HEAD) / SAMPLES
    for (let i = 0; i < SAMPLES; i++) {
      const length = readSync(file, buffer, 0, SAMPLE, HEAD + Math.floor(i * distance))
      hash.update(buffer.subarray(0, length))
    }
  }
  return hash.digest('hex')
}
