import type { PieceCache } from '../../disk/cache/piece-cache.js'
import type { StoreState } from '../../disk/cache/store.js'
import type { ServerContext } from '../../server/context.js'
import { counter, formatMetrics, gauge, histogram, type Metric } from '../../base/text/metrics.js'
import type { MemoryPool } from '../../server/admission/memory.js'
import type { Gate } from '../../server/admission/gate.js'
import type { Queue } from '../../server/admission/queue.js'
import type { MirrorServer, SeedFigures, ServiceOptions } from '../options.js'
import type { ProgressStatus } from '../torrents/progress.js'
import type { Origins, Torrents } from '../torrents/torrents.js'
import type { TrackerList, TrackerSource } from '../torrents/trackers.js'
import type { FileDigests } from '../torrents/file-digests.js'
import type { Warmer } from '../torrents/warmer.js'

/** Works that run, and works that wait for their turn. */
interface QueueStatus {
  readonly running: number
  readonly waiting: number
}

/** Files that are hashed before anybody asks for them. */
interface WarmStatus {
  readonly ready: number
  readonly waiting: number
  readonly failed: number
  /** Running jobs. */
  readonly running: number
  /** Since the start. */
  readonly bytesHashed: number
}

/** The public facts about the service at one time. */
export interface StatusReport {
  /** In ISO 8601. */
  readonly time: string
  readonly version: string
  readonly uptimeSeconds: number
  readonly hashing: QueueStatus & {
    /** Since the start, including padding. */
    readonly bytesHashed: number
    /** The most advanced first, and not more than fit on a page. */
    readonly torrents: readonly ProgressStatus[]
  }
  readonly planning: QueueStatus
  /** Null if nothing is hashed ahead. */
  readonly warm: WarmStatus | null
  readonly cache: {
    readonly state: StoreState
    /** Bytes of its file that are in use. */
    readonly bytes: number
    readonly records: number
    /** Records that were found when they were looked up, and those that were not. */
    readonly hits: number
    readonly misses: number
    /** Numbers of torrents by their source. */
    readonly origins: Origins
  }
  /** Announce URLs of the trackers that torrents name. */
  readonly trackers: TrackerList
  /** Null if the service does not seed. */
  readonly seed: SeedFigures | null
}

/** Milliseconds for which a report is kept. */
const KEEP = 1000

/** Most torrents in the report. */
const MAX_LISTED = 20

interface StatusSources {
  readonly options: ServiceOptions
  readonly torrents: Torrents
  readonly cache: PieceCache
  readonly digests: Pick<FileDigests, 'underWay'>
  readonly admission: {
    readonly planning: { readonly small: Gate; readonly large: Gate }
    readonly hashing: Queue
    readonly memory: MemoryPool
  }
  /** Null if nothing is hashed ahead. */
  readonly warmer: Warmer | null
  readonly trackers: TrackerSource
  readonly server: MirrorServer
}

/** The service's reports on itself: for people, and for Prometheus. */
export class ServiceStatus {
  readonly #startedAt: number
  #report: StatusReport | null = null
  #madeAt = -Infinity

  constructor(
    readonly sources: StatusSources,
    private readonly clocks: Pick<ServerContext, 'now' | 'monotonic'>,
  ) {
    this.#startedAt = clocks.monotonic()
  }

  /** The report of the last second. */
  report(): StatusReport {
    const at = this.clocks.monotonic()
    if (at - this.#madeAt >= KEEP) this.#report = null
    if (!this.#report) this.#madeAt = at
    return (this.#report ??= this.#make())
  }

  #make(): StatusReport {
    const { options, cache, digests, admission, warmer, trackers } = this.sources
    const { hashing, planning } = admission
    const underWay = [...this.sources.torrents.underWay(), ...digests.underWay()].sort(byProgress)
    const torrents = eachFileOnce(underWay).slice(0, MAX_LISTED)
    const ahead = { running: hashing.ahead, bytesHashed: hashing.total.ahead }
    const { store, usage } = cache
    const known = { state: store.state(), bytes: store.usedBytes(), records: store.count() }
    const origins = { ...this.sources.torrents.origins }
    return {
      time: new Date(this.clocks.now()).toISOString(),
      version: options.version,
      uptimeSeconds: Math.floor((this.clocks.monotonic() - this.#startedAt) / 1000),
      hashing: { ...queueStatus(hashing), bytesHashed: hashing.total.done, torrents },
      planning: planningStatus(planning),
      warm: warmer && { ...warmer.counts, ...ahead },
      cache: { ...known, ...usage, origins },
      trackers: trackers.current(),
      seed: options.seed?.status ?? null,
    }
  }

  /** The metrics in Prometheus' text format. */
  metrics(): string {
    const { options, server, torrents, cache, admission, trackers } = this.sources
    const { hashing, memory } = admission
    const planning = planningStatus(admission.planning)
    const { store, usage } = cache
    const { hits, misses } = usage
    const { requests } = server
    const seed = options.seed?.status ?? null
    return formatMetrics([
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
      gauge('btkit_connections', 'Connections that are open.', server.connections()),
      counter('btkit_torrents_total', 'Torrents obtained, by source.', [
        { labels: { from: 'memory' }, value: torrents.origins.memory },
        { labels: { from: 'cache' }, value: torrents.origins.cache },
        { labels: { from: 'files' }, value: torrents.origins.files },
      ]),
      counter('btkit_hashed_bytes_total', 'Bytes hashed.', hashing.total.done),
      gauge('btkit_torrents_under_way', 'Torrents being looked up or made.', torrents.pending),
      gauge('btkit_planning_jobs', 'Requests being planned.', planning.running),
      gauge('btkit_planning_queue', 'Requests that wait to be planned.', planning.waiting),
      gauge('btkit_request_memory_bytes', 'Memory for large requests under way.', memory.taken),
      gauge('btkit_hash_jobs', 'Hash jobs at work.', hashing.running),
      gauge('btkit_hash_queue', 'Hash jobs that wait for their turn.', hashing.length),
      counter('btkit_cache_lookups_total', 'Records looked up in the piece cache.', [
        { labels: { result: 'hit' }, value: hits },
        { labels: { result: 'miss' }, value: misses },
      ]),
      gauge('btkit_cache_bytes', 'Bytes of the piece cache in use on its disk.', store.usedBytes()),
      gauge(
        'btkit_cache_writable',
        '1 if the piece cache is written, 0 if its disk is full, or it is unusable or removed.',
        Number(store.state() === 'used'),
      ),
      counter('btkit_log_lines_dropped_total', 'Lines that nobody read.', server.droppedLines()),
      gauge('btkit_trackers', 'Trackers that torrents name.', trackers.current().length),
      gauge('process_resident_memory_bytes', 'Memory in use.', process.memoryUsage.rss()),
      ...(seed ? seedMetrics(seed) : []),
      ...this.#warmMetrics(),
    ])
  }

  #warmMetrics(): Metric[] {
    const { warmer, admission } = this.sources
    if (warmer === null) return []
    const { ready, waiting, failed } = warmer.counts
    return [
      gauge('btkit_warm_files', 'Files that match --warm, by whether their torrents are ready.', [
        { labels: { state: 'ready' }, value: ready },
        { labels: { state: 'waiting' }, value: waiting },
        { labels: { state: 'failed' }, value: failed },
      ]),
      counter(
        'btkit_warm_hashed_bytes_total',
        'Bytes hashed before anybody asked for them.',
        admission.hashing.total.ahead,
      ),
      gauge(
        'btkit_warm_hash_jobs',
        'Hash jobs at work that nobody waits for.',
        admission.hashing.ahead,
      ),
      counter('btkit_warm_scans_total', 'Searches of all directories.', warmer.scans),
    ]
  }
}

function seedMetrics(seed: SeedFigures): Metric[] {
  const failing = seed.failing.reduce((sum, { count }) => sum + count, 0)
  return [
    gauge('btkit_seed_torrents', 'Torrents that this process seeds.', seed.torrents),
    gauge('btkit_seed_peers', 'Peers that are connected.', seed.peers),
    counter('btkit_seed_uploaded_bytes_total', 'Bytes sent to peers.', seed.uploaded),
    counter('btkit_seed_refused_total', 'Connections and requests refused.', seed.refused),
    gauge('btkit_seed_failing_announces', 'Announces that fail, or get a warning.', failing),
  ]
}

function planningStatus({ small, large }: Record<'small' | 'large', Gate>): QueueStatus {
  return { running: small.running + large.running, waiting: small.length + large.length }
}

function queueStatus({ running, length }: Queue): QueueStatus {
  return { running, waiting: length }
}

/** Running ones before waiting ones, each by progress. */
function byProgress(a: ProgressStatus, b: ProgressStatus): number {
  if (a.state !== b.state) return a.state === 'hashing' ? -1 : 1
  return b.bytesDone / b.bytesTotal - a.bytesDone / a.bytesTotal
}

/** A file read for both its torrent and its checksum is listed once. */
function eachFileOnce(underWay: readonly ProgressStatus[]): ProgressStatus[] {
  const told = new Set<string>()
  return underWay.filter(({ title: { path } }) => {
    if (path === null) return true
    const key = path.join('/')
    return !told.has(key) && told.add(key)
  })
}
