import { scrapeTracker } from '../scrape/scrape-tracker.js'
import { TrackerScrapes } from '../scrape/tracker-scrapes.js'
import type { StatusReport } from '../status/report.js'
import {
  MAX_LISTED,
  StatusSource,
  trackedHash,
  type StatusSourceParts,
} from '../status/status-source.js'
import type { TrackerSource } from '../torrents/tracker-source.js'

export interface OpenStatusParts extends Omit<StatusSourceParts, 'scrapes'> {
  readonly trackers: TrackerSource
  /** Hears of errors that are the server's own. */
  readonly onError: (error: unknown) => void
}

/** What tells of the service to anybody. */
export interface OpenedStatus {
  /** The report of the last second. */
  readonly report: () => Promise<StatusReport>
  /** Asks trackers no more. */
  readonly stop: () => void
}

/** Puts together what tells of the service. */
export function openStatus(parts: OpenStatusParts): OpenedStatus {
  const { trackers, busy, now, monotonic, onError } = parts
  const scrapes = new TrackerScrapes({
    trackers: () => trackers.current().urls,
    infoHashes: () => busy.top(MAX_LISTED).map(trackedHash),
    scrape: (question) => scrapeTracker(question),
    now,
    monotonic,
    onError,
  })
  const source = new StatusSource({ ...parts, scrapes })
  return {
    report: () => source.current(),
    stop: () => {
      scrapes.stop()
    },
  }
}
