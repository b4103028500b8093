import { setImmediate } from 'node:timers/promises'
import type { FailedFile } from '../core/edit/files.js'
import { torrentsAt } from '../core/launch/find-torrents.js'
import { refuseAborted } from '../errors.js'
import {
  summarize,
  torrentFacts,
  type TorrentFacts,
  type TorrentSummary,
} from '../metainfo/summary.js'
import { requirePaths } from './check-options.js'
import { readInput, type ReadOptions } from './read.js'

/** The sums of a collection of torrents. */
export interface CollectionReport extends TorrentSummary {
  /** Torrents that cannot be read, and directories that cannot be or have no torrents. */
  readonly failures: readonly FailedFile[]
}

/**
 * Counts torrents, and their files, sizes, trackers, versions and piece lengths. `places` are
 * .torrent files, and directories with such files in them and below.
 * @throws BtkitError `interrupted`
 */
export async function summarizeTorrents(
  places: readonly string[],
  options: ReadOptions = {},
): Promise<CollectionReport> {
  requirePaths(places, 'places')
  const { torrents, failures: unlisted } = torrentsAt(places, '')
  const failures = [...unlisted].map(failed)
  const facts: TorrentFacts[] = []
  for (const torrent of torrents) {
    await setImmediate()
    refuseAborted(options.signal)
    try {
      facts.push(torrentFacts(readInput(torrent, options)))
    } catch (error) {
      failures.push(failed([torrent, error]))
    }
  }
  return { ...summarize(facts), failures }
}

function failed([file, error]: [string, unknown]): FailedFile {
  return { file, error: error instanceof Error ? error : new Error(String(error)) }
}
