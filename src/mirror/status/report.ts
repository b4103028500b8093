import type { ProgressStatus } from '../progress/progress.js'
import type { TorrentTitle } from '../progress/title.js'
import type { ScrapedCounts } from '../../clients/scrape/swarm-counts.js'
import type { Origins } from '../torrents/on-demand.js'

/** Works that go on, and works that wait for their turn. */
export interface QueueStatus {
  readonly running: number
  readonly waiting: number
}

/** A tracker, and what it told of the busiest torrents together when it was asked last. */
export interface TrackerStatus {
  readonly url: string
  /** As ISO 8601 has it; null before it was asked. */
  readonly askedAt: string | null
  /** Why there are no counts. */
  readonly error: string | null
  /** Null where there are none. */
  readonly counts: ScrapedCounts | null
}

/** A torrent that is asked for often. */
export interface BusyStatus {
  readonly title: TorrentTitle
  readonly infoHash: string
  readonly requests: number
  /** What the tracker that knows most peers of it has told; null when none did. */
  readonly counts: ScrapedCounts | null
}

/** Files that are hashed before anybody asks for them. */
export interface WarmStatus {
  readonly ready: number
  readonly waiting: number
  readonly failed: number
  /** Jobs at work. */
  readonly running: number
  /** Since the start. */
  readonly bytesHashed: number
}

/** What anybody may know of the service, as of a moment. */
export interface StatusReport {
  /** As ISO 8601 has it. */
  readonly time: string
  readonly version: string
  readonly uptimeSeconds: number
  readonly hashing: QueueStatus & {
    /** Since the start, padding included. */
    readonly bytesHashed: number
    /** Those that are furthest first, and not more than a page can show. */
    readonly torrents: readonly ProgressStatus[]
  }
  readonly planning: QueueStatus
  /** Null where nothing is hashed ahead. */
  readonly warm: WarmStatus | null
  readonly cache: {
    /** Of its file. */
    readonly bytes: number
    readonly records: number
    /** Records that were there when they were looked for, and others. */
    readonly hits: number
    readonly misses: number
    /** Where torrents came from. */
    readonly origins: Origins
  }
  readonly trackers: readonly TrackerStatus[]
  readonly busiest: {
    /** Since when requests are counted, as ISO 8601 has it. */
    readonly since: string
    readonly torrents: readonly BusyStatus[]
  }
}
