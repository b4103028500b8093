import { checkName } from '../../../metainfo/name.js'
import { FILE, RARELY_NEEDED, OFF } from '../../options/option.js'
import { declareTorrentOptions } from '../../options/torrent.js'
import * as read from '../../options/values.js'

const EXAMPLES = `
FILE and TRACKER may stand in any order: beside a file, the URL is the tracker.
Of URLs alone, it is the one with 'announce' in its name; give any other by -a.
A list is 'URL,URL|URL': ',' within a tier, '|' between tiers.
With several --source, each makes a torrent NAME.SOURCE.torrent, from one
reading; with --private and as many -a, each has the tracker of its place.
With - as FILE, the content is standard input; give it a --name.

Examples:
  btkit makemetafile image.iso http://tracker.example/announce
  btkit makemetafile release/ udp://tracker.example:6969 --private
  btkit makemetafile *.iso http://t.example/a --web-seed http://files.example/
  btkit makemetafile https://files.example/image.iso http://t.example/announce
  btkit makemetafile --files-from https://files.example/1.0/SHA256SUMS -a URL`

/** Options by which --check would compare nothing, or nothing of use. */
const INCOMPARABLE = [
  { option: 'output', when: (_: unknown, output: string) => output === '-' },
  { option: 'dryRun' },
  { option: 'randomize' },
]

export function declareMakemetafile({ isLegacy }: { readonly isLegacy: boolean }) {
  return declareTorrentOptions('makemetafile', isLegacy)
    .description('Make a torrent of each file, directory or URL.')
    .argument('[file-or-tracker...]', 'files, directories, URLs or -, and the tracker or a list')
    .optionsGroup('In the torrent:')
    .opt('-n, --name <name>', 'set the name in the torrent (default: the name of the file)', {
      parse: checkName,
    })
    .optionsGroup(RARELY_NEEDED)
    .opt('--randomize', 'add a random key to info to make the torrent unique', OFF)
    .optionsGroup('Files:')
    .opt(
      '--files-from <list>',
      'read the names of the files in a list, or in a SHA256SUMS at a URL; - is standard input',
      FILE,
    )
    .opt('--base-url <url>', 'find the files of --files-from below this address', {
      needs: [{ oneOf: ['files-from'] }],
    })
    .opt('--header-file <file>', "send these headers, 'Name: value', to servers of content", FILE)
    .optionsGroup('Output:')
    .opt(
      '-o, --output <path>',
      'write to this file, into this directory, or - for standard output',
      { ...FILE, parse: read.outputPath },
    )
    .opt('--no-clobber', 'fail if the torrent exists')
    .opt('--force', 'replace a torrent with another info hash, or a file that is no torrent', {
      excludes: ['clobber'],
      default: false,
    })
    .opt('--check', 'write nothing; print what would change, and exit with 1 if anything would', {
      excludes: INCOMPARABLE,
      default: false,
    })
    .opt('--json', 'print one line of JSON for each torrent', OFF)
    .opt('-v, --verbose', 'print each skipped entry and the reason', OFF)
    .addHelpText('after', EXAMPLES)
}

export type MakemetafileOptions = ReturnType<ReturnType<typeof declareMakemetafile>['opts']>
