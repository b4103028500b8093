import { realpathSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  describeDistrust,
  describeGroupDistrust,
  describeWayDistrust,
} from '../../base/text/distrust.js'
import { refuseLinkOfOthers } from './target.js'

/**
 * Explains why this user should neither rely on a directory of the cache or of the state nor change
 * it: other users could have made its files. Returns null if it can be trusted, or may be made
 * where it is missing. `option` names another directory.
 * @throws BtkitError `not-permitted` for a link of another user; Error of the system if the
 *   directory cannot be examined
 */
export function describeDirectory(directory: string, option: string): string | null {
  refuseLinkOfOthers(directory)
  const user = process.geteuid?.()
  const stats = statSync(directory, { throwIfNoEntry: false })
  if (!stats) return user === 0 ? describeWay(resolve(directory), option) : null
  const distrust = describeDistrust(stats, user, option)
  if (distrust !== null || user !== 0) return distrust
  return describeGroupDistrust(stats, option) ?? describeWay(realpathSync(directory), option)
}

/** Explains the same for the directories above a path, which is a real one if it exists. */
function describeWay(path: string, option: string): string | null {
  const parent = dirname(path)
  if (parent === path) return null
  const stats = statSync(parent, { throwIfNoEntry: false })
  return (stats && describeWayDistrust(stats, parent, option)) ?? describeWay(parent, option)
}
