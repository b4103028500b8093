import { BtkitError } from '../../../errors.js'
import { combineEdits } from '../../../metainfo/edit/combine.js'
import { setDetails, type Details } from '../../../metainfo/edit/details.js'
import { setName } from '../../../metainfo/edit/name.js'
import { changeSeeds } from '../../../metainfo/edit/seeds.js'
import type { TorrentEdit } from '../../../metainfo/edit/splice-torrent.js'
import { takeTrackerSteps } from '../../../metainfo/edit/tracker-steps.js'
import { changeTrackers, trackerBytes } from '../../../metainfo/edit/trackers.js'

/** The options of edit that say what to change. */
export interface ChangeOptions {
  readonly comment?: string | false | undefined
  readonly createdBy?: string | false | undefined
  /** In seconds since 1970. */
  readonly date?: number | 'now' | false | undefined
  readonly name?: string | undefined
  readonly private?: boolean | undefined
  readonly source?: string | false | undefined
  readonly addTracker: readonly string[]
  readonly removeTracker: readonly string[]
  readonly addWebSeed: readonly string[]
  readonly removeWebSeed: readonly string[]
}

/**
 * Translates the options into one edit; `nowMs` is what `now` stands for.
 * @throws BtkitError `usage` when they ask for nothing
 */
export function editOf(options: ChangeOptions, nowMs: number): TorrentEdit {
  const { addTracker, removeTracker, addWebSeed, removeWebSeed } = options
  const details = detailsOf(options, nowMs)
  const edits = [
    ...(Object.values(details).some((detail) => detail !== undefined) ? [setDetails(details)] : []),
    ...(options.name === undefined ? [] : [setName(options.name)]),
    ...(addTracker.length + removeTracker.length > 0 ? [trackersEdit(options)] : []),
    ...(addWebSeed.length + removeWebSeed.length > 0
      ? [changeSeeds('url-list', { remove: removeWebSeed, add: addWebSeed })]
      : []),
  ]
  if (edits.length > 0) return combineEdits(edits)
  throw new BtkitError('usage', 'nothing to change: no --comment, --date or the like')
}

function trackersEdit({ addTracker, removeTracker }: ChangeOptions): TorrentEdit {
  const steps = {
    remove: removeTracker.map(trackerBytes),
    replace: [],
    add: addTracker.map(trackerBytes),
  }
  return changeTrackers((trackers) => takeTrackerSteps(trackers, steps))
}

function detailsOf(options: ChangeOptions, nowMs: number): Details {
  const { date } = options
  return {
    comment: textOf(options.comment),
    createdBy: textOf(options.createdBy),
    creationDate: date === false ? null : date === 'now' ? Math.floor(nowMs / 1000) : date,
    private: options.private,
    source: textOf(options.source),
  }
}

/** An empty text leaves no key behind. */
function textOf(option: string | false | undefined): string | null | undefined {
  if (option === false || option === '') return null
  return typeof option === 'string' ? option : undefined
}
