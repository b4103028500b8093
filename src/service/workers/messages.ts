import type { LogFormat } from '../../web/access-log.js'
import type { TlsPair } from '../../web/tls/tls-keys.js'
import type { TrustedProxy } from '../../web/client-address.js'
import type { Mirror } from '../mirror/mirror.js'
import type { ServiceLimits } from '../options.js'
import type { CountedRequests } from '../web/request-figures.js'

/** All that a worker is told when it begins. */
export interface WorkerSettings {
  /** The Unix socket at which the main process answers what workers pass on. */
  readonly mainPath: string
  /** Processes that answer, the main one included. */
  readonly processes: number
  readonly mirror: Mirror
  readonly limits: Pick<ServiceLimits, 'headerTimeout' | 'bodyTimeout' | 'wait' | 'maxReads'>
  readonly trustedProxies: readonly TrustedProxy[]
  readonly logFormat: LogFormat
}

/** What a worker is told. */
export type ToWorker =
  | { readonly kind: 'begin'; readonly settings: WorkerSettings }
  /** What TLS is spoken with from now on. */
  | { readonly kind: 'tls'; readonly pair: TlsPair }
  /** Comes with a socket to listen on, and whether TLS is spoken there. */
  | { readonly kind: 'listen'; readonly isSecure: boolean }
  /** All that it needs to begin was told: it says when it is ready. */
  | { readonly kind: 'ready' }
  /** Nothing that was answered before may be given again. */
  | { readonly kind: 'expire' }
  /** It is to report now, by that number. */
  | { readonly kind: 'report'; readonly id: number }
  | { readonly kind: 'stop' }

/** What a worker tells. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'report'; readonly id: number | null; readonly report: WorkerReport }
  | { readonly kind: 'error'; readonly message: string }

/** What came of requests since a worker told of it last. */
export interface WorkerReport {
  readonly requests: CountedRequests
  /** Torrents that it gave again. */
  readonly fromMemory: number
  /** Of these, how many were of which torrent, by info hash. */
  readonly kept: readonly (readonly [infoHash: string, requests: number])[]
  /** Lines of the access log. */
  readonly lines: string
  /** Lines that are lost, as they came too fast. */
  readonly lostLines: number
  /** Connections that are open. */
  readonly connections: number
  /** Bytes of memory in use. */
  readonly memory: number
}
