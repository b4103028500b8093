import type { Admission } from '../admission/admission.js'
import type { HashedBytes } from '../torrents/hashed-bytes.js'
import type { OnDemand } from '../torrents/on-demand.js'
import type { TrackerSource } from '../torrents/trackers.js'
import { counter, gauge, histogram, type Metric } from '../../server/metrics/metrics.js'
import type { RequestFigures } from '../../server/metrics/request-figures.js'
import type { Warmer } from '../warm/warmer.js'

/** Bytes hashed that nobody waited for, and running jobs. */
interface HashingAhead {
  readonly bytes: number
  readonly jobs: number
}

export interface MeasuredParts {
  readonly requests: RequestFigures
  /** Open connections; null if another program's server has them. */
  readonly connections: number | null
  readonly onDemand: OnDemand
  readonly hashed: HashedBytes
  readonly admission: Admission
  readonly trackers: TrackerSource
  /** Bytes of the cache's file. */
  readonly cacheSize: number
  /** Dropped lines of the log. */
  readonly droppedLines: number
}

/** Returns the metrics of the service. */
export function serviceMetrics(parts: MeasuredParts): Metric[] {
  const { requests, onDemand, hashed, admission, trackers } = parts
  const { planning, hashing, memory } = admission
  const { hits, misses } = onDemand.cacheAccess.cache.usage
  return [
    counter(
      'btkit_requests_total',
      'Requests answered, or abandoned by their clients (499).',
      requests.counts(),
    ),
    histogram('btkit_request_duration_seconds', 'Time to the last byte.', requests.durations()),
    counter(
      'btkit_requests_aborted_total',
      'Requests whose answer was not sent in full.',
      requests.aborted,
    ),
    counter('btkit_sent_bytes_total', "Bytes of answers' bodies.", requests.bytes),
    ...(parts.connections === null
      ? []
      : [gauge('btkit_connections', 'Connections that are open.', parts.connections)]),
    counter('btkit_torrents_total', 'Torrents obtained, by source.', [
      { labels: { from: 'memory' }, value: onDemand.origins.memory },
      { labels: { from: 'cache' }, value: onDemand.origins.cache },
      { labels: { from: 'files' }, value: onDemand.origins.files },
    ]),
    counter('btkit_hashed_bytes_total', 'Bytes hashed.', hashed.total),
    gauge('btkit_torrents_under_way', 'Torrents being looked up or made.', onDemand.pending),
    gauge('btkit_planning_jobs', 'Requests being planned.', planning.running),
    gauge('btkit_planning_queue', 'Requests that wait to be planned.', planning.length),
    gauge('btkit_request_memory_bytes', 'Memory for large requests under way.', memory.taken),
    gauge('btkit_hash_jobs', 'Hash jobs at work.', hashing.running),
    gauge('btkit_hash_queue', 'Hash jobs that wait for their turn.', hashing.length),
    counter('btkit_cache_lookups_total', 'Records looked up in the piece cache.', [
      { labels: { result: 'hit' }, value: hits },
      { labels: { result: 'miss' }, value: misses },
    ]),
    gauge('btkit_cache_bytes', 'Size of the piece cache on disk.', parts.cacheSize),
    counter('btkit_log_lines_dropped_total', 'Lines that nobody read.', parts.droppedLines),
    gauge('btkit_trackers', 'Trackers that torrents name.', trackers.current().length),
    gauge('process_resident_memory_bytes', 'Memory in use.', process.memoryUsage.rss()),
  ]
}

/** Returns the metrics of --warm; empty without --warm. */
export function warmMetrics(warmer: Warmer | null, hashing: HashingAhead): Metric[] {
  if (warmer === null) return []
  const { ready, waiting, failed } = warmer.files.counts
  return [
    gauge('btkit_warm_files', 'Files that match --warm, by whether their torrents are ready.', [
      { labels: { state: 'ready' }, value: ready },
      { labels: { state: 'waiting' }, value: waiting },
      { labels: { state: 'failed' }, value: failed },
    ]),
    counter(
      'btkit_warm_hashed_bytes_total',
      'Bytes hashed before anybody asked for them.',
      hashing.bytes,
    ),
    gauge('btkit_warm_hash_jobs', 'Hash jobs at work that nobody waits for.', hashing.jobs),
    counter('btkit_warm_scans_total', 'Searches of all directories.', warmer.scans),
  ]
}
