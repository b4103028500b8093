import { closeSync, constants, fsyncSync, openSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { BtkitError, callSystem, osCodeOf } from '../../errors.js'
import { replaceFile, writeAll } from '../../state/torrents/file.js'
import { readIfThere } from '../../state/torrents/regular-file.js'

/** A torrent that somebody added: its path, and the info hash that it had. */
export interface Added {
  readonly path: string
  readonly infoHash: string
}

/** The largest file that is read, in bytes: about a million torrents. */
const MAX_SIZE = 2 ** 28

const HEAD = JSON.stringify({ btkit: 'added', version: 1 })

/** Rows that are appended before the file is replaced, beside as many as there are paths. */
const MOST_APPENDED = 1000

/**
 * Records who added which torrent. A record counts only for the info hash that it names: another
 * torrent at the same path has no owner. Changes append rows to a file, of which the last row for a
 * path counts.
 */
export class Owners {
  /** Users by info hash, by path. */
  readonly #users: Map<string, Map<string, string>>
  readonly #path: string
  /** Rows appended since this process replaced the file; null if it must replace it. */
  #appended: number | null = null

  /** @throws BtkitError `not-permitted`, `too-large` or `io` */
  constructor(stateDirectory: string) {
    this.#path = join(stateDirectory, 'added.jsonl')
    this.#users = callSystem(`state ${this.#path}`, () =>
      parse(readIfThere(this.#path, MAX_SIZE), this.#path),
    )
  }

  /** The user who added a torrent; null if it came otherwise. */
  of({ path, infoHash }: Added): string | null {
    return this.#users.get(path)?.get(infoHash) ?? null
  }

  /** The user who added what was last at a path, for lists; null if nobody did. */
  lastAt(path: string): string | null {
    return [...(this.#users.get(path)?.values() ?? [])].at(-1) ?? null
  }

  /**
   * Records a user for torrents, before they are written.
   * @throws BtkitError `not-permitted` or `io`
   */
  add(torrents: readonly Added[], user: string): void {
    for (const { path, infoHash } of torrents) this.#at(path).set(infoHash, user)
    this.#write(torrents.map(({ path }) => path))
  }

  /**
   * Copies the records of a path to another, and of everything below it, before it is moved.
   * @throws BtkitError `not-permitted` or `io`
   */
  copy(from: string, to: string): void {
    const copies = this.#below([from]).map((path) => {
      const copy = `${to}${path.slice(from.length)}`
      for (const [infoHash, user] of this.#at(path)) this.#at(copy).set(infoHash, user)
      return copy
    })
    this.#write(copies)
  }

  /**
   * Forgets paths and everything below them.
   * @throws BtkitError `not-permitted` or `io`
   */
  forget(paths: readonly string[]): void {
    const gone = this.#below(paths)
    for (const each of gone) this.#users.delete(each)
    this.#write(gone)
  }

  /** The known paths that are some paths, or below them. */
  #below(paths: readonly string[]): string[] {
    const known = [...this.#users.keys()]
    const [first = ''] = paths
    // The usual case, ten times as fast
    if (paths.length === 1)
      return known.filter((path) => path === first || path.startsWith(first + sep))
    const tops = new Set(paths)
    const isBelow = (path: string): boolean =>
      tops.has(path) || (path.length > 1 && isBelow(dirname(path)))
    return known.filter(isBelow)
  }

  #at(path: string): Map<string, string> {
    const users = this.#users.get(path) ?? new Map<string, string>()
    this.#users.set(path, users)
    return users
  }

  /** Writes what is known of the paths that changed. */
  #write(changed: readonly string[]): void {
    if (changed.length === 0) return
    callSystem(`state ${this.#path}`, () => {
      const appended = this.#appended === null ? Infinity : this.#appended + changed.length
      // A row that was cut off may end the file until it is replaced
      this.#appended = null
      const isFew = appended <= this.#users.size + MOST_APPENDED
      if (isFew && append(this.#path, changed.map((path) => this.#row(path)).join('')))
        this.#appended = appended
      else this.#replace()
    })
  }

  #replace(): void {
    const rows = [...this.#users.keys()].map((path) => this.#row(path))
    replaceFile(
      this.#path,
      [`${HEAD}\n`, ...rows].map((row) => Buffer.from(row)),
    )
    this.#appended = 0
  }

  /** A row without users says that a path is forgotten. */
  #row(path: string): string {
    return `${JSON.stringify([path, [...(this.#users.get(path) ?? [])]])}\n`
  }
}

/** Appends text durably. Returns false if there is no such file. */
function append(path: string, text: string): boolean {
  const { O_WRONLY, O_APPEND, O_NOFOLLOW } = constants
  let descriptor: number
  try {
    descriptor = openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW)
  } catch (error) {
    if (osCodeOf(error) === undefined) throw error
    return false
  }
  try {
    writeAll(descriptor, Buffer.from(text))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  return true
}

function parse(bytes: Buffer | null, path: string): Map<string, Map<string, string>> {
  const users = new Map<string, Map<string, string>>()
  if (bytes === null || bytes.length === 0) return users
  const [head, ...rows] = bytes.toString().split('\n')
  // The next addition would replace all records
  if (head !== HEAD) {
    const how = 'restore it, or move it away'
    throw new BtkitError('io', `state ${path}: not written by btkit; ${how}`)
  }
  for (const row of rows) {
    const entry = parseRow(row)
    if (entry && entry[1].length > 0) users.set(entry[0], new Map(entry[1]))
    else if (entry) users.delete(entry[0])
  }
  return users
}

type Row = readonly [string, readonly (readonly [string, string])[]]

/** Damaged rows are left out: their torrents then have no owner. */
function parseRow(row: string): Row | null {
  try {
    const [path, users] = JSON.parse(row) as Row
    const isWhole =
      typeof path === 'string' && users.every((pair) => pair.every((x) => typeof x === 'string'))
    return isWhole ? [path, users] : null
  } catch {
    return null
  }
}
