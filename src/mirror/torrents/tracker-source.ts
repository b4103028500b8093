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

/** Trackers by their announce URLs, none being a choice as well; or the file that they are read from. */
export type TrackersWanted = { readonly urls: readonly string[] } | { readonly path: string }

/** A service without any tracker would make torrents that reach nobody, so that has to be asked for. */
export class NoTrackers extends BtkitError {
  constructor(problem: string) {
    super('usage', `no trackers (${problem})`)
  }
}

/**
 * The trackers that are asked for.
 * @throws NoTrackers when a file names none to begin with
 */
export async function openTrackers(
  wanted: TrackersWanted,
  { now, report }: Omit<TrackerFileParts, 'path'>,
): Promise<TrackerSource> {
  if ('urls' in wanted) return fixedTrackers(wanted.urls, now())
  return fileTrackers({ path: wanted.path, now, report })
}

/** Trackers that stay as they are, or none; `since` is in milliseconds since 1970. */
export function fixedTrackers(urls: readonly string[], since: number): TrackerSource {
  const list = { urls: [...new Set(urls)], since }
  return { current: () => list, refresh: () => Promise.resolve() }
}

/**
 * The trackers in a file.
 * @throws NoTrackers when it names none to begin with
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
