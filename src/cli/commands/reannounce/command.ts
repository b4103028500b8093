import type { TorrentFacts } from '../../../core/edit/file.js'
import {
  isReplaced,
  parseReplacement,
  substitute,
  type TrackerReplacement,
} from '../../../metainfo/edit/tracker-replacement.js'
import { announceUrls, parseAnnounceList } from '../../../metainfo/trackers.js'
import type { CommandContext } from '../../context.js'
import { planAnnounce } from './announce.js'
import { declareBulkEdit } from '../editing/options.js'
import { oldTrackerLines } from '../editing/legacy.js'
import { runEdits, type Removal } from '../editing/run-edits.js'
import { checked, collect, trackers, trackerTiers } from '../../arguments/values.js'

const EXAMPLES = `
Without -a, --replace, --add and --remove, the first argument is the tracker.

Examples:
  btkit reannounce http://new.example/announce *.torrent
  btkit reannounce --replace http://old.example/=http://new.example/ *.torrent
  find . -name '*.torrent' | btkit reannounce --add udp://t:69 --files-from -`

/** Defines the command `reannounce`. */
export function defineReannounce({ io, isLegacy, finish }: CommandContext) {
  return declareBulkEdit('reannounce')
    .description('Change the trackers of torrents, and nothing else.')
    .argument('[announce-or-torrent...]', 'the new tracker or a list, and the torrents to change')
    .optionsGroup('Trackers:')
    .option(
      '-a, --announce <urls>',
      "set this tracker instead of the argument; ',' separates trackers of a tier, each -a " +
        'adds a tier (repeatable)',
      trackerTiers,
      [],
    )
    .option(
      '--announce-list <list>',
      "set the list: ',' within a tier, '|' between tiers (default: no list)",
      checked(parseAnnounceList),
    )
    .option('--remove <url>', 'remove a tracker (repeatable)', collect, [])
    .option(
      '--replace <old=new>',
      'replace a tracker, or its beginning (repeatable)',
      replacements,
      [],
    )
    .option('--add <url>', 'add a tracker in a tier of its own (repeatable)', trackers, [])
    .addHelpText('after', EXAMPLES)
    .action(async (args, options) => {
      const { edit, torrents } = planAnnounce(args, options)
      const legacy = isLegacy ? { describe: oldTrackerLines } : null
      const removals = options.remove.map((url) => ({
        option: `--remove ${url}`,
        isIn: (facts: TorrentFacts) => announceUrls(facts).includes(url),
      }))
      const edits = [...removals, ...options.replace.map(asRemoval)]
      finish(await runEdits({ operands: torrents, edit, options, removals: edits, legacy }, io))
    })
}

/** Warns about a replacement of a tracker that no torrent has, before or after earlier ones. */
function asRemoval(
  { from, to }: TrackerReplacement,
  i: number,
  all: readonly TrackerReplacement[],
): Removal {
  const isIn = (facts: TorrentFacts) => {
    const now = (url: string) => all.slice(0, i).reduce(substitute, url)
    return announceUrls(facts).some((url) => isReplaced(now(url), from))
  }
  return { option: `--replace ${from}=${to}`, isIn }
}

function replacements(text: string, previous: TrackerReplacement[]): TrackerReplacement[] {
  return [...previous, checked(parseReplacement)(text)]
}
