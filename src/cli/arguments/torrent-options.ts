import { Command, Option } from '@commander-js/extra-typings'
import { parseAnnounceList } from '../../metainfo/trackers.js'
import { declareShareOptions, queueOption } from './share-options.js'
import { creationDate } from './values.js'
import { checkUpdateUrl } from './extra-keys.js'
import { declareReadingOptions } from './reading-options.js'
import * as read from './values.js'
import { webSeedBases } from './web-seed-base.js'

/** The piece length that a command uses by default. */
export interface UsualPieceLength {
  /** In bytes, or `auto` to choose it by size. */
  readonly value: number | 'auto'
  /** Its text in the help. */
  readonly text: string
}

/**
 * The options of commands that make torrents. Each is validated when it is parsed. Short options
 * are those of mktorrent.
 */
export function declareTorrentOptions(name: string, pieces: UsualPieceLength) {
  const command = new Command(name)
    .optionsGroup('Trackers and seeds:')
    .option(
      '-a, --announce <urls>',
      "use this tracker instead of the argument; ',' separates trackers of a tier, each -a " +
        'adds a tier (repeatable)',
      read.trackerTiers,
      [],
    )
    .option(
      '--announce-list <list>',
      "set the trackers: ',' within a tier, '|' between tiers",
      read.checked(parseAnnounceList),
    )
    .option('--trackerless', 'make a torrent without a tracker', false)
    .option(
      '-w, --web-seed <url>',
      'add a web seed, an address of the content (repeatable)',
      read.seeds,
      [],
    )
    .option(
      '--web-seed-base <url>',
      'add the address of the directory that holds the content (repeatable)',
      webSeedBases,
      [],
    )
    .option(
      '--http-seed <url>',
      'add an HTTP seed, a script that sends pieces (repeatable)',
      read.httpSeeds,
      [],
    )
    .option('--node <host:port>', 'add a node of the DHT (repeatable)', read.dhtNodes, [])
    .optionsGroup('Pieces:')
    .option('--v2', 'make a torrent of version 2 (BEP 52); old clients cannot use it', false)
    .addOption(
      new Option('--hybrid', 'make a torrent of both versions, 1 and 2')
        .default(false)
        .conflicts('v2'),
    )
    .addOption(
      new Option('-l, --piece-size-pow2 <n>', 'use pieces of 2^n bytes; 0 or auto: by size')
        .argParser(read.piecePow2)
        .default<number | 'auto'>(pieces.value, pieces.text),
    )
    .addOption(
      new Option(
        '--piece-length <size>',
        'use this piece length: 256KiB, 4MiB or auto; also --piece-size',
      )
        .argParser(read.pieceLength)
        .conflicts('pieceSizePow2'),
    )
    .addOption(
      new Option('--target-pieces <n>', 'use the shortest piece length that gives at most n pieces')
        .argParser(read.wholeNumber(1, 2 ** 31))
        .conflicts(['pieceLength', 'pieceSizePow2']),
    )
    .addOption(
      new Option(
        '--max-torrent-size <size>',
        'use the shortest piece length that the .torrent has room for',
      )
        .argParser(read.sizeLimit)
        .conflicts(['pieceLength', 'pieceSizePow2', 'targetPieces']),
    )
    .option('--max-piece-size <size>', 'limit the piece length', read.powerOfTwo)
    .option('--min-piece-size <size>', 'use at least this piece length', read.powerOfTwo)
    .option('--pad-files', 'begin a new piece at each file (BEP 47)', false)
    .optionsGroup('In the torrent:')
    .option('-c, --comment <text>', 'set a comment')
    .option('-p, --private', 'let clients find peers through the tracker only (BEP 27)', false)
    .option('-s, --source <text>', 'set a source tag; changes the info hash', read.collect, [])
    .option('--created-by <text>', 'set the creator, instead of btkit')
    .option('--no-created-by', 'omit the creator')
    .option(
      '--date <when>',
      'set the creation date: seconds since 1970, 2026-11-20, 2026-11-20T12:00Z, now, or mtime',
      creationDate,
    )
    .option('-d, --no-date', 'omit the creation date')
    .option(
      '--update-url <url>',
      'set the URL of a newer torrent (BEP 39); changes the info hash',
      checkUpdateUrl,
    )
    .option(
      '--similar <hash>',
      'add the info hash of a torrent with common files (BEP 38; repeatable)',
      read.infoHashes,
      [],
    )
    .option(
      '--collection <name>',
      'add a collection that the torrent belongs to (BEP 38; repeatable)',
      read.collections,
      [],
    )
    .option(
      '--set <key=json>',
      'set any other key; info.KEY is a key in info (repeatable)',
      read.extraKeys,
      [],
    )
    .optionsGroup('Files:')
    .option('--include <glob>', 'include only matching files (repeatable)', read.collect, [])
    .option('--exclude <glob>', 'exclude matching files (repeatable)', read.collect, [])
    .option('--hidden', 'include hidden and system files', false)
    .option('--follow-symlinks', 'follow links that lead outside, too', false)
    .option('--no-symlinks', 'skip all links')
    .option('--store-symlinks', 'store links that stay inside as links (BEP 47)', false)
    .option('--attributes', 'record which files are executable or hidden (BEP 47)', false)
    .option(
      '--sort-by <what>',
      'sort files by path, size or mtime; - in front: descending',
      read.fileOrder,
    )
  return declareShareOptions(declareReadingOptions(command))
    .addOption(queueOption('have the workers of this Redis hash; file:PATH reads the URL'))
    .optionsGroup('Presets:')
    .option(
      '-P, --preset <name>',
      'use the options of this preset of the configuration; later ones win (repeatable)',
      read.collect,
      [],
    )
    .option('--no-preset', 'use no preset, not even default-preset')
    .optionsGroup('Output:')
    .option(
      '--checksums <names>',
      "write checksum lists beside the torrent: sha256, sha1, md5, blake2b, ',' between them",
      read.checksums,
      [],
    )
    .option(
      '--mode <octal>',
      'set the permissions of the torrent, such as 644',
      read.permissionBits,
    )
    .option('--dry-run', 'show what would be done, without reading files', false)
    .option('--quiet', 'print nothing but errors', false)
    .option('--filesystem-encoding <name>', 'accept and ignore an encoding: names are always UTF-8')
}

export type TorrentOptions = ReturnType<ReturnType<typeof declareTorrentOptions>['opts']>
