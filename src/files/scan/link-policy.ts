import { realpathSync, statSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { osCodeOf } from '../../errors.js'
import { isWithin } from '../inside.js'
import { isSuspect } from './read-names.js'
import type { LinkPolicy, SkipReason } from './scanned-tree.js'
import { targetBelow } from './stored-links.js'

/** What a name stands for, links followed. */
export interface Target {
  /** what to open: the real path */
  path: string
  stats: BigIntStats
}

/** What a link that is not followed leads to, by its components below the root. */
export interface StoredTarget extends Target {
  symlinkPath: string[]
}

/** Which links to follow, and the real path of the root that they may have to stay in. */
export interface LinkRules {
  policy: LinkPolicy
  realRoot: string
}

/** Where a symbolic link leads, or why not to go there. Throws other system errors as they are. */
export function followLink(link: Target, rules: LinkRules): Target | StoredTarget | SkipReason {
  if (rules.policy === 'skip') return 'link'
  try {
    if (rules.policy === 'store') return storeLink(link, rules)
    return followInside(link.path, rules)
  } catch (error) {
    return reasonOf(error, rules.policy)
  }
}

function storeLink(link: Target, { realRoot }: LinkRules): StoredTarget | SkipReason {
  const symlinkPath = targetBelow(link.path, realRoot)
  return typeof symlinkPath === 'string' ? symlinkPath : { ...link, symlinkPath }
}

function followInside(link: string, rules: LinkRules): Target | SkipReason {
  const real = realpathSync.native(link)
  if (rules.policy === 'inside' && !isWithin(real, rules.realRoot)) return 'link leads outside'
  return resolveTo(real, link)
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
  if (code === 'EACCES' && policy !== 'follow') return 'link leads outside'
  throw error
}
