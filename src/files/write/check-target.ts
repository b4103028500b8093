import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { statIfThere } from '../stat-files.js'
import type { WriteOptions } from './atomically.js'
import { followLinks } from './target.js'

/**
 * Checks, before hours of hashing, that a file can be written at the end.
 * @throws BtkitError `exists`, `not-found`, `not-permitted` or `io`, and errors of
 *   `checkReplaceable` and followLinks
 */
export function checkTarget(
  target: string,
  options: Pick<WriteOptions, 'noClobber' | 'checkReplaceable'>,
): void {
  const existing = statIfThere(target)
  if (existing?.isDirectory()) throw new BtkitError('io', `${target}: is a directory`)
  if (existing && options.noClobber) throw new BtkitError('exists', `${target}: already exists`)
  if (existing?.isFile()) {
    followLinks(target)
    options.checkReplaceable?.(target)
  }
  // A device or a pipe is written to directly
  const written = existing && !existing.isFile() ? target : dirname(target)
  if (!existing && statIfThere(written)?.isDirectory() === false) {
    throw new BtkitError('io', `${written}: not a directory`)
  }
  try {
    accessSync(written, constants.W_OK)
  } catch (error) {
    const isMissing = osCodeOf(error) === 'ENOENT'
    throw asBtkitError(error, isMissing ? written : `${written}: cannot be written to`)
  }
}
