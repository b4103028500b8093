import { Command } from '../../acting-command.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { eachTorrent, type ReadTorrent } from '../../open/torrent-input.js'
import { Report } from '../../output/report.js'
import { torrentValue } from '../../output/torrent-json.js'

const EXAMPLES = `
Examples:
  btkit hash image.iso.torrent
  btkit hash *.torrent | sort`

export const command: CommandRecord = {
  group: 'Show and check',
  order: 60,
  summary: 'Print only the info hashes of torrents',
  example: 'image.iso.torrent',
  define: defineHash,
}

function defineHash({ io, finish }: CommandContext) {
  return new Command('hash', { takes: 'torrent' })
    .description(
      'Print the info hashes of torrents, one line per torrent; of several torrents with their files.',
    )
    .argument('<torrent...>', 'torrents, or directories of them; - reads standard input')
    .opt(
      '--json',
      `print one JSON object a line for each torrent. It has *torrent*, *infoHash*, *infoHashV2*,
        *name*, *error* and *code*.`,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (torrents, options) => {
      const report = new Report(options, io)
      const show = async (torrent: string, read: ReadTorrent, all: readonly string[]) => {
        const metainfo = await read()
        const hashes = [metainfo.infoHash, metainfo.infoHashV2].flatMap((hash) => hash ?? [])
        const name = all.length > 1 ? `  ${torrent}` : ''
        report.line(
          torrentValue(torrent, metainfo, { name: metainfo.name }),
          `${hashes.join(' ')}${name}`,
        )
      }
      finish(await eachTorrent(torrents, show, report, io))
    })
}
