import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import type { ProgressStatus } from '../progress/progress.js'
import type { TorrentTitle } from '../progress/title.js'
import type { ScrapedCounts } from '../../clients/scrape/swarm-counts.js'
import type { Origins } from '../torrents/on-demand.js'

/** Works that run, and works that wait for their turn. */
export interface QueueStatus {
  readonly running: number
  readonly waiting: number
}

/** A tracker, with the sum of its last counts of the busiest torrents. */
export interface TrackerStatus {
  readonly url: string
  /** In ISO 8601; null before the first scrape. */
  readonly askedAt: string | null
  /** Why there are no counts; null if there are. */
  readonly error: string | null
  /** Null if there are none. */
  readonly counts: ScrapedCounts | null
}

/** A torrent that is requested often. */
export interface BusyStatus {
  readonly title: TorrentTitle
  readonly version: MetainfoVersion
  readonly infoHash: string
  readonly requests: number
  /** The counts of the tracker that knows most of its peers; null if no tracker knows it. */
  readonly counts: ScrapedCounts | null
}

/** Files that are hashed before anybody asks for them. */
export interface WarmStatus {
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
    /** Size of its file. */
    readonly bytes: number
    readonly records: number
    /** Records that were found when they were looked up, and those that were not. */
    readonly hits: number
    readonly misses: number
    /** Numbers of torrents by their source. */
    readonly origins: Origins
  }
  readonly trackers: readonly TrackerStatus[]
  readonly busiest: {
    /** The time from which requests are counted, in ISO 8601. */
    readonly since: string
    readonly torrents: readonly BusyStatus[]
  }
}
