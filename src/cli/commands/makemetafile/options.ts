import { checkName } from '../../../metainfo/name.js'
import * as read from '../../arguments/values.js'
import { declareTorrentOptions } from '../../arguments/torrent-options.js'

const EXAMPLES = `
FILE and TRACKER may stand in any order: the URL is the tracker.
With several --source, each makes a torrent NAME.SOURCE.torrent, from one
reading.

Examples:
  btkit makemetafile image.iso http://tracker.example/announce
  btkit makemetafile release/ udp://tracker.example:6969 --private
  btkit makemetafile *.iso http://t.example/a --web-seed http://files.example/`

/** As completedir and serve choose it, so that a file has one info hash. */
const USUAL = { value: 'auto', text: 'auto' } as const

/** By BitTornado's names 2^18 is taken for any size, so that info hashes stay as they were. */
const LEGACY = { value: 2 ** 18, text: '18' }

/** The command line of makemetafile. */
export function declareMakemetafile({ isLegacy }: { readonly isLegacy: boolean }) {
  return declareTorrentOptions('makemetafile', isLegacy ? LEGACY : USUAL)
    .description('Make a torrent of each file or directory.')
    .argument('<file-or-tracker...>', 'files and directories, and the URL of the tracker')
    .optionsGroup('In the torrent:')
    .option(
      '-n, --name <name>',
      'set the name in the torrent (default: that of the file)',
      read.checked(checkName),
    )
    .option('--randomize', 'add a random key to info, so that each torrent is unique', false)
    .optionsGroup('Files:')
    .option(
      '--files-from <list>',
      'include only the paths that a list names, in its order; - reads standard input',
    )
    .optionsGroup('Output:')
    .option(
      '-o, --target <path>',
      'write to this file, into this directory, or - for standard output; also --output',
    )
    .option('--no-clobber', 'fail if the torrent exists')
    .option('--force', 'replace even a file that is no torrent', false)
    .option('--json', 'print a JSON object a line for each torrent', false)
    .option('-v, --verbose', 'name each skipped entry, and why', false)
    .addHelpText('after', EXAMPLES)
}

export type MakeOptions = ReturnType<ReturnType<typeof declareMakemetafile>['opts']>
