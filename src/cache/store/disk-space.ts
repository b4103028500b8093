import { existsSync, fstatSync, ftruncateSync, statfsSync, writeSync } from 'node:fs'

/** What must be free on the disk of the cache, in bytes, after anything that it takes. */
const MIN_FREE = 4 * 1024 * 1024

/**
 * Makes sure that the disk has space for some more bytes of the cache.
 * @throws Error ENOSPC when it has not
 */
export function requireFreeSpace(directory: string, bytes = 0): void {
  const { blocks, bavail, bsize } = statfsSync(directory)
  // Some file systems can't tell
  if (blocks === 0 || bavail * bsize >= MIN_FREE + bytes) return
  throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
}

/** How much more than needed is obtained at a time: an eighth of the file, within these bytes. */
const MIN_STEP = 256 * 1024
const MAX_STEP = 8 * 1024 * 1024

const ZEROS = Buffer.alloc(MIN_STEP)

/**
 * Lengthens an open file to at least `length` bytes with zeros, so that it has blocks of the disk
 * for all of them. No other process may write to the file meanwhile.
 * @throws Error when there is no space; the file is as long as it was then
 */
export function reserveLength(file: number, length: number, directory: string): void {
  const { size } = fstatSync(file)
  if (size >= length) return
  const step = Math.min(Math.max(length / 8, MIN_STEP), MAX_STEP)
  const target = length + Math.ceil(step)
  // A file that was removed with its directory is used to the end nevertheless
  if (existsSync(directory)) requireFreeSpace(directory, target - size)
  try {
    for (let at = size; at < target;)
      at += writeSync(file, ZEROS, 0, Math.min(ZEROS.length, target - at), at)
  } catch (error) {
    ftruncateSync(file, size)
    throw error
  }
}
