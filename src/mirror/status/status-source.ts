import type { PieceCache } from '../../cache/piece-cache.js'
import type { Admission } from '../admission/admission.js'
import type { WorkQueue } from '../admission/work-queue.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { MirrorView, type Mirror } from '../tree/mirror.js'
import type { ProgressStatus } from '../progress/progress.js'
import type { ScrapedCounts } from '../../clients/scrape/swarm-counts.js'
import type { ScrapeStatus, TrackerScrapes } from './tracker-scrapes.js'
import type { BusyTorrent, BusyTorrents } from '../torrents/busy-torrents.js'
import type { HashedBytes } from '../torrents/hashed-bytes.js'
import type { OnDemand } from '../torrents/on-demand.js'
import type {
  BusyStatus,
  QueueStatus,
  StatusReport,
  TrackerStatus,
  WarmStatus,
} from './status-report.js'
import type { ServerContext } from '../../server/context.js'

/** Milliseconds for which a report is kept. */
const KEEP = 1000

/** Most torrents in each list of the report. */
export const MAX_LISTED = 20

export interface StatusSourceParts extends Pick<ServerContext, 'now' | 'monotonic'> {
  readonly version: string
  readonly mirror: Mirror
  readonly onDemand: Pick<OnDemand, 'origins'>
  /** The services that hash files. */
  readonly makers: readonly Pick<OnDemand, 'underWay'>[]
  readonly hashed: Pick<HashedBytes, 'total'>
  readonly admission: Pick<Admission, 'planning' | 'hashing'>
  readonly cache: Pick<PieceCache, 'usage' | 'store'>
  /** Size of the cache's file in bytes. */
  readonly cacheSize: () => Promise<number>
  readonly busy: BusyTorrents
  /** The files hashed ahead; null if there are none. */
  readonly warm: () => WarmStatus | null
  readonly scrapes: Pick<TrackerScrapes, 'look' | 'trackers'>
}

/** Makes the report on the service, at most once a second. */
export class StatusSource {
  readonly #startedAt: number
  #report: Promise<StatusReport> | null = null
  #madeAt = -Infinity

  constructor(private readonly parts: StatusSourceParts) {
    this.#startedAt = parts.monotonic()
  }

  /** The report of the last second. */
  current(): Promise<StatusReport> {
    const at = this.parts.monotonic()
    if (this.#report && at - this.#madeAt < KEEP) return this.#report
    this.#madeAt = at
    const report = this.#make()
    this.#report = report
    report.catch(() => {
      if (this.#report === report) this.#report = null
    })
    return report
  }

  async #make(): Promise<StatusReport> {
    const { version, makers, hashed, admission, busy, now, monotonic } = this.parts
    const at = { ms: now(), monotonic: monotonic() }
    const timeOf = (monotonicMs: number) => isoTime(at.ms - (at.monotonic - monotonicMs))
    const underWay = makers.flatMap((maker) => maker.underWay()).sort(byProgress)
    const torrents = eachFileOnce(underWay).slice(0, MAX_LISTED)
    const told = this.parts.scrapes.look()
    const busiest = await onlyPublished(busy.top(MAX_LISTED), this.parts.mirror)
    return {
      time: isoTime(at.ms),
      version,
      uptimeSeconds: Math.floor((at.monotonic - this.#startedAt) / 1000),
      hashing: { ...queueStatus(admission.hashing), bytesHashed: hashed.total, torrents },
      planning: queueStatus(admission.planning),
      warm: this.parts.warm(),
      cache: await this.#cache(),
      trackers: this.parts.scrapes.trackers.map((url) => trackerStatus(url, told.get(url))),
      busiest: {
        since: timeOf(busy.since),
        torrents: busiest.map((each) => busyStatus(each, [...told.values()])),
      },
    }
  }

  async #cache(): Promise<StatusReport['cache']> {
    const { cache, cacheSize, onDemand } = this.parts
    const origins = { ...onDemand.origins }
    return { bytes: await cacheSize(), records: cache.store.count(), ...cache.usage, origins }
  }
}

/**
 * The hash by which trackers know a torrent: 20 bytes; a hash of version 2 is cut to that (BEP 52).
 */
export function trackedHash({ torrent }: BusyTorrent): string {
  return torrent.infoHash.slice(0, 40)
}

function queueStatus({ running, length }: WorkQueue): QueueStatus {
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

/** Leaves out files that are no longer published. */
async function onlyPublished(busy: readonly BusyTorrent[], mirror: Mirror): Promise<BusyTorrent[]> {
  const view = new MirrorView(mirror)
  const are = await Promise.all(
    busy.map(async ({ torrent: { title } }) => {
      if (title.path === null) return true
      return view.file(title.path).then(
        () => true,
        () => false,
      )
    }),
  )
  return busy.filter((_, i) => are[i])
}

function trackerStatus(url: string, told: ScrapeStatus | undefined): TrackerStatus {
  if (!told) return { url, askedAt: null, error: null, counts: null }
  const counts = told.error === null ? [...told.counts.values()].reduce(add, NOBODY) : null
  return { url, askedAt: isoTime(told.at), error: told.error, counts }
}

const NOBODY: ScrapedCounts = { seeds: 0, leechers: 0, completed: 0 }

function add(a: ScrapedCounts, b: ScrapedCounts): ScrapedCounts {
  return {
    seeds: a.seeds + b.seeds,
    leechers: a.leechers + b.leechers,
    completed: a.completed + b.completed,
  }
}

/** Peers announce themselves to several trackers, so a sum would count them twice. */
function busyStatus(busy: BusyTorrent, told: readonly ScrapeStatus[]): BusyStatus {
  const { torrent, requests } = busy
  const counts = told.flatMap((each) => each.counts.get(trackedHash(busy)) ?? [])
  counts.sort((a, b) => b.seeds + b.leechers - (a.seeds + a.leechers))
  const { title, infoHash } = torrent
  return { title, version: versionOf(torrent), infoHash, requests, counts: counts[0] ?? null }
}

function versionOf({ infoHashes }: BusyTorrent['torrent']): MetainfoVersion {
  if (infoHashes.v2 === null) return 'v1'
  return infoHashes.v1 === null ? 'v2' : 'hybrid'
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
