import { type Conversion, convertTorrent as convert } from '../core/convert/convert-torrent.js'
import { findData as find, indexFiles, linkData, type FoundDatum } from '../core/find/find-data.js'
import { checkPieceLength, VERSIONS } from '../core/make/asked.js'
import { NamesByForm } from '../core/verify/like-names.js'
import type { VerifyReport } from '../core/verify/verify-report.js'
import { checkTorrent } from '../core/verify/verify-torrent.js'
import type { BtkitError } from '../base/errors.js'
import type { MetainfoVersion } from '../metainfo/metainfo.js'
import { requireArray, requireOneOf, requirePath, requirePaths } from '../base/require.js'
import { labelOf, readInput, type TorrentInput } from './read.js'
import { hashContextOf, readingOf, startTask, type Task, type WorkOptions } from './task.js'

/** Options for checking files against a torrent. */
export interface VerifyOptions extends WorkOptions {
  /** Whether to read the files, and not only compare their sizes (default: true). */
  readonly checkHashes?: boolean | undefined
  /** Whether to report files that are not in the torrent (default: false). */
  readonly extra?: boolean | undefined
  /**
   * Whether `path` must be the directory that holds the content (default: false, the place counts
   * where more files have their size).
   */
  readonly byName?: boolean | undefined
  /** Maximum bytes of the .torrent (default: 64 MiB). */
  readonly maxSize?: number | undefined
}

/**
 * Checks files against a torrent. `path` is the content, or the directory that holds it under the
 * torrent's name. Files that are missing, damaged or unreadable are part of the report.
 * @throws BtkitError `unsafe-path` for a torrent with paths that lead out of its directory, those
 *   of readTorrent, and `interrupted`
 */
export function verifyTorrent(
  torrent: TorrentInput,
  path: string,
  options: VerifyOptions = {},
): Task<VerifyReport> {
  return startTask(options, async (signal, tell) => {
    requirePath(path, 'content')
    const { checkHashes = true, extra = false } = options
    const byName = options.byName === true || undefined
    const metainfo = readInput(torrent, options)
    const what = labelOf(torrent, metainfo)
    const place = { path, byName, rawNames: true, likeNames: new NamesByForm() }
    const request = { metainfo, torrent: what, ...place, checkHashes, extra }
    return checkTorrent(request, readingOf(options, { signal, tell, path }))
  })
}

/** Options for converting a torrent. */
export interface ConvertOptions extends WorkOptions {
  /** The version of the new torrent: `v1` is BEP 3, `v2` is BEP 52, `hybrid` is both. */
  readonly version: MetainfoVersion
  /** Bytes of a piece, a power of two, or `auto`, by size (default: as before, if possible). */
  readonly pieceLength?: number | 'auto' | undefined
  /** Path of the .torrent to write (default: none is written). */
  readonly output?: string | undefined
  /** Whether `output` may replace a file that is not a torrent (default: false). */
  readonly force?: boolean | undefined
  /** Maximum bytes of the .torrent (default: 64 MiB). */
  readonly maxSize?: number | undefined
}

/**
 * Turns a torrent into one of another version. `path` is the content, or the directory that holds
 * it under the torrent's name. The content is read twice: to check it, and to hash it. If it is not
 * whole, the result has the report of verifyTorrent and no torrent, and nothing is written.
 * @throws BtkitError `metainfo` if the torrent has that version already, `exists`, those of
 *   verifyTorrent, and `interrupted`
 */
export function convertTorrent(
  torrent: TorrentInput,
  path: string,
  options: ConvertOptions,
): Task<Conversion> {
  return startTask(options, async (signal, tell) => {
    requirePath(path, 'content')
    const { output, force = false } = options
    const version = requireOneOf(options.version, VERSIONS, 'version')
    const pieceLength =
      options.pieceLength === undefined ? null : checkPieceLength(options.pieceLength)
    const store = output === undefined ? null : { target: output, force, original: null }
    const label = typeof torrent === 'string' ? torrent : null
    const read = () => readInput(torrent, options)
    const request = { read, torrent: label, path, version, pieceLength, store }
    const reading = readingOf(options, { signal, tell, path })
    return (await convert(request, reading)).conversion
  })
}

/** Options for finding the data of torrents. */
export interface FindOptions extends Omit<WorkOptions, 'cache'> {
  /**
   * Directory in which each file that is found gets a hard link with its name in the torrent
   * (default: none).
   */
  readonly link?: string | undefined
  /** Whether likely files are copied there under their names in the torrent (default: false). */
  readonly likely?: boolean | undefined
  /** Receives the problems of entries that cannot be looked at, and are left out. */
  readonly onWarning?: ((message: string) => void) | undefined
  /** Maximum bytes of a .torrent (default: 64 MiB). */
  readonly maxSize?: number | undefined
}

/** The data of a torrent, as far as it was found. */
export interface FoundData {
  /** Whether all files were found. */
  readonly ok: boolean
  /** All files of the torrent except pad files, in its order. */
  readonly files: readonly FoundDatum[]
}

/**
 * Finds the data of torrents below directories, by size and pieces, also under other names. The
 * directories are listed once. The results are in the order of the torrents.
 * @throws BtkitError `not-found` for a directory, `unsafe-path`, `exists` for another file in the
 *   place of a link, those of readTorrent, and `interrupted`
 */
export function findData(
  torrents: readonly TorrentInput[],
  directories: readonly string[],
  options: FindOptions = {},
): Task<FoundData[]> {
  return startTask(options, async (signal, tell) => {
    requireArray(torrents, 'torrents')
    requirePaths(directories, 'directories')
    const onProblem = ({ message }: BtkitError) => options.onWarning?.(message)
    const index = await indexFiles(directories, onProblem)
    let bytesTotal = 0
    const context = hashContextOf(options, { signal, tell, bytesTotal: () => bytesTotal })
    const results: FoundData[] = []
    const links: (() => Promise<void>)[] = []
    for (const torrent of torrents) {
      const metainfo = readInput(torrent, options)
      bytesTotal = metainfo.size
      const request = { metainfo, torrent: labelOf(torrent, metainfo), index, onProblem }
      const files = await find(request, context)
      const { name, isDirectory } = metainfo
      const { link: directory, likely = false } = options
      if (directory !== undefined)
        links.push(() => linkData({ name, isDirectory }, files, { directory, likely }))
      const ok = files.every(({ status }) => status === 'found' || status === 'empty')
      results.push({ ok, files })
    }
    for (const make of links) await make()
    return results
  })
}
