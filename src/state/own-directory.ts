import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { BtkitError, osCodeOf } from '../errors.js'
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

/**
 * Makes a directory of the state for this user alone, and those above it, where they are missing.
 * One after the other: Node's own way never ends below /proc.
 * @throws system errors as they are
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const code = osCodeOf(error)
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    makeDirectory(dirname(path))
    mkdirSync(path, { mode: 0o700 })
  }
}
