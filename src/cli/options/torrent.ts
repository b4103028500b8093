import { Command } from '../acting-command.js'
import { parseAnnounceList } from '../../metainfo/trackers.js'
import { CHECKSUM_NAMES, type ChecksumName } from '../../core/checksums/list.js'
import { declareShareOptions, queueOption } from './share.js'
import { parseExtraKey } from './extra-keys.js'
import { declareReadingOptions } from './reading.js'
import * as read from './values.js'
import { publicUrl } from './server.js'
import { pieceLengthOf } from '../../metainfo/piece-length.js'
import { type Need, RARELY_NEEDED, type Traits, OFF } from './option.js'
import type { FileOrder } from '../../core/digests/sort-files.js'

const PIECES = { rule: 'piece length' } as const

/** Only makemetafile reads a list of files. */
const ORDER: Need = {
  oneOf: ['files-from'],
  when: (order) => order === 'given' && order,
  why: 'which gives the order',
}

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
 * Under BitTornado's names the default is 2^18: its readme prints that, and the older `bittorrent`
 * has it. BitTornado since T-0.3.9 chooses by size, like `--piece_size_pow2 0`.
 */
export const LEGACY_PIECE_POW2 = 18

/**
 * The options of commands that make torrents. Each is validated when it is parsed. Short options
 * are those of mktorrent. By default all commands give a file the same info hash, except under old
 * names.
 */
export function declareTorrentOptions(name: string, isLegacy: boolean) {
  const [pieces, piecesText] = isLegacy
    ? ([pieceLengthOf(LEGACY_PIECE_POW2), String(LEGACY_PIECE_POW2)] as const)
    : (['auto', 'auto'] as const)
  const command = new Command(name, { isTracker: true, takesUrls: name === 'makemetafile' })
    .optionsGroup('Trackers and seeds:')
    .opt(
      '-a, --announce <urls>',
      "use this tracker instead of the argument; ',' separates trackers of a tier, each -a " +
        'adds a tier (repeatable)',
      { trackers: 'tiers', ...read.trackerTiers },
    )
    .opt('--announce-list <list>', "set the trackers: ',' within a tier, '|' between tiers", {
      ...LIST_BESIDE_ANNOUNCE,
      parse: parseAnnounceList,
      isHidden: true,
    })
    .opt('--trackerless', 'make a torrent without a tracker', {
      excludes: ['announce', 'announceList'],
      default: false,
    })
    .opt(
      '-w, --web-seed <url>',
      'add a web seed, an address of the content (repeatable)',
      read.seeds,
    )
    .opt(
      '--web-seed-base <url>',
      'add the address of the directory that holds the content (repeatable)',
      read.repeated((text) => [publicUrl(text)]),
    )
    .optionsGroup('Version:')
    .opt('--v2', 'make a torrent of version 2 (BEP 52); old clients cannot use it', {
      rule: 'version',
      default: false,
    })
    .opt('--hybrid', 'make a torrent of both versions, 1 and 2', {
      rule: 'version',
      excludes: ['v2'],
      default: false,
    })
    .optionsGroup('Piece length:')
    .opt('-l, --piece-size-pow2 <n>', 'use pieces of 2^n bytes; 0: by size', {
      ...PIECES,
      parse: read.piecePow2,
      default: pieces,
      defaultText: piecesText,
    })
    .opt('--piece-length <size>', 'use this one: 256KiB, 4MiB or auto; also --piece-size', {
      ...PIECES,
      excludes: ['pieceSizePow2'],
      parse: read.pieceLength,
    })
    .opt('--target-pieces <n>', 'use the shortest that gives at most n pieces', {
      ...PIECES,
      excludes: ['pieceLength', 'pieceSizePow2'],
      parse: read.wholeNumber(1, 2 ** 31),
    })
    .opt('--max-torrent-size <size>', 'use one that keeps the .torrent below this size', {
      ...PIECES,
      isOwn: true,
      excludes: ['pieceLength', 'pieceSizePow2', 'targetPieces'],
      parse: read.sizeLimit,
    })
    .opt('--max-piece-length <size>', 'use none longer than this', {
      ...PIECES,
      parse: read.powerOfTwo,
    })
    .optionsGroup('In the torrent:')
    .opt('-c, --comment <text>', 'set a comment', { mayBeEmpty: true })
    .opt('-p, --private', 'let clients find peers through the tracker only (BEP 27)', {
      rule: 'private flag',
      default: false,
    })
    .opt('-s, --source <text>', 'set a source tag; changes the info hash', {
      mayBeEmpty: true,
      rule: 'source tag',
      ...read.collect,
    })
    .opt('--created-by <text>', 'set the creator, instead of btkit', { mayBeEmpty: true })
    .opt('--no-created-by', 'omit the creator')
    .opt(
      '--date <when>',
      'set the creation date: seconds since 1970, 2026-11-20, 2026-11-20T12:00Z, now, or mtime',
      { parse: read.creationDate },
    )
    .opt('-d, --no-date', 'omit the creation date')
    .opt('--set <key=json>', 'set any other key; info.KEY is a key in info (repeatable)', {
      form: 'json-map',
      rule: 'further keys',
      ...read.repeated((text) => [parseExtraKey(text)]),
    })
    .optionsGroup('Files:')
    .opt('--include <glob>', 'include only matching files (repeatable)', read.collect)
    .opt('--exclude <glob>', 'exclude matching files (repeatable)', read.collect)
    .opt('--hidden', 'include hidden and system files', OFF)
    .opt(
      '--symlinks <what>',
      'follow links that stay inside, follow all, skip all, or store them as links (BEP 47)',
      {
        rule: 'file attributes',
        ruledBy: 'store',
        choices: ['inside', 'follow', 'skip', 'store'],
        default: 'inside',
      },
    )
    .opt('--sort-by <what>', 'sort files by path, size or mtime; - in front: descending', {
      rule: 'file order',
      replaces: ['v2', 'hybrid'],
      excludes: ['v2', 'hybrid'].map((option) => ({ option, ...UNLESS_BY_PATH })),
      offers: ['path', 'size', 'mtime', '-path', '-size', '-mtime', 'given'],
      needs: name === 'makemetafile' ? [ORDER] : [],
      parse: read.fileOrder,
    })
    .optionsGroup(RARELY_NEEDED)
    .opt(
      '--http-seed <url>',
      'add an HTTP seed, a script that sends pieces (repeatable)',
      read.httpSeeds,
    )
    .opt('--node <host:port>', 'add a node of the DHT (repeatable)', read.dhtNodes)
    .opt('--pad-files', 'begin a new piece at each file (BEP 47)', {
      rule: 'pad files',
      default: false,
    })
    .opt('--attributes', 'record which files are executable or hidden (BEP 47)', {
      rule: 'file attributes',
      default: false,
    })
  const whole = declareShareOptions(declareReadingOptions(command))
    .opt(...queueOption('have the workers of this Redis hash; file:PATH reads the URL'))
    .optionsGroup('Presets:')
    .opt(
      '-P, --preset <name>',
      'use the options of this preset of the configuration; later ones win (repeatable)',
      { takes: 'preset', ...read.collect },
    )
    .opt('--no-preset', 'use no preset, not even default-preset')
    .optionsGroup('Output:')
    .opt(
      '--checksums <names>',
      `write checksum lists beside the torrent: ${CHECKSUM_NAMES.join(', ')}, ',' between them`,
      {
        form: 'list',
        separator: ',',
        offers: CHECKSUM_NAMES,
        excludes: [NOT_BESIDE_STDOUT],
        parse: read.checksums,
        default: [] as ChecksumName[],
      },
    )
    .opt('--dry-run', 'show what would be done, without reading files', OFF)
    .opt('-q, --quiet', 'print nothing unless something is wrong', OFF)
  return whole
}

export type MakerOptions = ReturnType<ReturnType<typeof declareTorrentOptions>['opts']>
