import { BtkitError } from '../../../base/errors.js'
import { changeTrackers, readTrackers } from '../../../metainfo/edit/trackers.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { declareEditing } from '../../editing/options.js'
import { oldTrackerLines, runEdits, trackerLines } from '../../editing/run-edits.js'
import { readTorrentFile } from '../../open/torrent-input.js'

const EXAMPLES = `
Examples:
  btkit copyannounce new.torrent old/*.torrent
  btkit copyannounce --dry-run new.torrent old/*.torrent`

export const command: CommandRecord = {
  group: 'Other names',
  order: 10,
  summary: 'Copy the trackers of one torrent to others',
  example: 'good.torrent *.torrent',
  define: defineCopyannounce,
}

function defineCopyannounce({ io, isLegacy, finish }: CommandContext) {
  return declareEditing('copyannounce')
    .description('Copy the trackers of a torrent to others; reannounce takes URLs.')
    .argument('<source>', 'the torrent whose trackers to copy')
    .argument('[torrent...]', 'the torrents to change')
    .addHelpText('after', EXAMPLES)
    .action(async (source, operands, options) => {
      const metainfo = readTorrentFile(source)
      const trackers = readTrackers(metainfo)
      if (trackers.announce === null && trackers.tiers === null) {
        throw new BtkitError('metainfo', `${source}: has no trackers to copy; name another torrent`)
      }
      const heading = trackerLines(metainfo, 'new', '')
      const legacy = isLegacy ? { heading, describe: oldTrackerLines } : null
      finish(
        await runEdits({ operands, edit: changeTrackers(() => trackers), options, legacy }, io),
      )
    })
}
