import { basename } from 'node:path'
import { Command, Option } from '@commander-js/extra-typings'
import { magnetLink } from '../../../metainfo/magnet.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { CommandContext } from '../../context.js'
import { reportWarning, tryEach } from '../../output/messages.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import { showJson } from './json.js'
import { showText, sizeLine } from './text.js'
import { showTree } from './tree.js'
import { readTorrentInput } from '../../arguments/torrent-input.js'
import { version } from '../../version.js'

interface ShowOptions {
  readonly json?: true | undefined
  readonly magnet?: true | undefined
  readonly tree?: true | undefined
  readonly maxTorrentSize: number
}

/** The command `showmetainfo`. */
export function defineShowmetainfo({ io, program, finish }: CommandContext) {
  return new Command('showmetainfo')
    .description('Show what is in a torrent.')
    .argument('<torrent...>', 'torrents to show; - reads standard input')
    .addOption(new Option('--tree', 'print the files as a tree').conflicts(['magnet', 'json']))
    .addOption(new Option('--magnet', 'print the magnet link alone').conflicts('json'))
    .option('--json', 'print a JSON object a line for each torrent')
    .addOption(maxTorrentSize())
    .action(async (files, options) => {
      const isText = !options.json && !options.magnet && !options.tree
      if (isText) io.stdout.write(`${program} ${version()} - decode BitTorrent metainfo files\n\n`)
      let shown = 0
      const status = await tryEach(files, io, async (file) => {
        const metainfo = await readTorrentInput(file, options.maxTorrentSize, io)
        if (isText && shown++ > 0) io.stdout.write('\n')
        io.stdout.write(view(metainfo, file, options))
        // Not by the old name, whose output is BitTornado's to the byte
        if (isText && program === 'btkit') io.stdout.write(sizeLine(metainfo))
        for (const { message } of metainfo.warnings) reportWarning(`${file}: ${message}`, io)
      })
      finish(status)
    })
}

function view(metainfo: Metainfo, file: string, options: ShowOptions): string {
  if (options.json) return showJson(metainfo, file)
  if (options.magnet) return `${magnetLink(metainfo)}\n`
  if (options.tree) return showTree(metainfo)
  return showText(metainfo, basename(file))
}
