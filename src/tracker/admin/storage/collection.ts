import { refuseUnsafePaths } from '../../../core/read-torrent.js'
import { basename, dirname, join, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import pLimit from 'p-limit'
import { loadTorrent } from '../../../core/read-torrent.js'
import { awaitOr, BtkitError, failureOf } from '../../../base/errors.js'
import { readRegular } from '../../../disk/look/read-bounded.js'
import { writeAtomically } from '../../../disk/write/atomically.js'
import { MAX_VALUES } from '../../../metainfo/bencode/check.js'
import { parseMetainfo } from '../../../metainfo/parse/metainfo.js'
import { Journal, type JournalOptions } from '../../../disk/state/journal.js'
import { escapeText } from '../../../base/text/escape.js'
import { swarmHashes } from '../../../metainfo/info-hash.js'
import type { InfoHash, InfoHashes } from '../../../metainfo/values.js'
import { HeldTorrents } from '../../../disk/state/held.js'
import { prepareTorrent, type ThisTracker, type TrackerNaming } from './this-tracker.js'
import {
  type Category,
  changeIn,
  isTaken,
  moveEntry,
  pathOf,
  Places,
  type Root,
  type Spot,
  torrentName,
  type CollectionPlace,
} from './places.js'

/** Somebody who changes torrents. */
export interface Actor {
  readonly user: { readonly id: string }
  /**
   * Refuses what the user may not do with a torrent that `owner` added; null if nobody did.
   * @throws BtkitError `not-permitted`
   */
  readonly require: (action: 'edit' | 'delete' | 'organize', owner?: string | null) => void
  /** Records what the user did. */
  readonly note: (action: string, target: string, details?: string) => Promise<void>
}

/** The parts of a collection. */
export interface CollectionParts {
  /** Not empty, with real paths. */
  readonly roots: readonly Root[]
  /** The directory of all state. */
  readonly stateDirectory: string
  /** Other state directories that completedir may use. */
  readonly otherStates: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Receives warnings. */
  readonly warn: (message: string) => void
  /** The torrent that is tracked, by its 40 hexadecimal digits; null if there is none. */
  readonly trackedAs: (infoHash: InfoHash) => Tracked | null
  /**
   * Resolves when the tracker knows the torrents that are in the directories now; never rejects.
   */
  readonly scan: () => Promise<void>
}

/** A torrent that is tracked. */
interface Tracked {
  /** Null if it is in no file: the mirror made it. */
  readonly path: string | null
}

/** The torrents that users change, and the rules for it. Changes run one after the other. */
export class Collection {
  readonly places: Places
  readonly owners: Owners
  readonly held: HeldTorrents
  readonly stateDirectory: string
  readonly now: () => number
  readonly #trackedAs: CollectionParts['trackedAs']
  readonly #scan: CollectionParts['scan']
  /** Paths by info hash, 40 digits, of torrents that were written since the last scan. */
  readonly #written = new Map<string, string>()
  readonly #turns = pLimit(1)

  /** @throws BtkitError if the state cannot be read */
  constructor({ roots, stateDirectory, otherStates, now, warn, trackedAs, scan }: CollectionParts) {
    this.#trackedAs = trackedAs
    this.#scan = scan
    this.places = new Places(roots)
    this.owners = new Owners({ stateDirectory, now, warn })
    this.held = new HeldTorrents([stateDirectory, ...otherStates])
    this.stateDirectory = stateDirectory
    this.now = now
  }

  /** Runs a change when all earlier ones have ended. */
  change<T>(act: () => Promise<T>): Promise<T> {
    return this.#turns(act)
  }

  /**
   * Runs a change that adds torrents, or makes others of them. By then the tracker knows where all
   * earlier ones are, so that nobody adds a copy of one that was just added or moved.
   */
  changeInfo<T>(act: () => Promise<T>): Promise<T> {
    return this.change(async () => {
      await this.#scan()
      this.#written.clear()
      return act()
    })
  }

  /** Names a category or torrent in the log. */
  subject({ root, names }: Category, name?: string): string {
    return [root.path, ...names, ...(name === undefined ? [] : [name])].join('/')
  }

  /**
   * Returns a torrent that a user may change.
   * @throws BtkitError `not-permitted` with the reason, and as Places.torrent
   */
  async own(
    actor: Actor,
    address: string,
    action: 'edit' | 'delete' = 'edit',
  ): Promise<CollectionPlace> {
    const place = await this.places.torrent(address)
    this.held.refuse(place.category.path, place.name)
    actor.require(action, await this.ownerOf(place))
    return place
  }

  /**
   * Refuses a torrent that is already tracked at another path. With two files of one torrent,
   * clients and pages would see the comment and trackers of one of them only. Call it in
   * `changeInfo`.
   * @throws BtkitError `exists`
   */
  async refuseCopy(path: string, hashes: InfoHashes): Promise<void> {
    for (const hash of swarmHashes(hashes)) {
      const tracked = this.#trackedAs(hash)
      if (tracked?.path === null)
        throw new BtkitError('exists', `${basename(path)}: the mirror tracks this torrent itself`)
      const others = [tracked?.path, this.#written.get(hash)].filter((each) => each !== undefined)
      for (const other of others) {
        if (other === path || !(await isTaken(other))) continue
        if (swarmHashes(await infoHashesAt(other)).includes(hash))
          throw new CopyError(path, other, hash)
        break
      }
    }
  }

  /** Records a torrent that was written, because the tracker notices it only later. */
  wrote(path: string, hashes: InfoHashes): void {
    for (const hash of swarmHashes(hashes)) this.#written.set(hash, path)
  }

  /** Returns who added the torrent at a path; null if nobody did. */
  async ownerOf({ path }: { readonly path: string }): Promise<string | null> {
    // Reads only torrents that somebody may have added
    if (this.owners.lastAt(path) === null) return null
    return this.owners.of({ path, infoHash: mainHash(await loadTorrent(path)) })
  }

  /**
   * Moves a torrent or category with the records of who added it. Missing directories are made with
   * a `mode`.
   * @throws BtkitError as moveEntry
   */
  async move(from: Spot, to: Spot, mode: number | null = null): Promise<void> {
    await this.owners.copy(pathOf(from), pathOf(to))
    await moveEntry(from, to, mode)
    await this.owners.forget([pathOf(from)])
  }
}

/** There would be two files of the same torrent. */
export class CopyError extends BtkitError {
  /** `other` is the path of the torrent that is there. */
  constructor(
    path: string,
    other: string,
    readonly infoHash: string,
  ) {
    const why = `the same torrent is tracked as ${basename(other)}; edit or move that one`
    super('exists', `${basename(path)}: ${escapeText(why)}`)
  }
}

/** The info hashes of the torrent at a path; none if it cannot be read. */
export async function infoHashesAt(path: string): Promise<InfoHashes> {
  return awaitOr({ infoHash: null, infoHashV2: null }, loadTorrent(path))
}

/** The hash by which a torrent's owner is known. */
export function mainHash({ infoHash, infoHashV2 }: InfoHashes) {
  return infoHash ?? infoHashV2 ?? ''
}

/** A torrent to put into a category. */
export interface AddedTorrent {
  readonly bytes: Uint8Array
  /** Its file name, with or without `.torrent`. */
  readonly name: string
  readonly category: Category
  /** The most bencoded values (default: as of all torrents). */
  readonly maxValues?: number
  /** This tracker, if the torrent may name others only. */
  readonly own?: ThisTracker | null
  /** Its description; empty for the one that it has. */
  readonly comment?: string
}

/** Facts about an added torrent; `known` is one that was there before. */
export interface AddedFacts {
  readonly naming: TrackerNaming | 'known'
  readonly isPrivate: boolean
}

/**
 * Writes a new torrent, and records who added it. An existing file is never replaced. One with the
 * very same bytes is `known`, and nothing is changed. Call it in `changeInfo`.
 * @throws BtkitError `exists`, `bad-name`, `not-permitted` or `io`; `bencode`, `metainfo` or
 *   `too-large` for what is no torrent, or one of too many values
 */
export async function addTorrent(
  collection: Collection,
  actor: Actor,
  torrent: AddedTorrent,
): Promise<AddedFacts> {
  const { category, maxValues = MAX_VALUES, own = null, comment = '' } = torrent
  const name = torrentName(torrent.name)
  const metainfo = parseMetainfo(torrent.bytes, { maxSize: torrent.bytes.length, maxValues })
  refuseUnsafePaths(metainfo, name)
  const { bytes, naming } = prepareTorrent(metainfo, own, comment)
  const path = join(category.path, name)
  collection.held.refuse(category.path, name)
  if (await isTaken(path)) {
    if (await holds(path, bytes)) return { naming: 'known', isPrivate: metainfo.private }
    throw new BtkitError('exists', `${name}: already exists; choose another name`)
  }
  await collection.refuseCopy(path, metainfo)
  const infoHash = mainHash(metainfo)
  await collection.owners.add([{ path, infoHash }], actor.user.id)
  await changeIn(category, (directory) =>
    writeAtomically({ directory, name }, bytes, { noClobber: true }),
  )
  collection.wrote(path, metainfo)
  await actor.note('add', collection.subject(category, name))
  return { naming, isPrivate: metainfo.private }
}

/** Whether a file has these bytes: somebody sends again what was added already. */
async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  const file = await awaitOr(null, readRegular(path, bytes.length, null))
  return file !== null && Buffer.compare(file.bytes, bytes) === 0
}

/** The outcome for one of several torrents; `error` is null if it was changed. */
export interface Outcome {
  readonly address: string
  readonly error: BtkitError | null
}

/** Does something with each of several torrents. A failure does not stop the others. */
export async function forEach<T>(
  torrents: readonly T[],
  act: (torrent: T) => Promise<void>,
  addressOf: (torrent: T) => string = String,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const torrent of torrents) {
    const address = addressOf(torrent)
    outcomes.push({ address, error: await failureOf(() => act(torrent)) })
    // Announces are answered in between
    await setImmediate()
  }
  return outcomes
}

/** A torrent that somebody added: its path, and the info hash that it had. */
export interface Added {
  readonly path: string
  readonly infoHash: string
}

/** Ids of users by info hash. */
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

  /** The id of the user who added a torrent; null if it came otherwise. */
  of({ path, infoHash }: Added): string | null {
    return this.#at(path).find(([hash]) => hash === infoHash)?.[1] ?? null
  }

  /** The id of the user who added what was last at a path, for lists; null if nobody did. */
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
    const known = [...this.#journal.keys()]
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
