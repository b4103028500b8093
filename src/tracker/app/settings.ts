import type { LogFormat } from '../../server/exchange/access-log.js'
import type { ClientAddresses } from '../../server/connections/client-address.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import type { RedisAddress } from '../../redis/client.js'
import type { AnswerBounds } from '../answers/tracker-rules.js'
import type { UdpPlace } from '../udp/udp-server.js'
import type { PageOptions } from '../page/pages.js'
import type { StoreLimits } from '../swarms/swarm-types.js'

/** All settings of a tracker that listens itself. */
export interface TrackerSettings extends AnsweringSettings {
  /** Where the tracker listens for HTTP. */
  readonly places: readonly ListenPlace[]
  /** Where the tracker listens for UDP. Port 0 means the port used for HTTP. */
  readonly udpPlaces: readonly UdpPlace[]
  /** Keys for TLS; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly clientAddresses: ClientAddresses
  readonly stateFile: string
}

/** All settings of a tracker, wherever its requests come from. */
export interface AnsweringSettings {
  readonly allowed: AllowedSettings
  readonly answers: AnswerSettings
  readonly limits: StoreLimits
  /** The Redis in which trackers share swarms; null to keep them in memory only. */
  readonly store: SharedStoreSettings | null
  /** The file in which swarms are kept across restarts; null for none. */
  readonly stateFile: string | null
  /** Milliseconds between two saves. */
  readonly saveInterval: number
  readonly page: PageOptions
  /** Path of an icon for browsers; null for none. */
  readonly favicon: string | null
  /** The URL at which clients reach the tracker; null to use the request's `Host`. */
  readonly publicUrl: string | null
  /** The path below which all addresses are, without a slash at its end; '' for none. */
  readonly prefix: string
  /** Determines the addresses of clients, also behind trusted proxies. */
  readonly clientAddresses: Pick<ClientAddresses, 'of' | 'isOwnRequest'>
  readonly logFormat: LogFormat
  /** The access log file; null for the world's `writeLog`. */
  readonly logFile: string | null
  readonly version: string
}

/** How trackers share swarms. */
export interface SharedStoreSettings {
  readonly address: RedisAddress
  /** The file with the key that trackers share; null if each issues connection ids of its own. */
  readonly keyFile: string | null
}

/** The torrents that are tracked and the clients that may ask. */
export interface AllowedSettings {
  readonly directories: readonly string[]
  /** Directories of retired torrents, which are tracked and listed apart. */
  readonly archives: readonly string[]
  readonly listFile: string | null
  /** Whether another part of the program, such as the mirror, adds torrents. */
  readonly isFed: boolean
  /** Whether `failure reason` and `warning message` inside torrents are obeyed. */
  readonly controls: boolean
  readonly allowedAddresses: string | null
  readonly bannedAddresses: string | null
  /** A file of info hashes that are refused; null for none. */
  readonly bannedTorrents: string | null
  /** Milliseconds between two scans of all of these. */
  readonly interval: number
}

/** How announces and scrapes are answered, and whose claims are believed. */
export interface AnswerSettings extends AnswerBounds {
  /** The clients whose claimed addresses are believed: only local ones, or all. */
  readonly believes: 'local' | 'all'
}
