import type { Fingerprint } from '../fingerprint.js'
import type { BigIntStats } from 'node:fs'

/** The bit by which a file's owner may run it. */
const OWNER_EXECUTES = 0o100n

/**
 * Which symbolic links below the root are followed: those that stay inside it, all, or none; or
 * whether those that stay inside it are entries of their own (BEP 47).
 */
export type LinkPolicy = 'inside' | 'follow' | 'skip' | 'store'

/** What to take from a tree. `include` and `exclude` are globs; name-filter.ts says what they match. */
export interface ScanOptions {
  /** take hidden entries, `core`, `CVS` and what operating systems leave behind as well */
  all: boolean
  /** when any is given, a file must match one of them or lie below a directory that does */
  include: string[]
  /** what matches is left out, a directory with all below it; wins over `include` */
  exclude: string[]
  links: LinkPolicy
  /** note what is executable and what is hidden (BEP 47) */
  attributes?: boolean
  /**
   * take no more than these paths, with all below them, in their order: relative to the root, or
   * absolute; their own names are taken whatever they are
   */
  chosen?: readonly string[] | undefined
}

/** Why an entry was left out. */
export type SkipReason =
  | 'hidden'
  | 'system'
  | 'temporary file'
  | 'excluded'
  | 'not included'
  | 'link'
  | 'link leads outside'
  | 'link loop'
  | 'broken link'
  | 'link to what is left out'
  | 'not a regular file'

/** A regular file of the tree. */
export interface ScannedFile {
  /** components below the root; the name alone for a root that is a file */
  path: string[]
  /** what to open: the real path, all links resolved, so that it can name the file in a cache */
  absolutePath: string
  fingerprint: Fingerprint
  /** letters of BEP 47, when they are asked for: `x` executable, `h` hidden, `l` symbolic link */
  attributes?: string
  /** of a link that is stored as one: the components below the root of what it leads to */
  symlinkPath?: readonly string[]
}

/** An entry left out; a directory stands for all below it. */
export interface SkippedEntry {
  /** relative to the root, joined by '/' on every platform */
  path: string
  reason: SkipReason
}

/** What lies at and below a root. */
export interface ScannedTree {
  /** as it was given */
  root: string
  isDirectory: boolean
  /** sorted component by component, by the bytes of the names in UTF-8; or as they were chosen */
  files: ScannedFile[]
  /** in the same order, but for links to what is left out, which are at the end */
  skipped: SkippedEntry[]
}

/**
 * The letters of BEP 47 for a regular file: `h` for one that is hidden by its name, `x` for one that
 * its owner may run.
 */
export function attributesOf(name: string, { mode }: BigIntStats): string {
  return (name.startsWith('.') ? 'h' : '') + ((mode & OWNER_EXECUTES) === 0n ? '' : 'x')
}
