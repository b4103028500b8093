import { Command } from '../acting-command.js'
import { parseAnnounceList } from '../../metainfo/trackers.js'
import { CHECKSUM_NAMES } from '../../core/checksums/list.js'
import { declareShareOptions, queueOption } from './share.js'
import { parseExtraKey } from './extra-keys.js'
import { declareReadingOptions } from './reading.js'
import * as read from './values.js'
import { publicUrl } from './server.js'
import { pieceLengthOf } from '../../metainfo/piece-length.js'
import type { PieceLength } from '../../metainfo/values.js'
import { type DiskNeed, type Need, Opt, RARELY_NEEDED, type Traits } from './option.js'
import type { FileOrder } from '../../core/digests/sort-files.js'

const PIECES = { rule: 'piece length' } as const

/** Only makemetafile reads a list of files. */
const ORDER: Need = {
  oneOf: ['files-from'],
  when: (order) => order === 'given' && order,
  why: 'which gives the order',
}

/** The size or the state of standard input is not known before it is read. */
export const KNOWN_SIZE: DiskNeed = { when: (_, content) => content === '- is standard input' }

const NOTED: DiskNeed = { configured: 'noted' }

const UNLESS_BY_PATH = {
  when: (order: FileOrder | 'given') =>
    order !== 'given' && (order.by !== 'path' || order.isDescending),
  why: 'in version 2 files are in the order of their paths',
}

const NOT_BESIDE_STDOUT = {
  option: 'output',
  when: (_: unknown, output: string) => output === '-',
  why: 'lists are written beside the torrent',
}

/** The traits of `--announce-list`: beside it `--announce` names one tracker. */
export const LIST_BESIDE_ANNOUNCE: Traits = {
  trackers: 'tiers',
  form: 'tiers',
  replaces: ['announce'],
  excludes: [
    {
      option: 'announce',
      when: (_: unknown, tiers: readonly string[][]) => tiers.flat().length > 1,
      why: 'give several trackers in one of them',
    },
  ],
}

/**
 * Under BitTornado's names the default is 2^18: its readme prints that, and the older `bittorrent` has it.
 * BitTornado since T-0.3.9 chooses by size, like `--piece_size_pow2 0`.
 */
export const LEGACY_PIECE_POW2 = 18

/**
 * The options of commands that make torrents. Each is validated when it is parsed. Short options
 * are those of mktorrent. By default all commands give a file the same info hash, except under old names.
 */
export function declareTorrentOptions(name: string, isLegacy: boolean) {
  const [pieces, piecesText] = isLegacy
    ? ([pieceLengthOf(LEGACY_PIECE_POW2), String(LEGACY_PIECE_POW2)] as const)
    : (['auto', 'auto'] as const)
  const command = new Command(name, { isTracker: true, takesUrls: name === 'makemetafile' })
    .optionsGroup('Trackers and seeds:')
    .addOption(
      new Opt(
        '-a, --announce <urls>',
        "use this tracker instead of the argument; ',' separates trackers of a tier, each -a " +
          'adds a tier (repeatable)',
        { trackers: 'tiers' },
      )
        .argParser(read.trackerTiers)
        .default([]),
    )
    .addOption(
      // BitTornado's way to give tiers; each --announce is one
      new Opt('--announce-list <list>', "set the trackers: ',' within a tier, '|' between tiers", {
        ...LIST_BESIDE_ANNOUNCE,
      })
        .argParser(read.checked(parseAnnounceList))
        .hideHelp(),
    )
    .addOption(
      new Opt('--trackerless', 'make a torrent without a tracker', {
        excludes: ['announce', 'announceList'],
      }).default(false),
    )
    .option(
      '-w, --web-seed <url>',
      'add a web seed, an address of the content (repeatable)',
      read.seeds,
      [],
    )
    .option(
      '--web-seed-base <url>',
      'add the address of the directory that holds the content (repeatable)',
      read.repeated((text) => [publicUrl(text)]),
      [],
    )
    .optionsGroup('Version:')
    .addOption(
      new Opt('--v2', 'make a torrent of version 2 (BEP 52); old clients cannot use it', {
        rule: 'version',
      }).default(false),
    )
    .addOption(
      new Opt('--hybrid', 'make a torrent of both versions, 1 and 2', {
        rule: 'version',
        excludes: ['v2'],
      }).default(false),
    )
    .optionsGroup('Piece length:')
    .addOption(
      new Opt('-l, --piece-size-pow2 <n>', 'use pieces of 2^n bytes; 0: by size', PIECES)
        .argParser(read.piecePow2)
        .default<PieceLength | 'auto'>(pieces, piecesText),
    )
    .addOption(
      new Opt('--piece-length <size>', 'use this one: 256KiB, 4MiB or auto; also --piece-size', {
        ...PIECES,
        excludes: ['pieceSizePow2'],
      }).argParser(read.pieceLength),
    )
    .addOption(
      new Opt('--target-pieces <n>', 'use the shortest that gives at most n pieces', {
        ...PIECES,
        excludes: ['pieceLength', 'pieceSizePow2'],
        needsDisk: KNOWN_SIZE,
      }).argParser(read.wholeNumber(1, 2 ** 31)),
    )
    .addOption(
      new Opt('--max-torrent-size <size>', 'use one that keeps the .torrent below this size', {
        ...PIECES,
        isOwn: true,
        excludes: ['pieceLength', 'pieceSizePow2', 'targetPieces'],
        needsDisk: KNOWN_SIZE,
      }).argParser(read.sizeLimit),
    )
    .addOption(
      new Opt('--max-piece-length <size>', 'use none longer than this', PIECES).argParser(
        read.powerOfTwo,
      ),
    )
    .addOption(
      new Opt('--min-piece-length <size>', 'use at least this piece length', {
        ...PIECES,
      }).argParser(read.powerOfTwo),
    )
    .optionsGroup('In the torrent:')
    .option('-c, --comment <text>', 'set a comment')
    .addOption(
      new Opt('-p, --private', 'let clients find peers through the tracker only (BEP 27)', {
        rule: 'private flag',
      }).default(false),
    )
    .addOption(
      new Opt('-s, --source <text>', 'set a source tag; changes the info hash', {
        rule: 'source tag',
      })
        .argParser(read.collect)
        .default([]),
    )
    .option('--created-by <text>', 'set the creator, instead of btkit')
    .option('--no-created-by', 'omit the creator')
    .addOption(
      new Opt(
        '--date <when>',
        'set the creation date: seconds since 1970, 2026-11-20, 2026-11-20T12:00Z, now, or mtime',
        { needsDisk: { when: (date: unknown) => date === 'mtime' } },
      ).argParser(read.creationDate),
    )
    .option('-d, --no-date', 'omit the creation date')
    .addOption(
      new Opt('--set <key=json>', 'set any other key; info.KEY is a key in info (repeatable)', {
        form: 'json-map',
        rule: 'further keys',
      })
        .argParser(read.repeated((text) => [parseExtraKey(text)]))
        .default([]),
    )
    .optionsGroup('Files:')
    .option('--include <glob>', 'include only matching files (repeatable)', read.collect, [])
    .option('--exclude <glob>', 'exclude matching files (repeatable)', read.collect, [])
    .addOption(
      new Opt('--hidden', 'include hidden and system files', { needsDisk: NOTED }).default(false),
    )
    .addOption(
      new Opt(
        '--symlinks <what>',
        'follow links that stay inside, follow all, skip all, or store them as links (BEP 47)',
        { rule: 'file attributes', ruledBy: 'store', needsDisk: NOTED },
      )
        .choices(['inside', 'follow', 'skip', 'store'] as const)
        .default('inside' as const, 'inside'),
    )
    .addOption(
      new Opt('--sort-by <what>', 'sort files by path, size or mtime; - in front: descending', {
        rule: 'file order',
        replaces: ['v2', 'hybrid'],
        excludes: ['v2', 'hybrid'].map((option) => ({ option, ...UNLESS_BY_PATH })),
        offers: ['path', 'size', 'mtime', '-path', '-size', '-mtime', 'given'],
        needs: name === 'makemetafile' ? [ORDER] : [],
        needsDisk: {
          when: (order: FileOrder | 'given') => order !== 'given' && order.by === 'mtime',
        },
      }).argParser(read.fileOrder),
    )
    .optionsGroup(RARELY_NEEDED)
    .option(
      '--http-seed <url>',
      'add an HTTP seed, a script that sends pieces (repeatable)',
      read.httpSeeds,
      [],
    )
    .option('--node <host:port>', 'add a node of the DHT (repeatable)', read.dhtNodes, [])
    .addOption(
      new Opt('--pad-files', 'begin a new piece at each file (BEP 47)', {
        rule: 'pad files',
      }).default(false),
    )
    .addOption(
      new Opt('--attributes', 'record which files are executable or hidden (BEP 47)', {
        rule: 'file attributes',
        needsDisk: NOTED,
      }).default(false),
    )
  const whole = declareShareOptions(declareReadingOptions(command))
    .addOption(queueOption('have the workers of this Redis hash; file:PATH reads the URL'))
    .optionsGroup('Presets:')
    .addOption(
      new Opt(
        '-P, --preset <name>',
        'use the options of this preset of the configuration; later ones win (repeatable)',
        { takes: 'preset' },
      )
        .argParser(read.collect)
        .default([]),
    )
    .option('--no-preset', 'use no preset, not even default-preset')
    .optionsGroup('Output:')
    .addOption(
      new Opt(
        '--checksums <names>',
        `write checksum lists beside the torrent: ${CHECKSUM_NAMES.join(', ')}, ',' between them`,
        {
          form: 'list',
          separator: ',',
          offers: CHECKSUM_NAMES,
          excludes: [NOT_BESIDE_STDOUT],
        },
      )
        .argParser(read.checksums)
        .default([]),
    )
    .option(
      '--mode <octal>',
      'set the permissions of the torrent, such as 644',
      read.permissionBits,
    )
    .addOption(
      new Opt('--dry-run', 'show what would be done, without reading files', {
        needsDisk: KNOWN_SIZE,
      }).default(false),
    )
    .option('-q, --quiet', 'print nothing unless something is wrong', false)
  return whole
}

export type MakerOptions = ReturnType<ReturnType<typeof declareTorrentOptions>['opts']>
