import { Command } from '../../acting-command.js'
import { nameErrors } from '../../../base/errors.js'
import { magnetLink, parseFileRanges } from '../../../metainfo/magnet.js'
import { announceUrls } from '../../../metainfo/trackers.js'
import { hasSecret } from '../../../base/text/secrets.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { eachTorrent, type ReadTorrent } from '../../open/torrent-input.js'
import { Report } from '../../output/report.js'
import { torrentValue } from '../../output/torrent-json.js'

const EXAMPLES = `
Examples:
  btkit magnet image.iso.torrent
  btkit magnet --select-only 0,2 release.torrent`

export const command: CommandRecord = {
  group: 'Show and check',
  order: 50,
  summary: 'Print the magnet links of torrents',
  example: 'image.iso.torrent',
  define: defineMagnet,
}

function defineMagnet({ io, finish }: CommandContext) {
  return new Command('magnet', { takes: 'torrent' })
    .description('Print the magnet links of torrents, one per line.')
    .argument('<torrent...>', 'torrents, or directories of them; - reads standard input')
    .opt(
      '--select-only <files>',
      `let clients download only these files (BEP 53), such as 0,2,4-6. The first file is 0, and pad
        files count.`,
      { parse: parseFileRanges },
    )
    .opt(
      '--json',
      `print one JSON object a line for each torrent. It has *torrent*, *infoHash*, *infoHashV2*,
        *name*, *magnet*, *error* and *code*.`,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (torrents, options) => {
      const report = new Report(options, io)
      const show = async (torrent: string, read: ReadTorrent) => {
        const metainfo = await read()
        const magnet = nameErrors(torrent, () => magnetLink(metainfo, options.selectOnly))
        report.line(torrentValue(torrent, metainfo, { name: metainfo.name, magnet }), magnet)
        if (announceUrls(metainfo).some(hasSecret))
          report.note(`${torrent}: the link holds a passkey; whoever has it can use it`)
      }
      finish(await eachTorrent(torrents, show, report, io))
    })
}
