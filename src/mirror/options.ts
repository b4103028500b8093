import type { Mirror } from './tree/mirror.js'
import type { PieceLength } from './pkgtorrent/set.js'
import type { WarmOptions } from './warm/options.js'
import type { ClientAddresses } from '../server/connections/client-address.js'

/** How the service behaves, as the command line settles it. */
export interface ServiceOptions {
  /** The program's version. */
  readonly version: string
  readonly mirror: Mirror
  /** The last segment of the mount, and the directory of the null files. */
  readonly serviceName: string
  /** Under which address the mirror's root is published, without a slash at its end; null: Host. */
  readonly publicUrl: string | null
  /** Other mirrors' addresses of the same root. */
  readonly webSeeds: readonly string[]
  /** Whether null files say that they are pad files (BEP 47); it changes the info hash. */
  readonly markPadFiles: boolean
  /** Of torrents that are not the protocol's. */
  readonly pieceLength: PieceLength
  /** Directories of torrents that are given instead of others; see GivenTorrents. */
  readonly torrents: readonly string[]
  /** Whether the mirror's files are served too. */
  readonly files: boolean
  /** Whether there are pages of directories, where files are served. */
  readonly listings: boolean
  /** Tells who clients are, by the word of proxies too. */
  readonly clientAddresses: ClientAddresses
  readonly limits: ServiceLimits
  /** What is hashed before anybody asks for it; null for nothing. */
  readonly warm: WarmOptions | null
  /** Hears of each torrent that is put together, by its bytes. */
  readonly onTorrent?: (bytes: Uint8Array) => void
}

/** What one client may ask for, and for how long. */
export interface ServiceLimits {
  /** Paths in one form. */
  readonly maxPaths: number
  /** Files that the patterns of a request may match. */
  readonly maxMatches: number
  /** Files and directories below a directory that has a torrent. */
  readonly maxFiles: number
  /** Bytes of these files. */
  readonly maxSize: number
  /** Bytes of a form. */
  readonly maxBody: number
  /** Requests that are planned at once: names matched, and files looked at. */
  readonly maxPlanning: number
  /** Torrents that are hashed at once. */
  readonly maxHashing: number
  /** Torrents that one client may have had begun at once. */
  readonly maxPerClient: number
  /** Sets and patterns that one client may ask for a minute; 0 for any number. */
  readonly rateLimit: number
  /** Files that are opened or read at once for downloads. */
  readonly maxReads: number
  /** Milliseconds that a request waits for hashing. */
  readonly wait: number
  /** Milliseconds in which the headers must have come. */
  readonly headerTimeout: number
  /** Milliseconds in which the whole request must have come. */
  readonly bodyTimeout: number
}
