import { checkName } from '../../../metainfo/name.js'
import { FILE, RARELY_NEEDED, OFF } from '../../options/option.js'
import { declareTorrentOptions } from '../../options/torrent.js'
import { HEADER_FILE } from '../../options/reading.js'
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
    .opt(
      '-n, --name <name>',
      'set the name, a single path component (default: the name of the source)',
      { parse: checkName },
    )
    .optionsGroup(RARELY_NEEDED)
    .opt(
      '--randomize',
      'add a random key to info to make the torrent unique. The key is *entropy*.',
      OFF,
    )
    .optionsGroup('Files:')
    .opt(
      '--files-from <list>',
      `read the paths of the files in this list, in their order; - is standard input. Paths are
        relative to the directory, or absolute paths of files in it. Each path ends with a newline,
        or with NUL as 'find -print0' writes it. All files below a listed directory are included.
        Hidden files are included; a missing path is an error. Files of a list of checksums, such
        as SHA256SUMS, are checked while they are hashed. A URL, such as that of a SHA256SUMS,
        or --base-url, makes a torrent of files on a server.`,
      FILE,
    )
    .opt('--base-url <url>', 'find the files of --files-from below this address', {
      needs: [{ oneOf: ['files-from'] }],
    })
    .opt(...HEADER_FILE)
    .optionsGroup('Output:')
    .opt(
      '-o, --output <path>',
      `write to this file, into this directory, or - for standard output. By default, the torrent is
        beside the source. With several sources, the path must be a directory.`,
      { ...FILE, parse: read.outputPath },
    )
    .opt('--no-clobber', 'fail if the torrent exists')
    .opt(
      '--force',
      `replace a torrent with another info hash, or a file that is no torrent. Checksum lists are
        replaced without it.`,
      { excludes: ['clobber'], default: false },
    )
    .opt(
      '--check',
      `write nothing; print what would change, and exit with 1 if anything would. A line names each
        key that differs, and for *info* what differs in it. Files are read unless the cache knows
        them. The creation date counts only if --date, --no-date or SOURCE_DATE_EPOCH sets it.
        Checksum lists are not compared.`,
      { excludes: INCOMPARABLE, default: false },
    )
    .opt('--json', 'print one JSON object a line for each torrent. See JSON.', OFF)
    .opt('-v, --verbose', 'print each skipped entry and the reason', OFF)
    .addHelpText('after', EXAMPLES)
}

export type MakemetafileOptions = ReturnType<ReturnType<typeof declareMakemetafile>['opts']>
