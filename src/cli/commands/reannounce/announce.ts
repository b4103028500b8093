import { BtkitError } from '../../../errors.js'
import { takeTrackerSteps, type TrackerSteps } from '../../../metainfo/edit/tracker-steps.js'
import { changeTrackers, setTrackers, trackerBytes } from '../../../metainfo/edit/trackers.js'
import type { TorrentEdit } from '../../../metainfo/edit/splice-torrent.js'
import {
  replaceTracker,
  type TrackerReplacement,
} from '../../../metainfo/edit/tracker-replacement.js'
import { looksLikeUrl, parseTrackers } from '../../../metainfo/trackers.js'

/** The options of reannounce that say what to do. */
export interface AnnounceOptions {
  /** One tier per option. */
  readonly announce: readonly (readonly string[])[]
  readonly announceList?: string[][] | undefined
  readonly replace: readonly TrackerReplacement[]
  readonly add: readonly string[]
  readonly remove: readonly string[]
}

/** The edit and the torrents that a command line asks for. */
export interface AnnounceEdit {
  readonly edit: TorrentEdit
  readonly torrents: readonly string[]
}

/**
 * Translates both forms of reannounce. With --announce, --add, --remove or --replace all arguments
 * are torrents. Without them the first argument is the new announce.
 * @throws BtkitError `usage` if the arguments contradict each other
 */
export function planAnnounce(operands: readonly string[], options: AnnounceOptions): AnnounceEdit {
  const { announce, announceList, replace, add, remove } = options
  const hasSteps = replace.length + add.length + remove.length > 0
  if (hasSteps && announce.length > 0)
    throw usage('--announce excludes --replace, --add and --remove')
  if (announce.length > 0) return setTiers(operands, announce, announceList ?? null)
  if (!hasSteps) return setAnnounce(operands, announceList ?? null)
  if (announceList !== undefined) {
    throw usage('--announce-list excludes --replace, --add and --remove')
  }
  const url = operands.find(looksLikeUrl)
  if (url !== undefined)
    throw usage(`${url}: with --replace, --add or --remove all arguments are torrents`)
  const steps: TrackerSteps = {
    set: null,
    prepend: [],
    remove: remove.map(trackerBytes),
    replace: replace.map(({ from, to }) => {
      const replacement = { from: trackerBytes(from), to: trackerBytes(to) }
      return (tracker) => replaceTracker(tracker, replacement)
    }),
    add: add.map(trackerBytes),
  }
  return {
    edit: changeTrackers((old) => takeTrackerSteps(old, steps)),
    torrents: operands,
  }
}

/** BitTornado's form: an announce, with an optional list, replaces all trackers. */
function setAnnounce([announce, ...torrents]: readonly string[], list: string[][] | null) {
  if (announce === undefined)
    throw usage('nothing to change; give an announce URL, --replace, --add or --remove')
  if (!looksLikeUrl(announce) && /\.torrent$/i.test(announce))
    throw usage(`${announce}: no announce URL before it; give one, or --replace, --add or --remove`)
  const given = parseTrackers(announce)
  if (list && given.flat().length > 1) {
    const both = '--announce-list and several trackers in the argument'
    throw usage(`${both} cannot be used together`)
  }
  const [[first = ''] = []] = given
  list ??= given.flat().length > 1 ? given : null
  const edit = setTrackers({
    announce: trackerBytes(first),
    tiers: list?.map((tier) => tier.map(trackerBytes)) ?? null,
  })
  return { edit, torrents }
}

/** The form of the makers: all trackers by --announce. */
function setTiers(
  operands: readonly string[],
  announce: readonly (readonly string[])[],
  list: string[][] | null,
) {
  const [first = '', ...others] = announce.flat()
  const url = operands.find(looksLikeUrl)
  if (url !== undefined)
    throw usage(`${url}: give the tracker either as an argument or with --announce`)
  if (list && others.length > 0)
    throw usage('--announce-list and several trackers in --announce cannot be used together')
  const tiers = list ?? (others.length > 0 ? announce.map((tier) => [...tier]) : null)
  return setAnnounce([first, ...operands], tiers)
}

function usage(reason: string): BtkitError {
  return new BtkitError('usage', reason)
}
