import type { RunningTracker } from '../../tracker/app/run-tracker.js'
import type { ActivityLog } from '../activity/activity-log.js'

/** The parts that pages are made of. */
export interface PagesParts {
  readonly tracker: Pick<RunningTracker, 'view' | 'refresh' | 'addresses'>
  /** The directories of torrents, as absolute paths. */
  readonly directories: readonly string[]
  readonly log: ActivityLog
  /** Milliseconds since 1970. */
  readonly now: () => number
}
