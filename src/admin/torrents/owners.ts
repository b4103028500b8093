import { dirname, join, sep } from 'node:path'
import { Journal, type JournalOptions } from '../../state/journal.js'

/** A torrent that somebody added: its path, and the info hash that it had. */
export interface Added {
  readonly path: string
  readonly infoHash: string
}

/** Users by info hash. */
type Users = readonly (readonly [infoHash: string, user: string])[]

/**
 * Records who added which torrent. A record counts only for the info hash that it names: another
 * torrent at the same path has no owner.
 */
export class Owners {
  /** Users by path. */
  readonly #journal: Journal

  /** @throws BtkitError `not-permitted`, `too-large` or `io` */
  constructor(options: Pick<JournalOptions, 'stateDirectory' | 'now' | 'warn'>) {
    this.#journal = new Journal({
      ...options,
      path: join(options.stateDirectory, 'added.jsonl'),
      head: { btkit: 'added' },
      loss: 'torrents whose lines are lost can be changed by admins only',
    })
  }

  /** The user who added a torrent; null if it came otherwise. */
  of({ path, infoHash }: Added): string | null {
    return this.#at(path).find(([hash]) => hash === infoHash)?.[1] ?? null
  }

  /** The user who added what was last at a path, for lists; null if nobody did. */
  lastAt(path: string): string | null {
    return this.#at(path).at(-1)?.[1] ?? null
  }

  /**
   * Records a user for torrents, before they are written.
   * @throws BtkitError `not-permitted` or `io`
   */
  async add(torrents: readonly Added[], user: string): Promise<void> {
    for (const { path, infoHash } of torrents) this.#put(path, [[infoHash, user]])
    await this.#journal.flush()
  }

  /**
   * Copies the records of a path to another, and of everything below it, before it is moved.
   * @throws BtkitError `not-permitted` or `io`
   */
  async copy(from: string, to: string): Promise<void> {
    for (const path of this.#below([from]))
      this.#put(`${to}${path.slice(from.length)}`, this.#at(path))
    await this.#journal.flush()
  }

  /**
   * Forgets paths and everything below them.
   * @throws BtkitError `not-permitted` or `io`
   */
  async forget(paths: readonly string[]): Promise<void> {
    for (const path of this.#below(paths)) this.#journal.put(path, null)
    await this.#journal.flush()
  }

  /** The known paths that are some paths, or below them. */
  #below(paths: readonly string[]): string[] {
    const known = [...this.#journal.entries()].map(([path]) => path)
    const tops = new Set(paths)
    const isBelow = (path: string): boolean =>
      tops.has(path) || (path.length > 1 && isBelow(dirname(path)))
    const [first = ''] = paths
    // The usual case, ten times as fast
    if (paths.length === 1)
      return known.filter((path) => path === first || path.startsWith(first + sep))
    return known.filter(isBelow)
  }

  #at(path: string): Users {
    return JSON.parse(this.#journal.get(path) ?? '[]') as Users
  }

  /** Adds users to those of a path. */
  #put(path: string, users: Users): void {
    this.#journal.put(path, [...new Map([...this.#at(path), ...users])])
  }
}
