import type { TorrentVerdict } from '../answers/tracker-rules.js'
import type { SharingRules } from '../answers/tracker-calls.js'
import type { AggregationSettings } from '../http/aggregation.js'
import type { PageAnswer } from '../page/page-answer.js'
import type { PageRequest } from '../page/pages.js'
import type { CompactPeers } from '../protocol/tracker-answer.js'
import type { StoreLimits } from '../swarms/swarm-store.js'
import type { SharedSwarms } from '../swarms/open-swarms.js'
import type { TrustedProxy } from '../../web/client-address.js'
import type { TlsPair } from '../../web/tls/tls-keys.js'
import type { LogFormat } from '../../web/access-log.js'
import type { AllowedSettings, AnswerSettings } from './settings.js'
import type { Descriptors } from './listen-everywhere.js'

/** What a thread that answers is given. */
export interface ThreadParts {
  /** Its number; the thread that starts the others is 0. */
  readonly thread: number
  readonly swarms: SharedSwarms
  readonly limits: StoreLimits
  readonly figures: Float64Array
  /** Connections that each thread has. */
  readonly connections: Int32Array
  /** What connection ids of UDP are made with. */
  readonly idSecret: Uint8Array
  readonly answers: AnswerSettings
  readonly addresses: Pick<AllowedSettings, 'allowedAddresses' | 'bannedAddresses'>
  readonly publicUrl: string | null
  readonly trustedProxies: readonly TrustedProxy[]
  readonly logFormat: LogFormat
  readonly descriptors: Descriptors
  /** What TLS is spoken with at first. */
  readonly tls: TlsPair | null
  /** What the system's clock told, in milliseconds, when that of the tracker began. */
  readonly clockStart: number
  readonly torrents: ThreadTorrents
  readonly sharing: SharingRules
  readonly aggregation: AggregationSettings
  /** Whether other trackers are asked for peers. */
  readonly hasForeign: boolean
}

/** Which torrents are tracked, by info hashes in hexadecimal. */
export interface ThreadTorrents {
  readonly isOpen: boolean
  /** Whether torrents are added as they are made. */
  readonly isFed: boolean
  readonly torrents: ReadonlyMap<string, ThreadTorrent>
}

export interface ThreadTorrent extends TorrentVerdict {
  /** Whether it has an announce list. */
  readonly isListed: boolean
}

/** What a thread is told while it answers. */
export type ToThread =
  | { readonly kind: 'torrents'; readonly torrents: ThreadTorrents }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'tls'; readonly pair: TlsPair }
  | { readonly kind: 'foreign'; readonly infoHash: string; readonly peers: CompactPeers }
  | { readonly kind: 'stop' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: PageAnswer }

/** What a thread tells. */
export type FromThread =
  | { readonly kind: 'ready' | 'stopped' }
  | { readonly kind: 'log'; readonly lines: string }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'page'; readonly id: number; readonly request: PageRequest }
