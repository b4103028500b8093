import type { FileColumns } from '../file-lists/columns.js'
import type { BigIntStats } from 'node:fs'
import type { BtkitError } from '../../base/errors.js'

/** The permission bit for execution by the owner. */
const OWNER_EXECUTES = 0o100n

/**
 * Handling of symbolic links below the root. `inside`: follow links that stay inside. `follow`:
 * follow all. `skip`: leave all out. `store`: store links that stay inside as links (BEP 47).
 */
export type LinkPolicy = 'inside' | 'follow' | 'skip' | 'store'

/** Selects entries of a tree. `include` and `exclude` are globs; see glob.ts. */
export interface ScanOptions {
  /** Also include hidden entries, files that operating systems create, and unfinished downloads. */
  all: boolean
  /** Leave `core` and `CVS` out as well, as BitTornado did. */
  isLegacy?: boolean
  /** If not empty, a file must match one of these, or be below a directory that does. */
  include: string[]
  /** Matching entries are left out, a directory with everything below it; overrides `include`. */
  exclude: string[]
  links: LinkPolicy
  /** Record which files are executable and which are hidden (BEP 47). */
  attributes?: boolean
  /**
   * Include only these paths and everything below them, in this order. They are absolute or
   * relative to the root. Their own names are accepted whatever they are.
   */
  chosen?: readonly string[] | undefined
  /**
   * Receives the problem of each entry below the root that cannot be looked at; the scan goes on
   * (default: the first one ends it). For a search: a torrent must not lack an entry.
   */
  onProblem?: ((problem: BtkitError) => void) | undefined
  /** Ends the scan. With it, other work of the thread has its turns. */
  signal?: AbortSignal | undefined
}

/** The reason for leaving an entry out. */
export type ScanSkipReason =
  | 'hidden'
  | 'system'
  | 'temporary file'
  | 'excluded'
  | 'not included'
  | 'link'
  | 'link leads outside'
  | 'link loop'
  | 'broken link'
  | 'link to a skipped entry'
  | 'not a regular file'

/** An entry that was left out; a directory represents everything below it. */
export interface SkippedEntry {
  /** Relative to the root, joined by '/' on every platform. */
  path: string
  reason: ScanSkipReason
}

/** The result of scanning a root. */
export interface ScannedTree {
  /** The root as given by the caller. */
  root: string
  isDirectory: boolean
  /** Sorted by component, by UTF-8 bytes; chosen paths are in the given order. */
  files: FileColumns
  /** In the same order, except that links to entries left out are at the end. */
  skipped: SkippedEntry[]
}

/**
 * Returns the attribute letters of BEP 47 for a regular file: `h` for a hidden name, `x` if the
 * owner may execute it.
 */
export function attributesOf(name: string, { mode }: BigIntStats): string {
  return (name.startsWith('.') ? 'h' : '') + ((mode & OWNER_EXECUTES) === 0n ? '' : 'x')
}
