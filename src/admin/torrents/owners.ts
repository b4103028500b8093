import { join, sep } from 'node:path'
import { asBtkitError, BtkitError } from '../../errors.js'
import { replaceFile } from '../../state/torrents/file.js'
import { readIfThere } from '../../state/torrents/regular-file.js'

/** A torrent that somebody added: its path, and the info hash that it had. */
export interface Added {
  readonly path: string
  readonly infoHash: string
}

/** The largest file that is read, in bytes: about a million torrents. */
const MAX_SIZE = 2 ** 28

const HEAD = JSON.stringify({ btkit: 'added', version: 1 })

/**
 * Records who added which torrent, in a file that is replaced as a whole. A record counts only for
 * the info hash that it names: another torrent at the same path has no owner.
 */
export class Owners {
  /** Users by info hash, by path. */
  readonly #users: Map<string, Map<string, string>>
  readonly #path: string

  /** @throws BtkitError `not-permitted`, `too-large` or `io` */
  constructor(stateDirectory: string) {
    this.#path = join(stateDirectory, 'added.jsonl')
    this.#users = this.#attempt(() => parse(readIfThere(this.#path, MAX_SIZE), this.#path))
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
    this.#write()
  }

  /**
   * Copies the records of a path to another, and of everything below it, before it is moved.
   * @throws BtkitError `not-permitted` or `io`
   */
  copy(from: string, to: string): void {
    const moved = this.#below(from)
    if (moved.length === 0) return
    for (const [path, users] of moved) {
      const copy = this.#at(`${to}${path.slice(from.length)}`)
      for (const [infoHash, user] of users) copy.set(infoHash, user)
    }
    this.#write()
  }

  /**
   * Forgets a path and everything below it.
   * @throws BtkitError `not-permitted` or `io`
   */
  forget(path: string): void {
    const gone = this.#below(path)
    if (gone.length === 0) return
    for (const [each] of gone) this.#users.delete(each)
    this.#write()
  }

  #below(path: string) {
    return [...this.#users].filter(([each]) => each === path || each.startsWith(path + sep))
  }

  #at(path: string): Map<string, string> {
    const users = this.#users.get(path) ?? new Map<string, string>()
    this.#users.set(path, users)
    return users
  }

  #write(): void {
    const rows = [...this.#users].map(([path, users]) => JSON.stringify([path, [...users]]))
    this.#attempt(() => {
      replaceFile(
        this.#path,
        [HEAD, ...rows].map((row) => Buffer.from(`${row}\n`)),
      )
    })
  }

  #attempt<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      throw asBtkitError(error, `state ${this.#path}`)
    }
  }
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
    if (entry) users.set(entry[0], new Map(entry[1]))
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
