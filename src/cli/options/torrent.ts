import { Command } from '../acting-command.js'
import { parseAnnounceList } from '../../metainfo/trackers.js'
import { LINKS } from '../../core/make/asked.js'
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
  const command = new Command(name, { isTracker: true, takesUrls: true })
    .optionsGroup('Trackers and seeds:')
    .opt(
      '-a, --announce <urls>',
      `use this tracker instead of the argument; ',' separates trackers of a tier, each -a adds a
        tier (repeatable). A '|' begins a tier, too. 'file:PATH' reads a list of trackers, one a
        line, with empty lines between tiers; so do all options that take trackers. A repeated
        tracker is written once. Characters beyond ASCII are stored in punycode
        in the host, and in percent form elsewhere, also in web seeds and in the hosts of --node.`,
      { trackers: 'tiers', ...read.trackerTiers },
    )
    .opt(
      '--announce-list <list>',
      `set the announce list (BEP 12): ',' between the trackers of a tier, '|' between tiers. This
        is BitTornado's way. Clients try the tiers in turn, and the trackers of a tier in random
        order. They ignore a <tracker> that is not in the list, and a warning says so.`,
      { ...LIST_BESIDE_ANNOUNCE, parse: parseAnnounceList, isHidden: true },
    )
    .opt('--trackerless', 'make a torrent without a tracker; peers are found by the DHT', {
      excludes: ['announce', 'announceList'],
      default: false,
    })
    .opt(
      '-w, --web-seed <url>',
      `add a web seed, an address of the content (repeatable). It is an HTTP or FTP address (BEP
        19). One value may have several with ',' between them.`,
      read.seeds,
    )
    .opt(
      '--web-seed-base <url>',
      `add the address of the directory that contains the content (repeatable). Clients add the
        torrent's name and the paths of its files. The torrent then has the web seed that btkit
        serve gives at this address. With --name, this works for files only.`,
      read.repeated((text) => [publicUrl(text)]),
    )
    .optionsGroup('Version:')
    .opt(
      '--v2',
      `make a torrent of version 2 (BEP 52); old clients cannot use it. Files are in the order of
        their paths, at most 96 directories deep. A directory whose only file has its name is
        refused.`,
      { rule: 'version', default: false },
    )
    .opt(
      '--hybrid',
      `make a torrent of both versions, 1 and 2. Old and new clients can use it. The content is read
        once. In version 1, pad files (BEP 47) fill up pieces; clients that do not know pad files
        write .pad/SIZE. See btkit-clients(7) for clients that cannot open hybrids.`,
      { rule: 'version', excludes: ['v2'], default: false },
    )
    .optionsGroup('Piece length:')
    .opt(
      '-l, --piece-size-pow2 <n>',
      `use pieces of 2^n bytes, from 14 to 30; 0: by size. Under the name btmakemetafile, the
        default is 18. See PIECE LENGTH. Clients on libtorrent refuse 30.`,
      { ...PIECES, parse: read.piecePow2, default: pieces, defaultText: piecesText },
    )
    .opt(
      '--piece-length <size>',
      `use this piece length, such as 256KiB or 4MiB, or auto; also --piece-size. It is a power of
        two.`,
      { ...PIECES, excludes: ['pieceSizePow2'], parse: read.pieceLength },
    )
    .opt(
      '--target-pieces <n>',
      `use the shortest piece length that gives at most n pieces. If each file begins a piece and
        there are more than <n> files, use as few pieces as possible.`,
      {
        ...PIECES,
        excludes: ['pieceLength', 'pieceSizePow2'],
        parse: read.wholeNumber(1, 2 ** 31),
      },
    )
    .opt(
      '--max-torrent-size <size>',
      `use the shortest piece length with which the .torrent has at most this size. If that is
        impossible, the error gives the smallest size.`,
      {
        ...PIECES,
        isOwn: true,
        excludes: ['pieceLength', 'pieceSizePow2', 'targetPieces'],
        parse: read.sizeLimit,
      },
    )
    .opt(
      '--max-piece-length <size>',
      `limit the piece length, however it is chosen; also --max-piece-size`,
      { ...PIECES, parse: read.powerOfTwo },
    )
    .optionsGroup('In the torrent:')
    .opt('-c, --comment <text>', 'set a comment', { mayBeEmpty: true })
    .opt(
      '-p, --private',
      'let clients find peers through the tracker only (BEP 27). Changes the info hash.',
      { rule: 'private flag', default: false },
    )
    .opt(
      '-s, --source <text>',
      `set a source tag (repeatable); changes the info hash. Private trackers require it. Several
        tags make one torrent each, named NAME.TAG.torrent; the content is read once. With --private
        and as many -a, each torrent has one tag and the trackers of one -a, in order; several
        trackers in another number are an error, because each tracker would get the passkeys of all
        others. Characters that a file name cannot contain become '_'.`,
      { mayBeEmpty: true, rule: 'source tag', ...read.collect },
    )
    .opt('--created-by <text>', 'set the creator (default: btkit and its version)', {
      mayBeEmpty: true,
    })
    .opt('--no-created-by', 'omit the creator')
    .opt(
      '--date <when>',
      `set the creation date: seconds since 1970, 2026-11-20, 2026-11-20T12:00Z, now, or mtime. UTC
        counts if no zone is given, and 'mtime' is the time of the newest file. The default is
        SOURCE_DATE_EPOCH, or now.`,
      { parse: read.creationDate },
    )
    .opt('-d, --no-date', 'omit the creation date')
    .opt(
      '--set <key=json>',
      `set any other key; info.KEY is a key in info (repeatable). A value is a text, whole number,
        array or object in JSON, such as 'collections=["site"]' (BEP 38). A key in *info* changes
        the info hash, such as 'info.update-url="http://site.example/feed"' (BEP 39). The info
        hashes of *similar* (BEP 38) are hexadecimal.`,
      { form: 'json-map', rule: 'further keys', ...read.repeated((text) => [parseExtraKey(text)]) },
    )
    .optionsGroup('Files:')
    .opt(
      '--include <glob>',
      `include only matching files (repeatable). A glob without a slash matches names. A glob with a
        slash matches paths below the directory. Globs may use '**', braces ('*.{iso,img}'), classes
        and '!(...)', and match hidden names. A glob has at most 4096 characters, and its braces
        stand for at most 900 globs.`,
      read.collect,
    )
    .opt(
      '--exclude <glob>',
      `exclude matching files and directories (repeatable). A file that also matches --include is
        excluded.`,
      read.collect,
    )
    .opt('--hidden', 'include hidden and system files; completedir also unfinished downloads', OFF)
    .opt(
      '--symlinks <what>',
      `choose what happens to symbolic links. With 'inside', links that stay inside the directory
        are followed, and the others skipped. With 'follow', links are followed wherever they lead,
        except to a directory that contains them. With 'skip', all links are skipped. With 'store',
        they are stored as links (BEP 47) if their target is in the torrent.`,
      {
        rule: 'file attributes',
        ruledBy: 'store',
        choices: LINKS,
        default: 'inside',
      },
    )
    .opt(
      '--sort-by <what>',
      `sort files by path, size or mtime; - in front: descending. The default is 'path', or with
        --files-from 'given': the order of the list.`,
      {
        rule: 'file order',
        replaces: ['v2', 'hybrid'],
        excludes: ['v2', 'hybrid'].map((option) => ({ option, ...UNLESS_BY_PATH })),
        offers: ['path', 'size', 'mtime', '-path', '-size', '-mtime', 'given'],
        needs: name === 'makemetafile' ? [ORDER] : [],
        parse: read.fileOrder,
      },
    )
    .optionsGroup(RARELY_NEEDED)
    .opt(
      '--http-seed <url>',
      `add an HTTP seed (BEP 17; repeatable). Clients on libtorrent 2.1 and later ignore it; all
        clients read --web-seed.`,
      read.httpSeeds,
    )
    .opt('--node <host:port>', 'add a node of the DHT (BEP 5; repeatable)', read.dhtNodes)
    .opt(
      '--pad-files',
      `begin a new piece at each file, by pad files (BEP 47). Clients that know them do not write
        them; others write them to .pad. A file then has the same pieces in all such torrents, so
        clients and btkit can reuse the pieces.`,
      { rule: 'pad files', default: false },
    )
    .opt('--attributes', 'record which files are executable and which are hidden (BEP 47)', {
      rule: 'file attributes',
      default: false,
    })
  const whole = declareShareOptions(declareReadingOptions(command))
    .opt(
      ...queueOption(
        `have the workers of this Redis hash; file:PATH reads the URL. Needs --share and
          --share-key-file. It may be the Redis of --cache-url.`,
      ),
    )
    .optionsGroup('Presets:')
    .opt(
      '-P, --preset <name>',
      `use the options of this preset of the configuration; later ones win (repeatable). See
        btkit-config(1). The command line overrides presets.`,
      { takes: 'preset', ...read.collect },
    )
    .opt('--no-preset', 'use no preset, not even default-preset')
    .optionsGroup('Output:')
    .opt(
      '--checksums <names>',
      `write checksum lists beside the torrent: ${CHECKSUM_NAMES.join(', ')}, ',' between them.
        A list has a name such as NAME.sha256. The lists are checked by 'sha256sum -c' and similar
        programs in the directory that contains the content. The content is normally read only once
        for torrent and lists.`,
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
