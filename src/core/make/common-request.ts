import { distinctSeeds, type TrackerTiers } from '../../metainfo/trackers.js'
import type { CheckedTrackers, CommonRequest } from './make-torrent.js'
import type { FileOrder } from '../digests/sort-files.js'
import { BtkitError } from '../../base/errors.js'
import type { LinkPolicy } from '../../disk/scan/scanned-tree.js'
import type { BencodeDict } from '../../metainfo/bencode/value.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { TEXT_NAMES, type TextName } from '../../metainfo/fields.js'
import type { DhtNode, PieceLength } from '../../metainfo/values.js'
import { version as programVersion } from '../../base/process.js'

/** Texts; null for none (default: none; for the creator, btkit and its version). */
type TextOptions = { readonly [N in TextName]?: string | null | undefined }

/** The contents of a torrent beside its files. */
export interface TorrentOptions extends TextOptions {
  /** Trackers by tier, from the first to be asked to the last (default: none). */
  readonly trackers?: TrackerTiers | undefined
  /** URLs of web seeds (BEP 19). */
  readonly webSeeds?: readonly string[] | undefined
  /** URLs of HTTP seeds (BEP 17). */
  readonly httpSeeds?: readonly string[] | undefined
  /** DHT nodes (BEP 5). */
  readonly nodes?: readonly DhtNode[] | undefined
  /** `v1` is BEP 3, `v2` is BEP 52, `hybrid` is both (default: `v1`). */
  readonly version?: MetainfoVersion | undefined
  /** Bytes of a piece, a power of two (default: `auto`, by size). */
  readonly pieceLength?: number | 'auto' | undefined
  /** Seconds since 1970; `mtime` for the newest file's time; null for none (default: now). */
  readonly creationDate?: number | 'mtime' | null | undefined
  /** Whether peers come from the tracker only (BEP 27; default: false). */
  readonly private?: boolean | undefined
  /** `info.source`, which private trackers use to change the info hash. */
  readonly source?: string | undefined
  /** Additional keys of `info`. They do not replace keys of the options above. */
  readonly infoKeys?: BencodeDict | undefined
  /** Additional keys outside `info`. They do not replace keys of the options above. */
  readonly keys?: BencodeDict | undefined
}

/** The files of a torrent, and how they become pieces. */
export interface FileOptions {
  /** Globs; if there are any, a file must match one or be below a directory that does. */
  readonly include?: readonly string[] | undefined
  /** Globs of entries to leave out; overrides `include`. */
  readonly exclude?: readonly string[] | undefined
  /** Whether to include hidden and system files (default: false). */
  readonly all?: boolean | undefined
  /** Symbolic links to follow, store or leave out (default: follow those that stay `inside`). */
  readonly links?: LinkPolicy | undefined
  /** Whether to record executable and hidden files (BEP 47; default: false). */
  readonly attributes?: boolean | undefined
  /** Order of the files of a v1 torrent (default: by path). */
  readonly order?: FileOrder | undefined
  /** Whether each file begins a piece (BEP 47; default: in v2 and hybrids). */
  readonly padFiles?: boolean | undefined
  /** Use the shortest pieces of which there are at most so many. */
  readonly targetPieces?: number | undefined
  /** Use the shortest pieces for which the .torrent has at most so many bytes. */
  readonly maxTorrentSize?: number | undefined
  /** Maximum bytes of a piece, however it is chosen. */
  readonly maxPieceLength?: number | undefined
}

/**
 * Options with values that torrents can have, as a command line or the library's door checked them.
 */
export interface CheckedOptions extends Omit<TorrentOptions & FileOptions, 'trackers'> {
  readonly trackers: CheckedTrackers
  readonly pieceLength: PieceLength | 'auto'
  readonly maxPieceLength: PieceLength | undefined
  readonly creationDate: number | 'mtime' | null
}

/**
 * Translates options for core.
 * @throws BtkitError `usage` for DHT nodes of a private torrent
 */
export function commonRequestOf(options: CheckedOptions): CommonRequest {
  if (options.private && (options.nodes ?? []).length > 0) {
    const why = 'peers of a private torrent come from its tracker only (BEP 27)'
    throw new BtkitError('usage', `private and DHT nodes cannot be used together: ${why}`)
  }
  return {
    scan: {
      all: options.all ?? false,
      include: [...(options.include ?? [])],
      exclude: [...(options.exclude ?? [])],
      links: options.links ?? 'inside',
      attributes: options.attributes ?? false,
    },
    version: options.version ?? 'v1',
    isAligned: options.padFiles ?? false,
    order: options.order,
    pieceLength: options.pieceLength,
    mostPieces: options.targetPieces,
    largestTorrent: options.maxTorrentSize,
    longestPiece: options.maxPieceLength,
    private: options.private ?? false,
    sourceTag: textOrNull(options.source),
    extraKeys: options.infoKeys,
    parts: {
      ...options.trackers,
      webSeeds: distinctSeeds(options.webSeeds ?? []),
      httpSeeds: distinctSeeds(options.httpSeeds ?? []),
      nodes: options.nodes ?? [],
      ...textsOf(options),
      extraKeys: options.keys,
    },
    creationDate: options.creationDate,
    write: {},
  }
}

function textsOf(options: TextOptions): Record<TextName, string | null> {
  const defaults: TextOptions = { createdBy: `btkit ${programVersion()}` }
  const texts = TEXT_NAMES.map((name) => {
    return [name, textOrNull(options[name] === undefined ? defaults[name] : options[name])]
  })
  return Object.fromEntries(texts) as Record<TextName, string | null>
}

/** Empty texts get no key. */
function textOrNull(text: string | null | undefined): string | null {
  return text === undefined || text === '' ? null : text
}
