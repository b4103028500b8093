import { checkName } from '../../../metainfo/name.js'
import * as read from '../../arguments/values.js'
import { declareTorrentOptions } from '../../arguments/torrent-options.js'

const EXAMPLES = `
FILE and TRACKER may stand in any order: what is a URL is the tracker.
Each --source makes a torrent of its own, NAME.SOURCE.torrent, and all of them
from one reading.

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
      'name in the torrent, instead of that of the file',
      read.checked(checkName),
    )
    .option('--randomize', 'a random key in info, so that no other torrent is the same', false)
    .optionsGroup('Files:')
    .option(
      '--files-from <list>',
      'take no more than the paths below the directory that a list names, in its order; - for ' +
        'standard input',
    )
    .optionsGroup('Output:')
    .option(
      '-o, --target <path>',
      'where to write: a file, a directory, or - for standard output; also --output',
    )
    .option('--no-clobber', 'leave an existing torrent alone, and fail')
    .option('--force', 'replace even a file that is no torrent', false)
    .option('--json', 'print a JSON object a line for each torrent', false)
    .option('-v, --verbose', 'name what is skipped, and why', false)
    .addHelpText('after', EXAMPLES)
}

export type MakeOptions = ReturnType<ReturnType<typeof declareMakemetafile>['opts']>
