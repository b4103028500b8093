import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { BtkitError, osCodeOf } from '../../errors.js'

/**
 * Open flags: do not follow a link, and do not wait for the other end of a pipe. Windows has
 * neither flag.
 */
const GUARD =
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0)

const READ = constants.O_RDONLY | GUARD
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | GUARD

/**
 * Returns the bytes of a regular file of at most `limit` bytes, or null if it does not exist.
 * @throws BtkitError `io` or `too-large`; system errors unchanged
 */
export function readIfThere(path: string, limit: number): Buffer | null {
  try {
    return readRegular(path, limit)
  } catch (error) {
    if (osCodeOf(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * Opens a regular file for reading and appending. Creates it if it does not exist.
 * @throws BtkitError `io` if it is not a regular file; system errors unchanged
 */
export function openForAppending(path: string): number {
  return openRegular(path, APPEND)
}

function openRegular(path: string, flags: number): number {
  const descriptor = openOrExplain(path, flags)
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw notRegular(path)
    if (stats.nlink > 1) {
      throw new BtkitError('io', `state ${path}: has other names (hard links); remove those`)
    }
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/**
 * Codes of systems that refuse to open a link (ELOOP, EMLINK) or to write to a directory (EISDIR).
 */
const SAID_OF_OTHERS = ['ELOOP', 'EMLINK', 'EISDIR']

function openOrExplain(path: string, flags: number): number {
  try {
    return openSync(path, flags, 0o600)
  } catch (error) {
    if (SAID_OF_OTHERS.includes(osCodeOf(error) ?? '')) throw notRegular(path)
    throw error
  }
}

function notRegular(path: string): BtkitError {
  return new BtkitError('io', `state ${path}: not a regular file; remove it`)
}

function readRegular(path: string, limit: number): Buffer {
  const descriptor = openRegular(path, READ)
  try {
    const { size } = fstatSync(descriptor)
    if (size > limit) {
      throw new BtkitError('too-large', `state ${path}: larger than the limit of ${limit} bytes`)
    }
    const bytes = Buffer.allocUnsafeSlow(size)
    let end = 0
    for (let read = -1; read !== 0 && end < size; end += read) {
      read = readSync(descriptor, bytes, end, size - end, end)
    }
    return bytes.subarray(0, end)
  } finally {
    closeSync(descriptor)
  }
}
