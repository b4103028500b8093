import { BtkitError } from '../../errors.js'
import { TrackerFile, type TrackerFileParts } from './tracker-file.js'
import type { TrackerList } from './tracker-list.js'

/** Where the trackers of torrents come from. */
export interface TrackerSource {
  /** Those of this moment. */
  readonly current: () => TrackerList
  /** Sees whether they changed; with `isForced` it reads them again in any case. */
  readonly refresh: (isForced?: boolean) => Promise<void>
}

/** Trackers that stay as they are, or none; `since` is in milliseconds since 1970. */
export function fixedTrackers(urls: readonly string[], since: number): TrackerSource {
  const list = { urls: [...new Set(urls)], since }
  return { current: () => list, refresh: () => Promise.resolve() }
}

/**
 * The trackers in a file.
 * @throws BtkitError `usage` when it names none to begin with
 */
export async function fileTrackers(parts: TrackerFileParts): Promise<TrackerSource> {
  const file = new TrackerFile(parts)
  await file.refresh()
  const first = file.current
  if (first === null) throw new BtkitError('usage', file.problem)
  return {
    current: () => file.current ?? first,
    refresh: (isForced) => file.refresh(isForced),
  }
}
