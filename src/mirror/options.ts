import type { IncomingMessage } from 'node:http'
import type { CacheAccess } from '../core/digests/cache-access.js'
import type { Content, SingleFile } from '../core/digests/content.js'
import type { GivenRecord, MadeOfFile } from '../core/keep-seeded/given.js'
import type { InfoOptions } from '../core/digests/info.js'
import type { Mirror } from './tree/mirror.js'
import type { TorrentCore } from '../metainfo/build/torrent.js'
import type {
  InfoHash,
  InfoHashes,
  MirroredTorrent,
  PieceLength,
  TrackerUrl,
} from '../metainfo/values.js'
import type { KnownCounts, SwarmMonth } from '../metainfo/swarm-counts.js'
import type { ClientAddresses } from '../server/connections/client-address.js'
import type { SiteLook } from '../page-parts/layout.js'
import type { SearchResults, TorrentsWanted } from '../page-parts/results.js'
import type { RequestFigures } from '../server/exchange/request-figures.js'

/** The settings of the service, made from the command line. */
export interface ServiceOptions {
  /** The program's version. */
  readonly version: string
  readonly mirror: Mirror
  /** URL of the mirror's root, without a slash at its end; null to use the Host header. */
  readonly publicUrl: string | null
  /** URLs of other mirrors of the same root. */
  readonly webSeeds: readonly string[]
  /**
   * The piece length of torrents outside the pkgtorrent protocol; `auto` to choose one by the size.
   */
  readonly pieceLength: PieceLength | 'auto'
  /** Seconds since the last change of a file before it gets a torrent. */
  readonly minAge: number
  /** Directories of existing torrents that are preferred to new ones; see GivenTorrents. */
  readonly torrents: readonly string[]
  /** Whether the mirror's files are served, too. */
  readonly files: boolean
  /** Whether directories have pages, if files are served. */
  readonly listings: boolean
  /** The name of the site on its pages; null for the public host. */
  readonly siteName: string | null
  readonly look: SiteLook
  /** Whether pages of other sites may fetch torrents, JSON and files. */
  readonly cors: boolean
  /** Finds the addresses of clients, also behind proxies. */
  readonly clientAddresses: ClientAddresses
  readonly limits: ServiceLimits
  /** Files to hash before anybody asks for them; null for none. */
  readonly warm: WarmOptions | null
  /** The tracker in the same process; null for none. */
  readonly ownTracker: OwnTracker | null
  /** The seed in the same process; null for none. */
  readonly seed: OwnSeed | null
}

/** Settings of hashing before anybody asks. */
export interface WarmOptions {
  /** Patterns for the paths of files; see PathPatterns. */
  readonly patterns: readonly string[]
  /** Most bytes read per second; null for no limit. */
  readonly maxRate: number | null
}

/** The server before a mirror, as far as the mirror knows it. */
export interface MirrorServer {
  readonly requests: RequestFigures
  /** Open connections. */
  readonly connections: () => number
  /** Number of log lines dropped so far. */
  readonly droppedLines: () => number
  /** Receives the route of each request. */
  readonly onRoute: (request: IncomingMessage, route: string) => void
}

/** A tracker in the same process. */
export interface OwnTracker {
  /** Its announce URL; with `announceAt`, the one that only this machine uses. */
  readonly url: TrackerUrl
  /**
   * Returns the announce URL for clients that reach the mirror at an address; null if `url` is for
   * all clients.
   */
  readonly announceAt: ((address: string) => TrackerUrl) | null
  /** Whether a torrent of that info hash was added. */
  readonly has: (infoHash: InfoHash) => boolean
  /** The torrents that it refuses: nor does the mirror offer them. */
  readonly banned: () => ReadonlySet<InfoHash>
  /** Receives each new torrent. */
  readonly add: (made: MirroredTorrent) => void
  /** Lists a torrent no longer whose file is gone. */
  readonly remove: (infoHash: InfoHash) => void
  /** The counts of a torrent; null if it is unknown. */
  readonly countsOf: (infoHash: InfoHash) => KnownCounts | null
  readonly monthOf: (infoHash: InfoHash) => SwarmMonth | null
  /** URL of its first page; null if there is none, or `announceAt` decides its host. */
  readonly page: string | null
  /** Finds its torrents. */
  readonly search: (wanted: TorrentsWanted) => Promise<SearchResults>
}

/** A seed in the same process. */
interface OwnSeed {
  /** The port at which peers reach it. */
  readonly port: number
  /** IP addresses of the host of the public URL; none without one. */
  readonly hosts: readonly string[]
  readonly status: SeedFigures
  /** This seed and its peers; null if the torrent is not seeded. */
  readonly countsOf: (infoHash: InfoHash) => KnownCounts | null
  /** Seeds a torrent from now on, as long as its files stay as they are. */
  readonly add: (made: MirrorTorrent) => void
  /** The torrents with their sources, also those from before a restart. */
  readonly given: GivenRecord
  /** Announces a torrent at once to the trackers that refused it, because they know it now. */
  readonly retry: (infoHash: InfoHash) => void
}

/** The figures of a seed, of now and since the start. */
export interface SeedFigures {
  readonly torrents: number
  readonly peers: number
  /** Bytes sent, and bytes per second. */
  readonly uploaded: number
  readonly rate: number
  /** Connections and requests. */
  readonly refused: number
  /** How trackers fail or warn now, and of how many torrents. */
  readonly failing: readonly { readonly problem: string; readonly count: number }[]
}

/** A torrent whose hashes are in the cache, or could not be written there. */
interface MirrorTorrent extends InfoHashes {
  /** Its source, for the record. */
  readonly source: string
  /** The state of its only file; null for several. */
  readonly made: MadeOfFile | null
  /** Null if it was not composed yet. */
  readonly core: TorrentCore | null
  /** A file is cut again when a peer asks for it. */
  readonly content: Content | SingleFile
  readonly options: InfoOptions
  readonly cacheAccess: CacheAccess
  /** Trackers in tiers. */
  readonly trackers: readonly (readonly string[])[]
}

/** Limits on requests and clients that suit every mirror, so that no option sets them. */
export const FIXED_LIMITS = {
  /** Most paths in one form. */
  maxPaths: 10_000,
  /** Most files that the patterns of a request may match. */
  maxMatches: 10_000,
  /** Most files and directories below a directory that has a torrent. */
  maxFiles: 10_000,
  /** Most bytes of these files. */
  maxSize: 2 ** 40,
  /** Most bytes of a form. */
  maxBody: 2 * 2 ** 20,
  /** Most requests that are planned at once: their names are matched, their files looked up. */
  maxPlanning: 4,
  /** Most torrents that are hashed at once. */
  maxHashing: 4,
  /** Most requests that one client may have under way. */
  maxPerClient: 64,
  /** Milliseconds before the headers of a request must be complete. */
  headerTimeout: 10_000,
  /** Milliseconds before the body of a request must be complete. */
  bodyTimeout: 30_000,
  /** Milliseconds between two scans of files to hash ahead. */
  warmInterval: 300_000,
}

export type ServiceLimits = Readonly<typeof FIXED_LIMITS> & {
  /** Most files that are opened or read at once for downloads. */
  readonly maxReads: number
  /** Milliseconds that a request waits for hashing. */
  readonly wait: number
}
