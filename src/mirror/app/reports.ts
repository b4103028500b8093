import type { CacheAccess } from '../../core/digests/cache-trust.js'
import { formatMetrics } from '../../server/metrics/metrics.js'
import type { ServiceOptions } from '../options.js'
import type { StatusReport } from '../status/status.js'
import type { TrackerSource } from '../torrents/tracker-source.js'
import { serviceMetrics, warmMetrics } from './service-metrics.js'
import type { RequestFigures } from '../../server/metrics/request-figures.js'
import type { HashingServices } from './hashing-services.js'
import { StatusSource } from '../status/status.js'
import type { ServerContext } from '../../server/context.js'

interface ReportsParts extends Pick<ServerContext, 'monotonic'> {
  readonly options: ServiceOptions
  readonly cacheAccess: CacheAccess
  readonly makers: HashingServices
  readonly requests: RequestFigures
  /** Open connections; null if another program's server has them. */
  readonly connections: () => number | null
  readonly trackers: TrackerSource
  /** Number of log lines dropped so far. */
  readonly droppedLines: () => number
  /** Size of the cache's file in bytes. */
  readonly cacheSize: () => Promise<number>
}

/** The service's reports on itself. */
interface Reports {
  /** For Prometheus. */
  readonly describe: () => Promise<string>
  /** For people, at most a second old. */
  readonly report: () => Promise<StatusReport>
}

/** Creates the service's reports on itself. */
export function openReports(parts: ReportsParts): Reports {
  const { options, cacheAccess, makers, trackers } = parts
  const { admission, onDemand, digests, hashed, warmer } = makers
  const { cache, now } = cacheAccess
  const describe = async () => {
    const cacheSize = await parts.cacheSize()
    const droppedLines = parts.droppedLines()
    const connections = parts.connections()
    const metrics = serviceMetrics({ ...parts, ...makers, connections, cacheSize, droppedLines })
    const ahead = { bytes: hashed.ahead, jobs: admission.hashing.ahead }
    return formatMetrics([...metrics, ...warmMetrics(warmer, ahead)])
  }
  const warm = () => {
    const work = { running: admission.hashing.ahead, bytesHashed: hashed.ahead }
    return warmer && { ...warmer.files.counts, ...work }
  }
  const { version } = options
  const about = { version, makers: [onDemand, digests], cache, warm, now }
  const urls = () => trackers.current().urls
  const source = new StatusSource({ ...parts, ...makers, ...about, trackers: urls })
  return {
    describe,
    report: () => source.current(),
  }
}
