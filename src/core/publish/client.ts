import { BtkitError, type ErrorCode } from '../../base/errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { swarmHashes } from '../../metainfo/info-hash.js'
import type { InfoHash, InfoHashes } from '../../metainfo/values.js'

/** The label or tag that marks btkit's torrents in a client's list. */
export const MARK = 'btkit'

/** The remote control of a client that seeds torrents. */
export interface TorrentClient {
  /** The client's name in messages: its address without credentials. */
  readonly label: string

  /**
   * Whether its list shows how much of a torrent's data it sees before the torrent is started. If
   * not, and `findData` cannot tell, the caller must make sure that the data is complete.
   */
  readonly looksBeforeStart: boolean

  /** Matches names of files and directories for which it looks under other names on disk. */
  readonly changedNames?: RegExp

  /** Whether a torrent can have a category of the user beside btkit's mark; by default not. */
  readonly hasCategories?: boolean

  /** Returns the client's name and version, in its own words. */
  version(): Promise<string>

  /** Whether it finds a hybrid only by the info hash of version 2; by default by either. */
  readonly findsByLatest?: boolean

  /**
   * Returns its torrents, marked or not. With `only`, these are at least those of these info hashes
   * that it has, with their settings. Of a hybrid, `only` has both if they are known.
   */
  list(only?: readonly InfoHash[]): Promise<readonly ClientTorrent[]>

  /**
   * Returns what trackers that fail have answered, by info hash. Missing if the list has it, or the
   * client does not tell.
   */
  trackerFailures?(infoHashes: readonly InfoHash[]): Promise<ReadonlyMap<InfoHash, string>>

  /**
   * Returns the info hashes of marked torrents that are seeded, as isSeeded defines. Missing if it
   * would not be faster than `list`.
   */
  listSeeded?(): Promise<ReadonlySet<InfoHash>>

  /**
   * Returns for each torrent, in order, whether the client sees the data with the right sizes; null
   * if it cannot tell. Missing if the client can never tell.
   */
  findData?(torrents: readonly PublishedTorrent[]): Promise<readonly (boolean | null)[]>

  /**
   * Returns why the client cannot seed a torrent with existing data; null if it can. Missing if the
   * client reports this when the torrent is added.
   * @throws BtkitError `unreachable`, `client` if it refuses, `interrupted`
   */
  objection?(torrent: PublishedTorrent): Promise<BtkitError | null>

  /**
   * Adds marked torrents without starting them. Their data counts as verified as far as the client
   * allows. They may appear in the list a moment later. Returns for each torrent, in order, why it
   * was refused; null if it was added.
   * @throws BtkitError `unreachable`, `client` if it refuses, `interrupted`
   */
  add(torrents: readonly PublishedTorrent[]): Promise<readonly (BtkitError | null)[]>

  /** Starts torrents that were added. */
  start(infoHashes: readonly InfoHash[]): Promise<void>

  /**
   * Marks torrents that it has from elsewhere as btkit's.
   * @throws BtkitError `unreachable`, `client` if it refuses, `interrupted`
   */
  mark(infoHashes: readonly InfoHash[]): Promise<void>

  /** Removes torrents from the list. Their data is not removed. */
  remove(infoHashes: readonly InfoHash[]): Promise<void>
}

/** A torrent to seed. */
export interface PublishedTorrent {
  readonly metainfo: Metainfo
  /**
   * The client's path of the directory that contains the content under the torrent's name; null if
   * the client downloads it from web seeds, into its own directory.
   */
  readonly directory: string | null
  /** The modification time of each file in seconds since 1970; null if unknown. */
  readonly fileTimes: readonly number[] | null
  /** The category that it gets in the client; by default none. */
  readonly category?: string | undefined
  /** The settings of the torrent in whose place it comes, which count more; absent if none had. */
  readonly settings?: ClientSettings | undefined
}

/**
 * The settings of a torrent that a user may have changed in a client, such as its category and
 * limits, as the client names them. A torrent that comes in the place of another one gets these.
 */
export type ClientSettings = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** Reads settings from a client's answer, or from the state; undefined if there are none. */
export function readSettings(
  value: unknown,
  names?: readonly string[],
): ClientSettings | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const isText = (each: unknown) => typeof each === 'string'
  const known = Object.entries(value).filter(([name, each]) => {
    if (names?.includes(name) === false) return false
    const isList = Array.isArray(each) && each.every(isText)
    return isList || isText(each) || typeof each === 'number' || typeof each === 'boolean'
  })
  return known.length > 0 ? (Object.fromEntries(known) as ClientSettings) : undefined
}

/** The state of a torrent in a client. */
export type ClientTorrentState =
  | 'stopped'
  | 'queued'
  | 'checking'
  | 'seeding'
  | 'downloading'
  // Its data is not there
  | 'missing'
  | 'error'

/** A torrent in a client's list. */
export interface ClientTorrent {
  /** SHA-1 of `info`, or without v1 the first 20 bytes of its SHA-256. */
  readonly infoHash: InfoHash
  readonly name: string
  /**
   * The directory that contains its content under its name; null if the client does not report it.
   */
  readonly directory: string | null
  /** Whether it has btkit's mark. */
  readonly isMarked: boolean
  readonly state: ClientTorrentState
  /** The client's error message; null if there is none. */
  readonly message: string | null
  /** A tracker's warning, which is no failure; null or missing if there is none. */
  readonly warning?: string | null
  /** Bytes. */
  readonly size: number
  readonly bytesDone: number
  readonly peers: number
  /** Bytes a second. */
  readonly uploadRate: number
  readonly downloadRate: number
  /** Bytes sent for each byte of content. */
  readonly ratio: number
  /** Missing if it was not asked for by its info hash, or the client does not tell. */
  readonly settings?: ClientSettings | undefined
}

/** Returns the info hash by which clients and trackers identify a torrent (BEP 52). */
export function clientInfoHash(hashes: InfoHashes): InfoHash {
  const [hash] = swarmHashes(hashes)
  if (hash === undefined) throw new BtkitError('usage', 'a torrent without an info hash')
  return hash
}

/**
 * Whether the client has all data of a torrent, as far as it knows. One that is being seeded is
 * whole: libtorrent counts padding in the size, but not always in the bytes that are there.
 */
export function isWhole(torrent: ClientTorrent): boolean {
  const { state, bytesDone, size } = torrent
  return state === 'seeding' || (bytesDone === size && !isBroken(torrent))
}

/** Whether the client reports that it cannot seed a torrent. */
export function isBroken({ state }: Pick<ClientTorrent, 'state'>): boolean {
  return state === 'missing' || state === 'error'
}

/**
 * Whether a torrent only lacks the mark, because btkit was interrupted between adding and marking
 * it. Transmission 3 and Deluge mark only after adding. `begun` has the info hashes of torrents
 * that were about to be added.
 */
export function isUnfinished(
  { isMarked, infoHash, state }: ClientTorrent,
  begun: ReadonlySet<InfoHash>,
): boolean {
  const isStarted = state === 'seeding' || state === 'queued' || state === 'downloading'
  return !isMarked && !isStarted && begun.has(infoHash)
}

/** Whether the client seeds a torrent, or will when it has free slots. */
export function isSeeded({ state }: Pick<ClientTorrent, 'state'>): boolean {
  return state === 'seeding' || state === 'queued'
}

/** A torrent that was added to a client or removed. */
export interface Publication {
  readonly client: string
  readonly torrent: string
  readonly infoHash: string
}

/** The changes in a client for the torrents of a directory. */
export interface SyncReport {
  readonly published: Publication[]
  /** Torrents that replaced another version, which has the old info hash. */
  readonly republished: (Publication & { readonly oldInfoHash: string })[]
  readonly withdrawn: Publication[]
  /**
   * Torrents that the client should seed but does not; without a torrent, the failure concerns all.
   */
  readonly unpublished: Unpublished[]
}

export interface Unpublished {
  readonly client: string
  readonly torrent: string | null
  readonly reason: string
  readonly code: ErrorCode
}
