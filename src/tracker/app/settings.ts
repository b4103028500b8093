import type { LogFormat } from '../../server/exchange/access-log.js'
import type { ClientAddresses } from '../../server/connections/client-address.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import type { SharingRules } from '../answers/tracker-calls.js'
import type { AnswerBounds } from '../answers/tracker-rules.js'
import type { UdpPlace } from '../udp/udp-server.js'
import type { AggregationSettings } from '../http/aggregation.js'
import type { PageOptions } from '../page/pages.js'
import type { StoreLimits } from '../swarms/swarm-store.js'

/** All that a tracker is told from outside. */
export interface TrackerSettings {
  /** Where HTTP is spoken. */
  readonly places: readonly ListenPlace[]
  /** Where UDP is; port 0 is the port that HTTP has got. */
  readonly udpPlaces: readonly UdpPlace[]
  readonly allowed: AllowedSettings
  readonly answers: AnswerSettings
  readonly multitracker: MultitrackerSettings
  readonly aggregation: AggregationSettings
  readonly limits: StoreLimits
  /** What TLS is spoken with; null for plain HTTP. */
  readonly tls: TlsKeys | null
  /** The file in which swarms outlive the tracker. */
  readonly stateFile: string
  /** Milliseconds between two saves. */
  readonly saveInterval: number
  readonly page: PageOptions
  /** A picture for browsers; null for none. */
  readonly favicon: string | null
  /** Under which address clients reach the tracker; null: what they ask for. */
  readonly publicUrl: string | null
  /** Tells who clients are, by the word of proxies too. */
  readonly clientAddresses: ClientAddresses
  readonly logFormat: LogFormat
  /** Where the access log is written; null: where the world has it. */
  readonly logFile: string | null
  readonly version: string
}

/** How peers are shared with other trackers. */
export interface MultitrackerSettings extends Pick<
  SharingRules,
  'allowed' | 'interval' | 'maxPeers' | 'publicHost'
> {
  /** Whether the other trackers of torrents are asked for peers. */
  readonly isEnabled: boolean
  /** The file with the key that trackers share; null for none. */
  readonly keyFile: string | null
}

/** What is tracked, and for whom. */
export interface AllowedSettings {
  readonly directories: readonly string[]
  readonly listFile: string | null
  /** Whether torrents are added by whoever makes them. */
  readonly isFed: boolean
  /** Whether `failure reason` and `warning message` inside torrents are obeyed. */
  readonly controls: boolean
  readonly allowedAddresses: string | null
  readonly bannedAddresses: string | null
  /** Milliseconds between looks at all of these. */
  readonly interval: number
}

/** How announces and scrapes are answered, and who is believed. */
export interface AnswerSettings extends AnswerBounds {
  /** Whose word is taken on their own address: nobody's but local clients', or everybody's. */
  readonly believes: 'local' | 'all'
}
