import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { escapeText } from '../../text/escape.js'
import {
  describeDistrust,
  describeGroupDistrust,
  describeWayDistrust,
} from '../../text/distrust.js'

const OPTION = '--cache-dir'

/**
 * Why this user should not rely on what is in a cache's directory, nor change anything there, as
 * others could have swapped it; null when nothing speaks against it.
 * @throws Error of the system when the directory can't be looked at
 */
export function describeDirectory(directory: string): string | null {
  const user = process.geteuid?.()
  const stats = statSync(directory)
  const distrust = describeDistrust(stats, user, OPTION)
  if (distrust !== null || user !== 0) return distrust
  return describeGroupDistrust(stats, OPTION) ?? describeWay(realpathSync(directory))
}

/** The same of the directories that lead to a real path. */
function describeWay(path: string): string | null {
  const parent = dirname(path)
  if (parent === path) return null
  return describeWayDistrust(statSync(parent), escapeText(parent), OPTION) ?? describeWay(parent)
}
