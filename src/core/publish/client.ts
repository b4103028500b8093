import type { BtkitError } from '../../errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'

/** The word by which a client's list tells btkit's torrents from all others. */
export const MARK = 'btkit'

/** A program that seeds torrents, spoken to over its remote control. */
export interface TorrentClient {
  /** What it is called in messages: its address, without credentials. */
  readonly label: string

  /**
   * Whether its list tells how much of a torrent's data it sees before the torrent is started. Where
   * it does not, and `findData` can't tell, the caller has to make sure.
   */
  readonly looksBeforeStart: boolean

  /** Its name and version, in its own words. */
  version(): Promise<string>

  /** All its torrents: those that bear the mark, and all others. */
  list(): Promise<readonly ClientTorrent[]>

  /**
   * The info hashes of those that bear the mark and are seeded, as isSeeded has it. A client whose
   * list is as fast has no such function.
   */
  listSeeded?(): Promise<ReadonlySet<string>>

  /**
   * Whether the client sees the data of torrents that it does not have yet, with the right sizes, in
   * their order; null when it can't tell. A client that never can has no such function.
   */
  findData?(torrents: readonly PublishedTorrent[]): Promise<readonly (boolean | null)[]>

  /**
   * Why the client can't seed a torrent whose data lies ready; null when nothing speaks against it. A
   * client that tells when it gets the torrent has no such function.
   * @throws BtkitError `unreachable`, `client` when it refuses, `interrupted`
   */
  objection?(torrent: PublishedTorrent): Promise<BtkitError | null>

  /**
   * Hands over torrents with the mark on them, not started, their data as verified as the client lets
   * it be. That they are in the list then may take a moment. Tells in their order why one was not
   * taken; null for those that were.
   * @throws BtkitError `unreachable`, `client` when it refuses, `interrupted`
   */
  add(torrents: readonly PublishedTorrent[]): Promise<readonly (BtkitError | null)[]>

  /** Starts torrents that were added. */
  start(infoHashes: readonly string[]): Promise<void>

  /** Takes torrents out of the list. Their data stays where it is. */
  remove(infoHashes: readonly string[]): Promise<void>

  /**
   * Takes up a magnet link, with the mark on it, to get its metadata from peers; what it gets of the
   * content meanwhile is of no use. A client that can't give the metadata away has no such function.
   * @throws BtkitError `unreachable`, `client` when the client refuses, `interrupted`
   */
  askMetadata?(magnet: AskedMagnet): Promise<void>

  /**
   * What there is of the metadata: a torrent or its info dictionary alone, which may not be whole
   * yet; null for nothing.
   * @throws BtkitError `unreachable`, `client` when what it has can't be read, `interrupted`
   */
  readMetadata?(magnet: AskedMagnet): Promise<Uint8Array | null>
}

/** A torrent to be seeded, or downloaded first. */
export interface PublishedTorrent {
  readonly metainfo: Metainfo
  /** Whether the client is to look what of the data is there, and to download the rest. */
  readonly downloads?: boolean
  /** The directory, as the client sees it, in which the content lies under the torrent's name. */
  readonly directory: string
  /** The modification time of each of its files in seconds since 1970; null when it is not known. */
  readonly fileTimes: readonly number[] | null
}

/** What a torrent in a client's list is doing. */
type ClientTorrentState =
  'stopped' | 'queued' | 'checking' | 'seeding' | 'downloading' | 'missing' | 'error'

/** A torrent in a client's list. */
export interface ClientTorrent {
  /** In hexadecimal: SHA-1 of the info, or the first 20 bytes of its SHA-256 where there is no v1. */
  readonly infoHash: string
  readonly name: string
  /** The directory in which its content lies under its name; null when the client does not tell. */
  readonly directory: string | null
  /** Whether it bears btkit's mark. */
  readonly isMarked: boolean
  readonly state: ClientTorrentState
  /** The client's words on what is wrong; null when it has none. */
  readonly message: string | null
  /** In bytes. */
  readonly size: number
  readonly bytesDone: number
  readonly peers: number
  /** In bytes a second. */
  readonly uploadRate: number
  readonly downloadRate: number
  /** Bytes sent for each byte of content. */
  readonly ratio: number
}

/** The info hash that clients know a torrent by. */
export function clientInfoHash({ infoHash, infoHashV2 }: Metainfo): string {
  return infoHash ?? (infoHashV2 ?? '').slice(0, 40)
}

/** Whether the client has all data of a torrent, as far as it knows. */
export function isWhole(torrent: ClientTorrent): boolean {
  return torrent.bytesDone === torrent.size && !isBroken(torrent)
}

/** Whether the client itself says that it can't seed a torrent. */
export function isBroken({ state }: Pick<ClientTorrent, 'state'>): boolean {
  return state === 'missing' || state === 'error'
}

/**
 * Whether a torrent lacks only the mark, because btkit was cut off between handing it over and marking
 * it: Transmission 3 and Deluge take the mark only afterwards. `begun` has the info hashes of torrents
 * that were about to be handed over.
 */
export function isUnfinished(
  { isMarked, infoHash, state }: ClientTorrent,
  begun: ReadonlySet<string>,
): boolean {
  const isStarted = state === 'seeding' || state === 'queued' || state === 'downloading'
  return !isMarked && !isStarted && begun.has(infoHash)
}

/** Whether the client seeds a torrent, or will once others leave it room. */
export function isSeeded({ state }: Pick<ClientTorrent, 'state'>): boolean {
  return state === 'seeding' || state === 'queued'
}

/** A magnet link whose metadata a client is to get from peers (BEP 9). */
export interface AskedMagnet {
  readonly link: string
  /** SHA-1 of the info, in hexadecimal. */
  readonly infoHash: string
  /** Holds what the client writes meanwhile: the directory as the client sees it. */
  readonly directory: string
  /** The same as it is seen here. */
  readonly localDirectory: string
  /** How large a torrent may be, in bytes. */
  readonly maxSize: number
}

/** A torrent that was handed to a client or taken out. */
interface Publication {
  readonly client: string
  readonly torrent: string
  readonly infoHash: string
}

/** What a client was told about the torrents of a directory. */
export interface SyncReport {
  readonly published: Publication[]
  /** In place of another version of the same torrent, whose info hash is the old one. */
  readonly republished: (Publication & { readonly oldInfoHash: string })[]
  readonly withdrawn: Publication[]
  /** What the client does not seed though it should; with no torrent, nothing at all. */
  readonly unpublished: Unpublished[]
}

interface Unpublished {
  readonly client: string
  readonly torrent: string | null
  readonly reason: string
}

/** The report of a client that was told nothing. */
export function createSyncReport(): SyncReport {
  return { published: [], republished: [], withdrawn: [], unpublished: [] }
}
