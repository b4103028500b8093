import type { EditedFile } from '../../../core/edit/file.js'
import {
  parseReplacement,
  type TrackerReplacement,
} from '../../../metainfo/edit/tracker-replacement.js'
import { checkTracker, parseAnnounceList } from '../../../metainfo/trackers.js'
import type { CommandContext } from '../../context.js'
import { planAnnounce } from './announce.js'
import { declareBulkEdit } from '../editing/options.js'
import { oldTrackerLines, trackerLines } from '../editing/report.js'
import { runEdits } from '../editing/run.js'
import { checked, collect } from '../../arguments/values.js'

const EXAMPLES = `
Without --replace, --add and --remove, the first argument is the new announce.

Examples:
  btkit reannounce http://new.example/announce *.torrent
  btkit reannounce --replace http://old.example/=http://new.example/ *.torrent
  find . -name '*.torrent' | btkit reannounce --add udp://t:69 --files-from -`

export function defineReannounce({ io, finish }: CommandContext) {
  return declareBulkEdit('reannounce')
    .description('Change the trackers of torrents, and nothing else.')
    .argument('[announce-or-torrent...]', 'the new announce, and the torrents to change')
    .option(
      '--announce-list <list>',
      "trackers: ',' between those of a tier, '|' between tiers; without it a list is removed",
      checked(parseAnnounceList),
    )
    .option('--remove <url>', 'take a tracker out (repeatable)', collect, [])
    .option(
      '--replace <old=new>',
      'put a tracker in the place of one (repeatable)',
      replacements,
      [],
    )
    .option('--add <url>', 'have a tracker in a tier of its own (repeatable)', trackers, [])
    .addHelpText('after', EXAMPLES)
    .action(async (args, options) => {
      const { edit, torrents, isLegacy } = planAnnounce(args, options)
      const describe = isLegacy ? oldTrackerLines : changedTrackerLines
      const run = { operands: torrents, edit, options, describe, hasSummary: !isLegacy }
      finish(await runEdits(run, io))
    })
}

function replacements(text: string, previous: TrackerReplacement[]): TrackerReplacement[] {
  return [...previous, checked(parseReplacement)(text)]
}

function trackers(text: string, previous: string[]): string[] {
  return collect(checked(checkTracker)(text), previous)
}

function changedTrackerLines(edited: EditedFile): string[] {
  const { file, isChanged, after } = edited
  if (!isChanged) return []
  return [...oldTrackerLines(edited), ...trackerLines(after, 'new', ` for ${file}`)]
}
