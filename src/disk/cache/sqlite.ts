import { createRequire } from 'node:module'
import type { DatabaseSync } from '@photostructure/sqlite'
import { describeOsError } from '../../base/errors.js'
import { requireOwn } from '../../base/native-addon.js'

/** The used part of a database. */
export interface Database {
  readonly isTransaction: boolean
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

/** The used part of a prepared statement. */
export interface Statement {
  get(...values: readonly unknown[]): unknown
  all(...values: readonly unknown[]): unknown[]
  run(...values: readonly unknown[]): unknown
}

interface Library {
  readonly DatabaseSync: typeof DatabaseSync
}

let library: Library | undefined

/**
 * Opens a database. No call on it waits for other processes.
 * @throws Error if the library does not run here; Error of SQLite or the system
 */
export function openDatabase(path: string | URL, isReadOnly = false): Database {
  library ??= loadLibrary()
  return new library.DatabaseSync(path, { timeout: 0, readOnly: isReadOnly })
}

/** The library's compiled part for each C library. The one for glibc does not load with musl. */
const LIBRARIES = ['glibc', 'musl']

/** Loads the compiled part itself: what the package has around it would take longer to load. */
function loadLibrary(): Library {
  const require = createRequire(import.meta.url)
  const place = `@photostructure/sqlite/prebuilds/${process.platform}-${process.arch}`
  let failure: unknown
  for (const libc of LIBRARIES) {
    try {
      return requireOwn(`${place}/@photostructure+sqlite.${libc}.node`, require) as Library
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

/**
 * Calls a function that writes, in one transaction.
 * @throws Error of SQLite; nothing is written then
 */
export function transact(database: Database, write: () => void): void {
  database.exec('begin immediate')
  try {
    write()
    database.exec('commit')
  } catch (error) {
    if (database.isTransaction) database.exec('rollback')
    throw error
  }
}

/** The meaning of an error of SQLite for a cache. */
export type SqliteFailure = 'busy' | 'unwritable' | 'damage' | 'other'

/** SQLite's primary result codes and its words for them: `prepare` and `all` give no codes. */
const FAILURES: readonly (readonly [SqliteFailure, readonly number[], RegExp])[] = [
  ['busy', [5, 6, 15], /\blocked\b|locking protocol/],
  ['unwritable', [8, 10, 13, 14], /readonly database|disk I\/O error|is full|unable to open/],
  // The statements are sound: an error in one of them, or in what it writes, is one of the schema
  // in the file
  ['damage', [1, 11, 19, 26], /malformed|not a database|no such|constraint failed/],
]

/** Describes an error in words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? describeOsError(error) : String(error)
}

/** Codes of the system that mean a full disk or quota. */
const NO_SPACE: readonly unknown[] = ['ENOSPC', 'EDQUOT']

export function failureOf(error: unknown): SqliteFailure {
  const { errcode, code, message } = error as { errcode?: number; code?: unknown; message: string }
  if (NO_SPACE.includes(code)) return 'unwritable'
  const isOf = ([, codes, words]: (typeof FAILURES)[number]) =>
    errcode === undefined
      ? code === OF_SQLITE && words.test(message)
      : codes.includes(errcode & 0xff)
  return FAILURES.find(isOf)?.[0] ?? 'other'
}

const OF_SQLITE = 'ERR_SQLITE_ERROR'
