import { statSync } from 'node:fs'
import { BtkitError } from '../errors.js'
import { describeDistrust } from '../text/distrust.js'

/**
 * Makes sure that nobody whom this user can't trust can change what is in a directory of the state.
 * One that is not there yet is no fault.
 * @throws BtkitError `not-permitted`; system errors as they are
 */
export function requireOwnDirectory(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false })
  const distrust = stats && describeDistrust(stats, process.geteuid?.(), '--state-dir')
  if (distrust) throw new BtkitError('not-permitted', `state ${path}: ${distrust}`)
}
