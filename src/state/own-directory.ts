import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { BtkitError, osCodeOf } from '../errors.js'
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

/**
 * Creates a state directory for only this user, and its missing parents. Creates one level at a
 * time, because Node's own `recursive` never returns below /proc.
 * @throws system errors unchanged
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
