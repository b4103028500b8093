import type { Mirror } from './tree/mirror.js'
import type { PieceLength } from './pkgtorrent/set.js'
import type { WarmOptions } from './warm/warmer.js'
import type { ScrapedCounts } from '../clients/scrape/swarm-counts.js'
import type { ClientAddresses } from '../server/connections/client-address.js'

/** The settings of the service, made from the command line. */
export interface ServiceOptions {
  /** The program's version. */
  readonly version: string
  readonly mirror: Mirror
  /** The last segment of the service's addresses, and the directory of the null files. */
  readonly serviceName: string
  /** URL of the mirror's root, without a slash at its end; null to use the Host header. */
  readonly publicUrl: string | null
  /** The path below which all addresses are, without a slash at its end; '' for none. */
  readonly prefix: string
  /** URLs of other mirrors of the same root. */
  readonly webSeeds: readonly string[]
  /** Scripts that send pieces of the torrents (BEP 17). */
  readonly httpSeeds: readonly string[]
  /** Whether null files are marked as pad files (BEP 47); this changes the info hash. */
  readonly markPadFiles: boolean
  /** The piece length of torrents outside the pkgtorrent protocol. */
  readonly pieceLength: PieceLength
  /** Seconds since the last change of a file before it gets a torrent. */
  readonly minAge: number
  /** Directories of existing torrents that are preferred to new ones; see GivenTorrents. */
  readonly torrents: readonly string[]
  /** Whether the mirror's files are served, too. */
  readonly files: boolean
  /** Whether directories have pages, if files are served. */
  readonly listings: boolean
  /** Whether `/-/metrics` is answered. */
  readonly metrics: boolean
  /** Finds the addresses of clients, also behind proxies. */
  readonly clientAddresses: Pick<ClientAddresses, 'of'>
  readonly limits: ServiceLimits
  /** Files to hash before anybody asks for them; null for none. */
  readonly warm: WarmOptions | null
  /** The tracker in the same process; null for none. */
  readonly tracker: OwnTracker | null
}

/** A tracker in the same process. */
export interface OwnTracker {
  /** Its announce URL. */
  readonly url: string
  /** Whether a torrent of that info hash, 40 hexadecimal digits, was added. */
  readonly has: (infoHash: string) => boolean
  /** Receives the bytes of each new torrent. */
  readonly add: (bytes: Uint8Array) => void
  /** The counts of a torrent, whose info hash is in hexadecimal; null if it is unknown. */
  readonly countsOf: (infoHash: string) => ScrapedCounts | null
  /** URL of its page of torrents; null if there is none. */
  readonly page: string | null
}

/** The settings of a service that has its own servers. */
export interface ServedOptions extends ServiceOptions {
  readonly clientAddresses: ClientAddresses
}

/** Limits on requests and clients. */
export interface ServiceLimits {
  /** Most paths in one form. */
  readonly maxPaths: number
  /** Most files that the patterns of a request may match. */
  readonly maxMatches: number
  /** Most files and directories below a directory that has a torrent. */
  readonly maxFiles: number
  /** Most bytes of these files. */
  readonly maxSize: number
  /** Most bytes of a form. */
  readonly maxBody: number
  /** Most requests that are planned at once: their names are matched, their files looked up. */
  readonly maxPlanning: number
  /** Most torrents that are hashed at once. */
  readonly maxHashing: number
  /** Most requests that one client may have under way. */
  readonly maxPerClient: number
  /** Most files that are opened or read at once for downloads. */
  readonly maxReads: number
  /** Milliseconds that a request waits for hashing. */
  readonly wait: number
  /** Milliseconds before the headers of a request must be complete. */
  readonly headerTimeout: number
  /** Milliseconds before the body of a request must be complete. */
  readonly bodyTimeout: number
}
