import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { makeDirectory, removeFile } from '../../base/directories.js'
import { Checkpoints } from './checkpoints.js'
import { checkFileSystem, checkPlace, DAMAGED, requireFreeSpace, SUFFIXES } from './place.js'
import { isPrepared, prepareFormat } from './schema.js'
import { failureOf, openDatabase, type Database, type Statement } from './sqlite.js'

/** An open file of a cache. */
export class Connection {
  #isReading = false
  readonly #statements = new Map<string, Statement>()

  private constructor(
    readonly database: Database,
    /** The number of the file, whatever is at its path now. */
    readonly file: number,
    /** Null if the file can only be read. */
    readonly checkpoints: Checkpoints | null,
    /** Whether the file is read as one that does not change, without any lock. */
    readonly isFrozen = false,
    /** Whether another process has changed such a file, so that nothing read from it counts. */
    readonly isOutdated = () => false,
  ) {}

  /**
   * Opens the file at a path, which is created if it does not exist.
   * @throws Error that says why other users or hosts could damage the file; OtherFormat; Error of
   *   SQLite or the system
   */
  static open(path: string): Connection {
    makeDirectory(dirname(path), 0o700)
    checkFileSystem(dirname(path))
    checkPlace(path)
    requireFreeSpace(dirname(path))
    // SQLite would let a group write it
    closeSync(openSync(path, 'a', 0o600))
    const file = statSync(path).ino
    return connect(openDatabase(resolve(path)), (database) => {
      prepareFormat(database)
      // Now all files are open. Before, another process may have put new ones there.
      if (statSync(path).ino !== file) throw Object.assign(new Error('replaced'), { errcode: 5 })
      return new Connection(database, file, new Checkpoints(path, database))
    })
  }

  /**
   * Opens a file that cannot be written to. Null if it does not exist, or cannot be read without
   * writing.
   * @throws as open
   */
  static openToRead(path: string): Connection | null {
    const state = stateOf(path)
    if (!state?.size) return null
    // Nobody has it open. So it needs none of the files that a reader makes beside it, until
    // somebody opens it.
    const isFrozen = !state.hasLog
    const isOutdated = () => isFrozen && !isDeepStrictEqual(stateOf(path), state)
    const url = pathToFileURL(path)
    if (isFrozen) url.search = 'immutable=1'
    try {
      return connect(openDatabase(url, true), (database) => {
        if (!isPrepared(database)) return null
        return new Connection(database, state.file, null, isFrozen, isOutdated)
      })
    } catch (error) {
      if (isOutdated()) return Connection.openToRead(path)
      // Whether it is damaged is known when it can be written
      if (isFrozen || failureOf(error) === 'unwritable') return null
      throw error
    }
  }

  /** The prepared form of a statement. */
  prepared(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.database.prepare(sql)))
    return statement
  }

  /**
   * Returns the prepared form of a statement that reads. All of a turn of the event loop read in
   * one transaction: to begin one takes as long as to read.
   */
  reading(sql: string): Statement {
    if (!this.#isReading) {
      this.database.exec('begin')
      this.#isReading = true
      setImmediate(() => {
        this.endRead()
      })
    }
    return this.prepared(sql)
  }

  endRead(): void {
    if (!this.#isReading) return
    this.#isReading = false
    this.#tryTo('commit')
  }

  /**
   * Closes the file. Moves what was written from the log into the file, unless another process uses
   * the log.
   */
  close(): void {
    this.endRead()
    this.#tryTo('pragma wal_checkpoint(truncate)')
    this.database.close()
  }

  /** Executes what may fail after a failure. */
  #tryTo(sql: string): void {
    try {
      this.database.exec(sql)
    } catch {
      // That was reported
    }
  }
}

/**
 * Renames an unusable file, given its number, over one that was set aside before. Returns words
 * about that; null if another process has done it.
 * @throws Error of the system
 */
export function setAside(path: string, file: number | undefined): string | null {
  if (file === undefined || fileAt(path) !== file) return null
  for (const suffix of SUFFIXES) if (suffix !== '') removeFile(path + suffix)
  renameSync(path, path + DAMAGED)
  return `renamed to ${basename(path)}${DAMAGED}, which "btkit cache prune" removes`
}

/** The state of a file, which every process that opens or changes it changes. Null for none. */
function stateOf(path: string) {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return null
  const { ino: file, size, mtimeMs } = stats
  return { file, size, mtimeMs, hasLog: existsSync(`${path}-wal`) }
}

/** The number of a file; undefined if it does not exist. */
export function fileAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

/** Closes the database if the connection fails. */
function connect<T>(database: Database, act: (database: Database) => T): T {
  try {
    return act(database)
  } catch (error) {
    database.close()
    throw error
  }
}
