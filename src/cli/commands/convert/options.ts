import { Command, Option } from '@commander-js/extra-typings'
import { cacheDirOption, cacheTrustOption, noCacheOption } from '../../arguments/cache-options.js'
import { threadsOption } from '../../arguments/engine-options.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import { byteRate, pieceLength } from '../../arguments/values.js'

const EXAMPLES = `
Examples:
  btkit convert image.iso.torrent --hybrid
  btkit convert --v2 release.torrent /srv/release --target release-v2.torrent`

/** The command `convert` with its options, without what it does. */
export function declareConvert() {
  return new Command('convert')
    .description('Turn a torrent into one of another version, checking its content on the way.')
    .argument('<torrent>', 'the torrent to convert')
    .argument('[data]', 'its content, or the directory that holds it (default: beside the torrent)')
    .option('--hybrid', 'into one of versions 1 and 2 (BEP 52)')
    .addOption(new Option('--v2', 'into one of version 2 alone').conflicts('hybrid'))
    .addOption(new Option('--v1', 'into one of version 1 alone').conflicts(['hybrid', 'v2']))
    .option('--piece-length <size>', 'another piece length, such as 1M, or auto', pieceLength)
    .option('--target <file>', 'write the new torrent there, and leave the old one alone')
    .option('--force', 'with --target: replace even a file that is no torrent', false)
    .addOption(threadsOption())
    .option('--max-rate <size>', 'read no more bytes a second than that', byteRate)
    .addOption(cacheDirOption())
    .addOption(noCacheOption())
    .addOption(cacheTrustOption())
    .option('--dry-run', 'look for the files, say what would be done, and read none', false)
    .option('--json', 'print a JSON object', false)
    .option('--quiet', 'print nothing but errors', false)
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
}

/** The options of `convert`, with their values checked. */
export type ConvertOptions = ReturnType<ReturnType<typeof declareConvert>['opts']>
