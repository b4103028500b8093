import { counter, gauge, type Metric } from '../../server/metrics/metrics.js'
import type { Warmer } from './warmer.js'

/** Bytes hashed that nobody waited for, and running jobs. */
export interface HashingAhead {
  readonly bytes: number
  readonly jobs: number
}

/** The metrics of hashing ahead; empty if nothing is hashed ahead. */
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
    gauge('btkit_warm_watches', 'Directories that are watched for new files.', warmer.watches),
    counter('btkit_warm_scans_total', 'Searches of all directories.', warmer.scans),
  ]
}
