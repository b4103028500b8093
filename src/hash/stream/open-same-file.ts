import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { BtkitError } from '../../errors.js'

/**
 * The flags to open a file with that was looked at before: a symbolic link that took its place is
 * refused, and a pipe is not waited for. Windows has neither flag.
 */
export const GUARDED_READ =
  constants.O_RDONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0)

/**
 * Opens a real path for reading, if it still leads to the file of that device and inode.
 * @throws BtkitError `changed`, and the system's errors as they are
 */
export function openSameFile(path: string, identity: BigUint64Array): number {
  const descriptor = open(path)
  const stats = fstatSync(descriptor, { bigint: true })
  const [device, inode] = BigUint64Array.of(stats.dev, stats.ino)
  const isSame = device === identity[0] && inode === identity[1]
  // A pipe may have got the number of the file that it took the place of
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

/** FreeBSD says EMLINK where others say ELOOP. */
function isLinkRefusal(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ELOOP' || code === 'EMLINK'
}

/** What is thrown of a file that ends before its length. */
export function becameShorter(path: string): BtkitError {
  return new BtkitError('changed', `${path}: became shorter while it was read`)
}

/** What is thrown of a path that leads to another file by now. */
export function wasReplaced(path: string, cause?: unknown): BtkitError {
  return new BtkitError('changed', `${path}: was replaced while it was read`, { cause })
}
