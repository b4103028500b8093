import { existsSync, fstatSync, ftruncateSync, statfsSync, writeSync } from 'node:fs'

/** Minimum free space on the cache's disk, in bytes. The cache never goes below it. */
const MIN_FREE = 4 * 1024 * 1024

/**
 * Makes sure that the disk has space for `bytes` more bytes of the cache.
 * @throws Error ENOSPC if it has not
 */
export function requireFreeSpace(directory: string, bytes = 0): void {
  const { blocks, bavail, bsize } = statfsSync(directory)
  // Some file systems report no sizes
  if (blocks === 0 || bavail * bsize >= MIN_FREE + bytes) return
  throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
}

/** Extra length that is reserved at a time: an eighth of the file, within these limits in bytes. */
const MIN_STEP = 256 * 1024
const MAX_STEP = 8 * 1024 * 1024

const ZEROS = Buffer.alloc(MIN_STEP)

/**
 * Lengthens an open file with zeros to at least `length` bytes, so that all its disk blocks are
 * allocated. No other process may write to the file meanwhile.
 * @throws Error if there is no space; the file then keeps its length
 */
export function reserveLength(file: number, length: number, directory: string): void {
  const { size } = fstatSync(file)
  if (size >= length) return
  const step = Math.min(Math.max(length / 8, MIN_STEP), MAX_STEP)
  const target = length + Math.ceil(step)
  // A file whose directory was removed stays in use without this check
  if (existsSync(directory)) requireFreeSpace(directory, target - size)
  try {
    for (let at = size; at < target;)
      at += writeSync(file, ZEROS, 0, Math.min(ZEROS.length, target - at), at)
  } catch (error) {
    ftruncateSync(file, size)
    throw error
  }
}
