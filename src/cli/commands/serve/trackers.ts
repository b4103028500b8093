import { resolve } from 'node:path'
import { BtkitError } from '../../../errors.js'
import { NoTrackers, type TrackersWanted } from '../../../service/torrents/tracker-source.js'
import type { Io } from '../../io.js'
import { TRACKERS_FILE, type ServeOptions } from './options.js'

/**
 * The trackers that a command line asks for.
 * @throws BtkitError `usage`
 */
export function trackersWanted(options: ServeOptions, io: Io): TrackersWanted {
  const { tracker, trackerless, trackers, track } = options
  if (trackerless && tracker.length > 0) {
    throw new BtkitError('usage', '--tracker and --trackerless exclude each other')
  }
  if (trackerless && track !== undefined) {
    throw new BtkitError('usage', '--track and --trackerless exclude each other')
  }
  if (track !== undefined) return { urls: [track, ...tracker] }
  if (trackerless || tracker.length > 0) return { urls: tracker }
  return { path: resolve(io.cwd, trackers ?? TRACKERS_FILE) }
}

/** Adds which options help to an error that says that there are no trackers. */
export function nameTrackerOptions(error: unknown): unknown {
  if (!(error instanceof NoTrackers)) return error
  const ways = 'give --trackers FILE, --tracker URL or --trackerless'
  return new BtkitError('usage', `${error.message}: ${ways}`, { cause: error })
}
