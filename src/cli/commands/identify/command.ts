import { Command } from '@commander-js/extra-typings'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { jsonLine } from '../../../text/escape.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import { selectingLink, selectOnlyOption } from '../../arguments/select-only.js'
import { readTorrentOperand } from '../../arguments/torrent-input.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { tryEach } from '../../output/messages.js'
import { failureKeys, torrentKeys, withFailureLines } from '../../output/torrent-json.js'

/** Defines the command `magnet`. */
export function defineMagnet({ io, finish }: CommandContext) {
  return new Command('magnet')
    .description('Print the magnet links of torrents, one per line.')
    .argument('<torrent...>', 'torrents; - reads standard input')
    .addOption(selectOnlyOption('select files by index from 0: 0,2,4-6 (BEP 53)'))
    .option('--json', 'print one line of JSON for each torrent')
    .addOption(maxTorrentSize())
    .addHelpText('after', MAGNET_EXAMPLES)
    .action(async (torrents, options) => {
      const status = await eachTorrent(torrents, { ...options, io }, (torrent, metainfo) => {
        const magnet = selectingLink(metainfo, torrent, options.selectOnly)
        io.stdout.write(
          options.json
            ? jsonLine({ ...identity(torrent, metainfo), magnet, ...failureKeys(null) })
            : `${magnet}\n`,
        )
      })
      finish(status)
    })
}

/** Defines the command `hash`. */
export function defineHash({ io, finish }: CommandContext) {
  return new Command('hash')
    .description('Print the info hashes of torrents, one line per torrent.')
    .argument('<torrent...>', 'torrents; - reads standard input')
    .option('--json', 'print one line of JSON for each torrent')
    .addOption(maxTorrentSize())
    .addHelpText('after', HASH_EXAMPLES)
    .action(async (torrents, options) => {
      const status = await eachTorrent(torrents, { ...options, io }, (torrent, metainfo) => {
        const hashes = [metainfo.infoHash, metainfo.infoHashV2].flatMap((hash) => hash ?? [])
        io.stdout.write(
          options.json
            ? jsonLine({ ...identity(torrent, metainfo), ...failureKeys(null) })
            : `${hashes.join(' ')}\n`,
        )
      })
      finish(status)
    })
}

const MAGNET_EXAMPLES = `
Examples:
  btkit magnet image.iso.torrent
  btkit magnet --select-only 0,2 release.torrent`

const HASH_EXAMPLES = `
Examples:
  btkit hash image.iso.torrent
  btkit hash *.torrent | sort | uniq -d`

function identity(torrent: string, metainfo: Metainfo) {
  return { ...torrentKeys(torrent, metainfo), name: metainfo.name }
}

interface Reading {
  readonly maxTorrentSize: number
  readonly json?: true | undefined
  readonly io: Io
}

/** Reads each torrent and passes it to `print`. Returns the exit status. */
function eachTorrent(
  torrents: readonly string[],
  { maxTorrentSize, json, io }: Reading,
  print: (torrent: string, metainfo: Metainfo) => void,
): Promise<number> {
  const read = async (torrent: string) => {
    print(torrent, await readTorrentOperand(torrent, maxTorrentSize, io))
  }
  return tryEach(torrents, io, withFailureLines(json, io, read))
}
