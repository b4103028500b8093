import { BtkitError } from '../../errors.js'
import { TrackerFile, type TrackerFileParts } from './tracker-file.js'
import type { TrackerList } from './tracker-list.js'

/** The source of torrents' trackers. */
export interface TrackerSource {
  /** The current trackers. */
  readonly current: () => TrackerList
  /** Checks whether they changed; `isForced` reads them again in any case. */
  readonly refresh: (isForced?: boolean) => Promise<void>
}

/** Announce URLs, possibly none; or the file to read them from. */
export type TrackersWanted = { readonly urls: readonly string[] } | { readonly path: string }

/**
 * Torrents without a tracker reach nobody, so a service without trackers must be asked for
 * explicitly.
 */
export class NoTrackers extends BtkitError {
  constructor(problem: string) {
    super('usage', `no trackers (${problem})`)
  }
}

/**
 * Opens the wanted trackers.
 * @throws NoTrackers if a file names none at first
 */
export async function openTrackers(
  wanted: TrackersWanted,
  { now, report }: Omit<TrackerFileParts, 'path'>,
): Promise<TrackerSource> {
  if ('urls' in wanted) return fixedTrackers(wanted.urls, now())
  return fileTrackers({ path: wanted.path, now, report })
}

/** Trackers that never change, possibly none; `since` is in milliseconds since 1970. */
export function fixedTrackers(urls: readonly string[], since: number): TrackerSource {
  const list = { urls: [...new Set(urls)], since }
  return { current: () => list, refresh: () => Promise.resolve() }
}

/**
 * The trackers in a file.
 * @throws NoTrackers if it names none at first
 */
export async function fileTrackers(parts: TrackerFileParts): Promise<TrackerSource> {
  const file = new TrackerFile(parts)
  await file.refresh()
  const first = file.current
  if (first === null) throw new NoTrackers(file.problem)
  return {
    current: () => file.current ?? first,
    refresh: (isForced) => file.refresh(isForced),
  }
}
