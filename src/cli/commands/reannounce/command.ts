import { usageError } from '../../../base/errors.js'
import { noTorrent } from '../../line/operands.js'
import { changeTrackers, parseReplacement, trackerBytes } from '../../../metainfo/edit/trackers.js'
import {
  distinctTiers,
  announceUrls,
  looksLikeUrl,
  parseAnnounceList,
  parseTrackers,
} from '../../../metainfo/trackers.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { declareBulkEdit, splitFirst } from '../../editing/options.js'
import {
  oldTrackerLines,
  removals,
  replacements,
  runEdits,
  stepTrackers,
} from '../../editing/run-edits.js'
import { LIST_BESIDE_ANNOUNCE } from '../../options/torrent.js'
import { collect, repeated, trackers, trackerTiers } from '../../options/values.js'

const EXAMPLES = `
Without -a, --replace-tracker, --add-tracker and --remove-tracker, the first
argument is the tracker.

Examples:
  btkit reannounce http://new.example/announce *.torrent
  btkit reannounce --replace-tracker http://a.example=http://b.example *.torrent
  find . -name '*.torrent' |
    btkit reannounce --add-tracker udp://t.example:6969 --files-from -`

function declareReannounce() {
  const command = declareBulkEdit('reannounce', true)
    .description('Change the trackers of torrents, and nothing else; edit changes all values.')
    .argument('[announce-or-torrent...]', 'the new tracker or a list, and the torrents to change')
    .optionsGroup('Trackers:')
    .opt(
      '-a, --announce <urls>',
      `set this tracker instead of the argument; ',' separates trackers of a tier, each -a adds a
        tier (repeatable). All arguments are then torrents. A '|' begins a tier, too.`,
      { trackers: 'tiers', ...trackerTiers },
    )
    .opt(
      '--announce-list <list>',
      "set the list: ',' within a tier, '|' between tiers (default: no list)",
      { ...LIST_BESIDE_ANNOUNCE, parse: parseAnnounceList },
    )
    .opt(
      '--remove-tracker <url>',
      `remove the tracker with exactly this address (repeatable). A note reports a torrent that has
        no tracker any more.`,
      { mayBeEmpty: true, trackers: 'removed', ...collect },
    )
    .opt(
      '--replace-tracker <old=new>',
      `replace a tracker, or its beginning (repeatable). In <old=new>, the first is a whole address,
        or its beginning up to a '/', ':' or '?'. 'http://a.example' matches
        'http://a.example:6969/announce', but not 'http://a.example.org/'.`,
      { form: 'map', isSecret: true, ...repeated((text) => [parseReplacement(text)]) },
    )
    .opt(
      '--add-tracker <url>',
      `add a tracker in a last tier of its own, unless the torrent has it (repeatable). A torrent
        without an announce list gets one.`,
      { trackers: 'added', ...trackers },
    )
    .addHelpText('after', EXAMPLES)
  return command
}

/** The options that change single trackers. */
const STEPS = '--replace-tracker, --add-tracker or --remove-tracker'

type AnnounceOptions = ReturnType<ReturnType<typeof declareReannounce>['opts']>

export const command: CommandRecord = {
  group: 'Make and change torrents',
  order: 40,
  summary: 'Change the trackers of torrents',
  example: 'http://tracker.example/announce *.torrent',
  define: defineReannounce,
}

function defineReannounce({ io, isLegacy, finish }: CommandContext) {
  return declareReannounce().action(async (args, options) => {
    const { edit, torrents } = planAnnounce(args, options)
    requireTorrents(torrents, options)
    const legacy = isLegacy ? { describe: oldTrackerLines } : null
    const removed = removals('--remove-tracker', options.removeTracker, announceUrls)
    const replaced = replacements('--replace-tracker', options.replaceTracker, announceUrls)
    const all = [...removed, ...replaced]
    finish(await runEdits({ operands: torrents, edit, options, removals: all, legacy }, io))
  })
}

/** @throws BtkitError `usage` if a shell may have cut off the torrents after a list */
function requireTorrents(
  torrents: readonly string[],
  { announceList, filesFrom }: AnnounceOptions,
): void {
  if (torrents.length > 0 || filesFrom !== undefined || announceList === undefined) return
  throw noTorrent(`, and put a list with '|' in quotes`)
}

/**
 * Translates the forms of reannounce. With --announce or an option of STEPS all arguments are
 * torrents. Without them one argument is the new announce.
 * @throws BtkitError `usage` if the arguments contradict each other
 */
function planAnnounce(args: readonly string[], options: AnnounceOptions) {
  const { announce, announceList } = options
  const { replaceTracker: replace, addTracker: add, removeTracker: remove } = options
  const isOption = announce.length > 0
  const url = args.find(looksLikeUrl)
  if (replace.length + add.length + remove.length > 0) {
    if (isOption) throw usageError(`--announce excludes ${STEPS}`)
    if (announceList) throw usageError(`--announce-list excludes ${STEPS}`)
    if (url !== undefined) throw usageError(`${url}: with ${STEPS} all arguments are torrents`)
    return { edit: stepTrackers({ replace, add, remove }), torrents: args }
  }
  if (isOption && url !== undefined)
    throw usageError(`${url}: give the tracker either as an argument or with --announce`)
  const [first, torrents] = isOption ? ['', args] : splitFirst(args, looksLikeUrl)
  if (first === undefined) throw usageError(`nothing to change; give an announce URL, ${STEPS}`)
  if (!isOption && url === undefined && /\.torrent$/i.test(first))
    throw usageError(`${first}: no announce URL before it; give one, or ${STEPS}`)
  const given = distinctTiers(isOption ? announce : parseTrackers(first))
  const isList = given.flat().length > 1
  const tiers = announceList ? distinctTiers(announceList) : isList ? given : null
  const edit = changeTrackers(() => ({
    announce: trackerBytes(given[0]?.[0] ?? ''),
    tiers: tiers?.map((tier) => tier.map(trackerBytes)) ?? null,
  }))
  return { edit, torrents }
}
