import type { SiteLook } from '../../page-parts/layout.js'
import type { LogFormat } from '../../server/exchange/access-log.js'
import type { ClientAddresses } from '../../server/connections/client-address.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import type { RedisAddress } from '../../fleet/redis/client.js'
import type { AllowedSettings } from '../allowed/access-lists.js'
import type { AnswerSettings } from '../answers/tracker-rules.js'
import type { UdpPlace } from '../wires/udp-server.js'
import type { PageOptions } from '../pages/overview/pages.js'
import { type StoreLimits, USUAL_LIMITS } from '../swarms/swarm-types.js'

/** All settings of a tracker. */
export interface TrackerSettings {
  /** Where the tracker listens for HTTP. */
  readonly places: readonly ListenPlace[]
  /** Where the tracker listens for UDP. Port 0 means the port used for HTTP. */
  readonly udpPlaces: readonly UdpPlace[]
  /** Keys for TLS; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly allowed: AllowedSettings
  readonly answers: AnswerSettings
  readonly limits: StoreLimits
  /** The Redis in which trackers share swarms; null to keep them in memory only. */
  readonly store: SharedStoreSettings | null
  /** The file in which swarms are kept across restarts. */
  readonly stateFile: string
  /** Milliseconds between two saves. */
  readonly saveInterval: number
  readonly page: PageOptions
  readonly look: SiteLook
  /** Path of an icon for browsers; null for none. */
  readonly favicon: string | null
  /** The URL at which clients reach the tracker; null to use the request's `Host`. */
  readonly publicUrl: string | null
  /** The path below which all addresses are, without a slash at its end; '' for none. */
  readonly prefix: string
  /** Determines the addresses of clients, also behind trusted proxies. */
  readonly clientAddresses: ClientAddresses
  readonly logFormat: LogFormat
  /** The access log file; null for the world's `writeLog`. */
  readonly logFile: string | null
  readonly version: string
}

/** The usual settings: the defaults of `btkit track`, and those of a tracker beside a mirror. */
export const USUAL: Omit<
  TrackerSettings,
  'places' | 'udpPlaces' | 'stateFile' | 'clientAddresses' | 'version'
> = {
  tls: null,
  allowed: {
    directories: [],
    archives: [],
    listFile: null,
    isFed: false,
    controls: true,
    allowedAddresses: null,
    bannedAddresses: null,
    bannedTorrents: null,
    interval: 60_000,
  },
  answers: {
    interval: 1800,
    minInterval: 900,
    responseSize: 50,
    maxGive: 200,
    allowsFullForm: false,
    scrape: 'full',
    believes: 'local',
  },
  limits: USUAL_LIMITS,
  store: null,
  saveInterval: 300_000,
  page: {
    showInfoPage: true,
    redirect: null,
    showNames: true,
    allowGet: false,
    catalogue: 'on',
    siteName: null,
    mirror: null,
  },
  look: {},
  favicon: null,
  publicUrl: null,
  prefix: '',
  logFormat: 'off',
  logFile: null,
}

/** How trackers share swarms. */
interface SharedStoreSettings {
  readonly address: RedisAddress
  /** The file with the key that trackers share; null if each issues connection ids of its own. */
  readonly keyFile: string | null
}
