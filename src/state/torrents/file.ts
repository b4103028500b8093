import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { digestOf } from '../../digest.js'
import { osCodeOf } from '../../errors.js'
import { makeDirectory } from '../../directories.js'
import { requireOwnDirectory } from '../own-directory.js'

/** Path of the file that lists btkit's own torrents of a directory; `target` is its real path. */
export function logPath(stateDirectory: string, target: string): string {
  const digest = digestOf('sha256', target).toString('hex', 0, 16)
  return join(stateDirectory, 'torrents', `${digest}.log`)
}

/**
 * Returns a text that changes whenever the list of a directory's torrents changes, without reading
 * the list. Null if there is no list.
 * @throws BtkitError `not-permitted` if other users could replace it; system errors unchanged
 */
export function stampOfLog(stateDirectory: string, target: string): string | null {
  const path = logPath(stateDirectory, target)
  for (const directory of [stateDirectory, dirname(path)]) requireOwnDirectory(directory)
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (!stats) return null
  const { size, mtimeNs, ctimeNs, ino, dev, mode, nlink } = stats
  return [size, mtimeNs, ctimeNs, ino, dev, mode, nlink].join(' ')
}

/**
 * Replaces a file by lines. After a kill or a power failure the file is either the old one or the
 * new one. Each line must stay valid only until the next is requested.
 */
export function replaceFile(path: string, lines: Iterable<Uint8Array>): void {
  const draft = `${path}.new`
  makeDirectory(dirname(path), 0o700)
  try {
    writeSynced(draft, lines)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  syncDirectory(dirname(path))
}

function writeSynced(path: string, lines: Iterable<Uint8Array>): void {
  // A killed run may have left a draft, or somebody may have put a link there
  rmSync(path, { force: true })
  const descriptor = openSync(path, 'wx', 0o600)
  try {
    for (const chunk of inChunks(lines)) writeAll(descriptor, chunk)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Copies a damaged file to another name, and returns that name. */
export function copyAside(path: string, now: number): string {
  const aside = `${path}.damaged-${now}`
  copyFileSync(path, aside, constants.COPYFILE_EXCL)
  return aside
}

/** Writes all bytes at the descriptor's current position. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}

/** Bytes per write. A longer line is written by itself. */
const CHUNK = 64 * 1024

/**
 * Joins lines into chunks. Each chunk is valid only until the next one, because a new buffer for
 * each chunk would keep a large file in memory.
 */
function* inChunks(lines: Iterable<Uint8Array>): Generator<Uint8Array> {
  const chunk = Buffer.allocUnsafeSlow(CHUNK)
  let length = 0
  for (const line of lines) {
    if (length + line.length > CHUNK) {
      yield chunk.subarray(0, length)
      length = 0
    }
    if (line.length > CHUNK) {
      yield line
    } else {
      chunk.set(line, length)
      length += line.length
    }
  }
  yield chunk.subarray(0, length)
}

/** Ignores system errors: some systems and file systems cannot sync a directory. */
function syncDirectory(path: string): void {
  try {
    const descriptor = openSync(path, 'r')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    if (osCodeOf(error) === undefined) throw error
  }
}
