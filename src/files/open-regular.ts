import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { BtkitError, osCodeOf } from '../errors.js'

/** Does not wait for whoever writes to a pipe. Windows knows no such flag. */
const READ = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0)

/**
 * Opens a regular file for reading, links followed, or a device that is empty, as /dev/null is. Never
 * waits for a pipe. Throws the system's errors as they are.
 * @throws BtkitError `io` for a pipe and the like
 */
export function openRegular(path: string): number {
  const descriptor = open(path)
  const stats = fstatSync(descriptor)
  // The system refuses to read a directory, and says why
  if (stats.isFile() || stats.isDirectory() || isEmptyDevice(descriptor, stats)) return descriptor
  closeSync(descriptor)
  throw notRegular(path)
}

function open(path: string): number {
  try {
    return openSync(path, READ)
  } catch (error) {
    // So the system says of a socket
    throw osCodeOf(error) === 'ENXIO' ? notRegular(path, error) : error
  }
}

function isEmptyDevice(descriptor: number, stats: Stats): boolean {
  if (!stats.isCharacterDevice()) return false
  try {
    return readSync(descriptor, Buffer.alloc(1)) === 0
  } catch {
    return false
  }
}

function notRegular(path: string, cause?: unknown): BtkitError {
  return new BtkitError('io', `${path}: not a regular file`, { cause })
}
