import type { LogFormat } from '../../web/access-log.js'
import type { TrustedProxy } from '../../web/client-address.js'
import type { TlsKeys } from '../../web/tls/tls-keys.js'
import type { ServiceOptions } from '../options.js'
import type { TrackerSource } from '../torrents/tracker-source.js'
import { Workers, type WorkersParts } from './workers.js'

/** What of the service's settings workers need. */
export interface WorkersWanted {
  readonly options: ServiceOptions
  /** Processes that answer. */
  readonly workers: number
  /** What TLS is spoken with; null for plain HTTP. */
  readonly tls: TlsKeys | null
  /** Proxies whose word the options' `clientAddresses` takes. */
  readonly trustedProxies: readonly TrustedProxy[]
  readonly logFormat: LogFormat
}

/** The processes that are to answer beside this one. */
export function openWorkers(
  { options, workers: count, tls, trustedProxies, logFormat }: WorkersWanted,
  { warn, onError }: Pick<WorkersParts, 'warn' | 'onError'>,
): Workers {
  const { headerTimeout, bodyTimeout, wait, maxReads } = options.limits
  const limits = { headerTimeout, bodyTimeout, wait, maxReads }
  const { mirror } = options
  const settings = { processes: count, mirror, limits, trustedProxies, logFormat }
  return new Workers({ count, settings, tls, warn, onError })
}

/** Trackers of whose changes workers are told. */
export function tellingOfChanges(
  { current, refresh }: TrackerSource,
  workers: Pick<Workers, 'expire'>,
): TrackerSource {
  const refreshAndTell = async (isForced?: boolean) => {
    const before = current()
    await refresh(isForced)
    if (current() !== before) workers.expire()
  }
  return { current, refresh: refreshAndTell }
}
