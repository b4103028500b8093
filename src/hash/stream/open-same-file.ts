import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { BtkitError } from '../../errors.js'

/**
 * Flags to open a file that was examined before: refuse a symbolic link that took its place, and do
 * not wait for a pipe. Windows has neither flag.
 */
export const GUARDED_READ =
  constants.O_RDONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0)

/**
 * Opens a real path for reading if it still leads to the file with this device and inode.
 * @throws BtkitError `changed`; system errors unchanged
 */
export function openSameFile(path: string, identity: BigUint64Array): number {
  const descriptor = open(path)
  const stats = fstatSync(descriptor, { bigint: true })
  const [device, inode] = BigUint64Array.of(stats.dev, stats.ino)
  const isSame = device === identity[0] && inode === identity[1]
  // A pipe may have got the inode number of the file that it replaced
  if (isSame && stats.isFile()) return descriptor
  closeSync(descriptor)
  throw wasReplaced(path)
}

function open(path: string): number {
  try {
    return openSync(path, GUARDED_READ)
  } catch (error) {
    throw isLinkRefusal(error) ? wasReplaced(path, error) : error
  }
}

/** FreeBSD reports EMLINK, other systems ELOOP. */
function isLinkRefusal(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ELOOP' || code === 'EMLINK'
}

/** The error for a file that ends before its expected length. */
export function becameShorter(path: string): BtkitError {
  return new BtkitError('changed', `${path}: became shorter while it was read`)
}

/** The error for a path that leads to another file now. */
export function wasReplaced(path: string, cause?: unknown): BtkitError {
  return new BtkitError('changed', `${path}: was replaced while it was read`, { cause })
}
