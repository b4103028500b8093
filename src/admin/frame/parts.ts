import type { RunningTracker } from '../../tracker/app/run-tracker.js'
import type { BanList } from '../bans/ban-list.js'
import type { ActivityLog } from '../activity/activity-log.js'

/** The files of bans. */
export interface Bans {
  readonly addresses: BanList
  readonly torrents: BanList
}

/** The parts that pages are made of. */
export interface PagesParts {
  readonly tracker: Pick<RunningTracker, 'view' | 'refresh'>
  /** The announce URLs of the tracker for clients. */
  readonly announceUrls: readonly string[]
  /** The directories of current torrents, as absolute paths. */
  readonly directories: readonly string[]
  /** The directories of retired torrents, as absolute paths. */
  readonly archives: readonly string[]
  readonly log: ActivityLog
  readonly bans: Bans
  /** Milliseconds since 1970. */
  readonly now: () => number
}
