import { resolve } from 'node:path'
import { BtkitError } from '../../../errors.js'
import {
  fileTrackers,
  fixedTrackers,
  type TrackerSource,
} from '../../../service/torrents/tracker-source.js'
import { reportWarning } from '../../output/messages.js'
import type { Io } from '../../io.js'
import { TRACKERS_FILE, type ServeOptions } from './options.js'

/**
 * The trackers that a command line asks for. A service without any would make torrents that reach
 * nobody, so that has to be asked for.
 * @throws BtkitError `usage`
 */
export async function openTrackers(options: ServeOptions, io: Io): Promise<TrackerSource> {
  const { tracker, trackerless, trackers } = options
  if (trackerless && tracker.length > 0) {
    throw new BtkitError('usage', '--tracker and --trackerless exclude each other')
  }
  if (trackerless || tracker.length > 0) return fixedTrackers(tracker, io.now())
  try {
    return await fileTrackers({
      path: resolve(io.cwd, trackers ?? TRACKERS_FILE),
      report: (message) => {
        reportWarning(message, io)
      },
      now: io.now,
    })
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    const ways = 'give --trackers FILE, --tracker URL or --trackerless'
    throw new BtkitError('usage', `no trackers (${error.message}): ${ways}`)
  }
}
