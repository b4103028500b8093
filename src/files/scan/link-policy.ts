import { realpathSync, statSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { osCodeOf } from '../../errors.js'
import { isWithin } from '../inside.js'
import { isSuspect } from './read-names.js'
import type { LinkPolicy, SkipReason } from './scanned-tree.js'

/** What a name stands for, links followed. */
export interface Target {
  /** what to open: the real path */
  path: string
  stats: BigIntStats
}

/** Which links to follow, and the real path of the root that they may have to stay in. */
export interface LinkRules {
  policy: LinkPolicy
  realRoot: string
}

/** Where a symbolic link leads, or why not to go there. Throws other system errors as they are. */
export function followLink(link: string, rules: LinkRules): Target | SkipReason {
  if (rules.policy === 'skip') return 'link'
  try {
    const real = realpathSync.native(link)
    if (rules.policy === 'inside' && !isWithin(real, rules.realRoot)) return 'link leads outside'
    return resolveTo(real, link)
  } catch (error) {
    return reasonOf(error, rules.policy)
  }
}

/** What `named` stands for, whose real path is `real`: one that Node mangled can't be opened. */
export function resolveTo(real: string, named: string): Target {
  const path = isSuspect(real) ? named : real
  return { path, stats: statSync(path, { bigint: true }) }
}

function reasonOf(error: unknown, policy: LinkPolicy): SkipReason {
  const code = osCodeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'broken link'
  if (code === 'ELOOP') return 'link loop'
  // What can't be read inside the tree has been an error before this, so this lies outside
  if (code === 'EACCES' && policy === 'inside') return 'link leads outside'
  throw error
}
