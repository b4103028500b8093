import { checkName } from '../../../metainfo/name.js'
import * as read from '../../arguments/values.js'
import { declareTorrentOptions } from '../../arguments/torrent-options.js'

const EXAMPLES = `
FILE and TRACKER may stand in any order: the URL is the tracker. A list is
'URL,URL|URL': ',' within a tier, '|' between tiers.
With several --source, each makes a torrent NAME.SOURCE.torrent, from one
reading; with --private and as many -a, each has the tracker of its place.
With - as FILE, the content is standard input; give it a --name.

Examples:
  btkit makemetafile image.iso http://tracker.example/announce
  btkit makemetafile release/ udp://tracker.example:6969 --private
  btkit makemetafile *.iso http://t.example/a --web-seed http://files.example/`

/** The default of completedir and serve, too, so that all give a file the same info hash. */
const USUAL = { value: 'auto', text: 'auto' } as const

/**
 * Under BitTornado's names the default is 2^18, as in BitTornado 0.3.18. Later versions chose by
 * size, like `--piece_size_pow2 0`.
 */
const LEGACY = { value: 2 ** 18, text: '18' }

/** Declares the command `makemetafile` with its options. */
export function declareMakemetafile({ isLegacy }: { readonly isLegacy: boolean }) {
  return declareTorrentOptions('makemetafile', isLegacy ? LEGACY : USUAL)
    .description('Make a torrent of each file or directory.')
    .argument('<file-or-tracker...>', 'files and directories or -, and the tracker or a list')
    .optionsGroup('In the torrent:')
    .option(
      '-n, --name <name>',
      'set the name in the torrent (default: the name of the file)',
      read.checked(checkName),
    )
    .option('--randomize', 'add a random key to info to make the torrent unique', false)
    .optionsGroup('Files:')
    .option(
      '--files-from <list>',
      'include only the paths in a list, in its order; - reads standard input',
    )
    .optionsGroup('Output:')
    .option(
      '-o, --output <path>',
      'write to this file, into this directory, or - for standard output',
    )
    .option('--no-clobber', 'fail if the torrent exists')
    .option('--force', 'replace the file even if it is not a torrent', false)
    .option(
      '--check',
      'write nothing; end with 1 if the torrent would change, and print what',
      false,
    )
    .option('--json', 'print one line of JSON for each torrent', false)
    .option('-v, --verbose', 'print each skipped entry and the reason', false)
    .addHelpText('after', EXAMPLES)
}

export type MakeOptions = ReturnType<ReturnType<typeof declareMakemetafile>['opts']>
