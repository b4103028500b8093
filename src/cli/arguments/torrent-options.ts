import { Command, Option } from '@commander-js/extra-typings'
import { parseAnnounceList } from '../../metainfo/trackers.js'
import { cacheDirOption, cacheTrustOption, noCacheOption } from './cache-options.js'
import { creationDate } from './date.js'
import { threadsOption } from './engine-options.js'
import { checkUpdateUrl } from './extra-keys.js'
import * as read from './values.js'
import { webSeedBases } from './web-seed-base.js'

/** The piece length that a command uses if none is given. */
export interface UsualPieceLength {
  /** In bytes, or `auto` for one that suits the size. */
  readonly value: number | 'auto'
  /** The same in the help. */
  readonly text: string
}

/**
 * The options of the commands that make torrents, each checked as it is read. The short ones are
 * those of mktorrent.
 */
export function declareTorrentOptions(name: string, pieces: UsualPieceLength) {
  return new Command(name)
    .optionsGroup('Trackers and seeds:')
    .option(
      '-a, --announce <urls>',
      "tracker, in place of the argument; several with ',' between them are a tier, and each -a " +
        'adds a tier (repeatable)',
      read.trackerTiers,
      [],
    )
    .option(
      '--announce-list <list>',
      "trackers: ',' between those of a tier, '|' between tiers",
      read.checked(parseAnnounceList),
    )
    .option('--trackerless', 'make a torrent without a tracker', false)
    .option(
      '-w, --web-seed <url>',
      'where clients can get the content as well (repeatable)',
      read.seeds,
      [],
    )
    .option(
      '--web-seed-base <url>',
      'address of the directory that holds the content (repeatable)',
      webSeedBases,
      [],
    )
    .option('--httpseeds <urls>', "HTTP seeds, '|' between them (repeatable)", read.httpSeeds)
    .option('--node <host:port>', 'node of the DHT (repeatable)', read.dhtNodes, [])
    .optionsGroup('Pieces:')
    .option('--v2', 'make a torrent of version 2 (BEP 52), which old clients do not know', false)
    .addOption(
      new Option('--hybrid', 'make a torrent of versions 1 and 2 in one')
        .default(false)
        .conflicts('v2'),
    )
    .addOption(
      new Option('-l, --piece-size-pow2 <n>', 'pieces of 2^n bytes; 0 or auto: by size')
        .argParser(read.piecePow2)
        .default<number | 'auto'>(pieces.value, pieces.text),
    )
    .addOption(
      new Option(
        '--piece-length <size>',
        'piece length as a size: 256KiB, 4MiB; or auto; also --piece-size',
      )
        .argParser(read.pieceLength)
        .conflicts('pieceSizePow2'),
    )
    .addOption(
      new Option('--target-pieces <n>', 'the shortest pieces of which there are at most n')
        .argParser(read.wholeNumber(1, 2 ** 31))
        .conflicts(['pieceLength', 'pieceSizePow2']),
    )
    .addOption(
      new Option('--max-torrent-size <size>', 'the shortest pieces for which the .torrent fits')
        .argParser(read.sizeLimit)
        .conflicts(['pieceLength', 'pieceSizePow2', 'targetPieces']),
    )
    .option('--max-piece-size <size>', 'no longer pieces, however chosen', read.powerOfTwo)
    .option('--pad-files', 'begin each file with a piece (BEP 47)', false)
    .optionsGroup('In the torrent:')
    .option('-c, --comment <text>', 'comment in the torrent')
    .option('-p, --private', 'peers from the tracker only (BEP 27)', false)
    .option('-s, --source <text>', 'source tag in info; changes the info hash', read.collect, [])
    .option('--created-by <text>', 'creator in the torrent, instead of btkit')
    .option('--no-created-by', 'leave the creator out')
    .option(
      '--date <when>',
      'creation date: seconds since 1970, 2026-11-20, 2026-11-20T12:00Z, now, or mtime',
      creationDate,
    )
    .option('-d, --no-date', 'leave the creation date out')
    .option(
      '--update-url <url>',
      'where clients ask for a newer torrent (BEP 39); changes the info hash',
      checkUpdateUrl,
    )
    .option(
      '--similar <hash>',
      'info hash of a torrent that shares files (BEP 38; repeatable)',
      read.infoHashes,
      [],
    )
    .option(
      '--collection <name>',
      'collection that the torrent belongs to (BEP 38; repeatable)',
      read.collections,
      [],
    )
    .option(
      '--set <key=json>',
      'any other key; info.KEY is one of info (repeatable)',
      read.extraKeys,
      [],
    )
    .optionsGroup('Files:')
    .option('--include <glob>', 'take only what matches (repeatable)', read.collect, [])
    .option('--exclude <glob>', 'leave out what matches (repeatable)', read.collect, [])
    .option('--all', 'take hidden and system files as well', false)
    .option('--follow-symlinks', 'follow links that lead outside as well', false)
    .option('--no-symlinks', 'follow no links')
    .option('--store-symlinks', 'keep links that stay inside as links (BEP 47)', false)
    .option('--attributes', 'say what is executable or hidden (BEP 47)', false)
    .option(
      '--sort-by <what>',
      'order of the files: path, size or mtime, or with - in front descending',
      read.fileOrder,
    )
    .optionsGroup('Reading and cache:')
    .addOption(threadsOption())
    .option('--max-rate <size>', 'read no more bytes a second than that', read.byteRate)
    .addOption(cacheDirOption())
    .addOption(noCacheOption())
    .addOption(cacheTrustOption())
    .optionsGroup('Output:')
    .option(
      '--checksums <names>',
      "lists of the files' checksums beside the torrent, as sha256sum writes them: sha256, sha1, " +
        "md5, blake2b, with ',' between them",
      read.checksums,
      [],
    )
    .option('--mode <octal>', 'permissions of the torrent', read.permissionBits)
    .option('--dry-run', 'say what would be done, without reading files', false)
    .option('--quiet', 'print nothing but errors', false)
    .option('--filesystem-encoding <name>', 'accepted and ignored: names are UTF-8')
}

export type TorrentOptions = ReturnType<ReturnType<typeof declareTorrentOptions>['opts']>
