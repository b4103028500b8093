import { BtkitError } from '../../../errors.js'
import { readTrackers, setTrackers } from '../../../metainfo/edit/trackers.js'
import { readTorrentFile } from '../../arguments/torrent-input.js'
import type { CommandContext } from '../../context.js'
import { declareBulkEdit } from '../editing/options.js'
import { oldTrackerLines, trackerLines } from '../editing/legacy.js'
import { runEdits } from '../editing/run-edits.js'

const EXAMPLES = `
Examples:
  btkit copyannounce new.torrent old/*.torrent
  btkit copyannounce --dry-run new.torrent old/*.torrent`

/**
 * Defines the command `copyannounce`.
 * @throws BtkitError `metainfo` if the source has no trackers
 */
export function defineCopyannounce({ io, isLegacy, finish }: CommandContext) {
  return declareBulkEdit('copyannounce')
    .description('Copy the trackers of a torrent to others.')
    .argument('<source>', 'the torrent whose trackers to copy')
    .argument('[torrent...]', 'the torrents to change')
    .addHelpText('after', EXAMPLES)
    .action(async (source, operands, options) => {
      const metainfo = readTorrentFile(source, options.maxTorrentSize)
      const trackers = readTrackers(metainfo)
      if (trackers.announce === null && trackers.tiers === null) {
        throw new BtkitError('metainfo', `${source}: has no trackers to copy; name another torrent`)
      }
      const heading = trackerLines(metainfo, 'new', '')
      const legacy = isLegacy ? { heading, describe: oldTrackerLines } : null
      finish(await runEdits({ operands, edit: setTrackers(trackers), options, legacy }, io))
    })
}
