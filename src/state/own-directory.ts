import { statSync } from 'node:fs'
import { BtkitError } from '../errors.js'
import { describeDistrust } from '../text/distrust.js'

/**
 * Makes sure that no untrusted user can change the content of a state directory. A missing
 * directory is accepted.
 * @throws BtkitError `not-permitted`; system errors unchanged
 */
export function requireOwnDirectory(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false })
  const distrust = stats && describeDistrust(stats, process.geteuid?.(), '--state-dir')
  if (distrust) throw new BtkitError('not-permitted', `state ${path}: ${distrust}`)
}
