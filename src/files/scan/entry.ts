import { lstatSync, type BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { asBtkitError } from '../../errors.js'
import { fingerprintOf, type Fingerprint } from '../fingerprint.js'
import { followLink, type LinkRules } from './link-policy.js'
import { isSuspect, readNames, refuseMangledName } from './read-names.js'
import type { SkipReason } from './scanned-tree.js'
import { skipReasonOf } from './skip-rules.js'

/** What a name in a directory stands for, links followed. */
export type Entry =
  | { readonly kind: 'file'; readonly absolutePath: string; readonly fingerprint: Fingerprint }
  | { readonly kind: 'directory'; readonly absolutePath: string }
  | { readonly kind: 'skipped'; readonly reason: SkipReason }

/**
 * Lists all names in a directory, sorted by bytes.
 * @throws BtkitError `not-found`, `not-permitted` or `io`
 */
export function listNames(directory: string): string[] {
  try {
    return readNames(directory)
  } catch (error) {
    throw asBtkitError(error, directory)
  }
}

/** Those names that a person means to publish; `all` is that of ScanOptions. */
export function publishedNames(names: readonly string[], all: boolean): string[] {
  return names.filter((name) => skipReasonOf(name, all) === undefined)
}

/** Whether there is nothing but hidden names. */
export function holdsNothing(names: readonly string[]): boolean {
  return names.every((name) => name.startsWith('.'))
}

/**
 * Looks at one name of the directory `rules.realRoot`.
 * @throws BtkitError `bad-name` for one that is not UTF-8, else as the system refuses
 */
export function openEntry(name: string, rules: LinkRules): Entry {
  const path = join(rules.realRoot, name)
  try {
    if (isSuspect(name)) refuseMangledName(rules.realRoot, name, `${rules.realRoot}/`)
    const stats = lstatSync(path, { bigint: true })
    if (!stats.isSymbolicLink()) return describe({ path, stats })
    const target = followLink(path, rules)
    return typeof target === 'string' ? { kind: 'skipped', reason: target } : describe(target)
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

function describe({ path, stats }: { path: string; stats: BigIntStats }): Entry {
  if (stats.isFile()) return { kind: 'file', absolutePath: path, fingerprint: fingerprintOf(stats) }
  if (stats.isDirectory()) return { kind: 'directory', absolutePath: path }
  return { kind: 'skipped', reason: 'not a regular file' }
}
