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
import { makeDirectory, requireOwnDirectory } from '../own-directory.js'

/** The file that tells which torrents of a directory, named by its real path, are btkit's. */
export function logPath(stateDirectory: string, target: string): string {
  const digest = digestOf('sha256', target).toString('hex', 0, 16)
  return join(stateDirectory, 'torrents', `${digest}.log`)
}

/**
 * A text that changes whenever the log of a directory's torrents does, without reading it; null if
 * there is no log.
 * @throws BtkitError `not-permitted` where others could swap it; system errors as they are
 */
export function stampOfLog(stateDirectory: string, target: string): string | null {
  const path = logPath(stateDirectory, target)
  for (const directory of [stateDirectory, dirname(path)]) requireOwnDirectory(directory)
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (!stats) return null
  const { size, mtimeNs, ctimeNs, ino, dev, mode, nlink } = stats
  return [size, mtimeNs, ctimeNs, ino, dev, mode, nlink].join(' ')
}

/** Replaces a file by lines, each of which may last until the next, so that a kill or a power cut leaves the old one or the new one. */
export function replaceFile(path: string, lines: Iterable<Uint8Array>): void {
  const draft = `${path}.new`
  makeDirectory(dirname(path))
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
  // What a killed run left, or a link that somebody put there
  rmSync(path, { force: true })
  const descriptor = openSync(path, 'wx', 0o600)
  try {
    for (const chunk of inChunks(lines)) writeAll(descriptor, chunk)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Keeps what a damaged file holds under another name, and returns that. */
export function copyAside(path: string, now: number): string {
  const aside = `${path}.damaged-${now}`
  copyFileSync(path, aside, constants.COPYFILE_EXCL)
  return aside
}

/** Writes all of some bytes where the descriptor stands. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}

/** Bytes that are written at once; a longer line is by itself. */
const CHUNK = 64 * 1024

/** Chunks that last until the next: of a long file, new ones would all be there at its end. */
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

/** Some systems and file systems can't, and then it is as safe as they are. */
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
