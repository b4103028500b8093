import { Command, Option } from '@commander-js/extra-typings'
import { parseAnnounceList } from '../../metainfo/trackers.js'
import { cacheDirOption, cacheTrustOption, noCacheOption } from './cache-options.js'
import { threadsOption } from './engine-options.js'
import * as read from './values.js'

/** The options of the commands that make torrents, each checked as it is read. */
export function declareTorrentOptions(name: string, piecePow2: number | 'auto') {
  return new Command(name)
    .option(
      '--announce-list <list>',
      "trackers: ',' between those of a tier, '|' between tiers",
      read.checked(parseAnnounceList),
    )
    .option(
      '--web-seed <url>',
      'where clients can get the content as well (repeatable)',
      read.seeds,
      [],
    )
    .option('--httpseeds <urls>', "HTTP seeds, '|' between them", read.httpSeeds)
    .option('--node <host:port>', 'node of the DHT (repeatable)', read.dhtNodes, [])
    .addOption(
      new Option('--piece-size-pow2 <n>', 'pieces of 2^n bytes; 0 or auto: by size')
        .argParser(read.pieceLength)
        .default<number | 'auto'>(piecePow2 === 'auto' ? 'auto' : 2 ** piecePow2, `${piecePow2}`),
    )
    .option('--comment <text>', 'comment in the torrent')
    .option('--private', 'peers from the tracker only (BEP 27)', false)
    .option('--source <text>', 'source tag in info; changes the info hash')
    .option('--created-by <text>', 'creator in the torrent, instead of btkit')
    .option('--no-created-by', 'leave the creator out')
    .option('--date <when>', 'creation date: seconds since 1970, or mtime', read.creationDate)
    .option('--no-date', 'leave the creation date out')
    .option('--include <glob>', 'take only what matches (repeatable)', read.collect, [])
    .option('--exclude <glob>', 'leave out what matches (repeatable)', read.collect, [])
    .option('--all', 'take hidden and system files as well', false)
    .option('--follow-symlinks', 'follow links that lead outside as well', false)
    .option('--no-symlinks', 'follow no links')
    .addOption(threadsOption())
    .option('--max-rate <size>', 'read no more bytes a second than that', read.byteRate)
    .addOption(cacheDirOption())
    .addOption(noCacheOption())
    .addOption(cacheTrustOption())
    .option('--mode <octal>', 'permissions of the torrent', read.permissionBits)
    .option('--dry-run', 'say what would be done, without reading files', false)
    .option('--quiet', 'print nothing but errors', false)
    .option('--filesystem-encoding <name>', 'accepted and ignored: names are UTF-8')
}

export type TorrentOptions = ReturnType<ReturnType<typeof declareTorrentOptions>['opts']>
