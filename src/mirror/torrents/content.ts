import {
  bytesOf,
  type Content,
  type ContentRules,
  cutIntoPieces,
  singleContent,
} from '../../core/digests/content.js'
import { bytesMissing } from '../../core/digests/pad-files.js'
import { sortFiles } from '../../core/digests/sort-files.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import { FileStore } from '../../disk/file-lists/file-store.js'
import { padFile, type ScannedFile } from '../../disk/file-lists/scanned-file.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { pieceLengthOf } from '../../metainfo/piece-length.js'
import { MOST_V2_BYTES } from '../tree/address.js'
import { formatMirrorPath, SERVICE_NAME } from '../tree/mirror.js'
import { notFound, Refusal } from '../../server/headers/refusal.js'
import { formatBytes } from '../../base/text/quantity.js'

/** The form of the wanted torrent. */
interface WantedContent {
  /** Whether a single file makes a single-file torrent. */
  readonly isSingle: boolean
  /** v1 if absent, as in the protocol. */
  readonly version?: MetainfoVersion
  /**
   * Piece length of a single-file torrent; the protocol's if absent. Sets of several files always
   * have the protocol's.
   */
  readonly pieceLength?: ContentRules['pieceLength']
}

/** The piece length of the protocol, in bytes. */
export const BLOCK_SIZE = pieceLengthOf(20)

/**
 * The content of a set's torrent. A single-file torrent contains just the file. In all others, each
 * file begins on a piece boundary, so that its digests are the same in every set. A null file,
 * served by the service itself, fills the piece before.
 * @throws Refusal
 */
export function setContent(
  { isSingle, version = 'v1', pieceLength = BLOCK_SIZE }: WantedContent,
  files: readonly ScannedFile[],
): Content {
  const [first] = files
  const isOne = isSingle && files.length === 1 && first !== undefined
  const content = isOne
    ? singleContent({ file: first, version, pieceLength })
    : paddedContent(files, version)
  refuseManyPieces(content)
  if (content.size > 0) return content
  throw new Refusal('empty', 'all files are empty; clients refuse such torrents')
}

/**
 * Most pieces of a torrent. Its digests take 10 MB then: half a second of work for all requests
 * under way would be longer than others should wait.
 */
const MOST_PIECES = 2 ** 19

/**
 * @throws Refusal if content has more pieces than a torrent may have, or more bytes of version 2
 *   than are hashed at once
 */
export function refuseManyPieces(content: Content): void {
  if (content.pieceCount > MOST_PIECES) {
    const size = formatBytes(MOST_PIECES * content.pieceLength)
    const why = `a torrent of more than ${size} has too many pieces; ask for less`
    throw new Refusal('too-many', why)
  }
  if (content.version === 'v1' || bytesOf(content) <= MOST_V2_BYTES) return
  const why = `more than ${formatBytes(MOST_V2_BYTES)} are not hashed for version 2; ask for version 1`
  throw new Refusal('incompatible', why)
}

/** The files are in the requested order, or in that of a file tree (BEP 52). */
function paddedContent(requested: readonly ScannedFile[], version: MetainfoVersion): Content {
  const files =
    version === 'v1'
      ? requested
      : [...sortFiles(FileColumns.of(requested), { by: 'path', isDescending: false })]
  const name = sharedName(files)
  refuseShadowed(files)
  refuseDoubles(files)
  // The names of null files count from 0 for each size
  const counts = new Map<number, number>()
  const store = new FileStore()
  for (const [i, file] of files.entries()) {
    store.add({ ...file, path: file.path.slice(1) })
    const padding = i === files.length - 1 ? 0 : bytesMissing(file.fingerprint.size, BLOCK_SIZE)
    if (padding === 0) continue
    const n = counts.get(padding) ?? 0
    counts.set(padding, n + 1)
    store.add(padFile([SERVICE_NAME, 'nullfile', `${padding}_${n}`], padding))
  }
  const columns = new FileColumns(store)
  return cutIntoPieces(
    { version, name, isDirectory: true, files: columns, skipped: [] },
    BLOCK_SIZE,
  )
}

/**
 * The directory to whose URL clients add the name of a single file. Null below the service's own
 * addresses, where clients would get no file.
 */
export function directoryOf(path: readonly string[]): readonly string[] | null {
  return path[1] === SERVICE_NAME ? null : path.slice(0, -1)
}

const COMMON = 'all files of a set must have the same first directory'

/** The first component of all paths, which is the torrent's name. */
function sharedName(files: readonly ScannedFile[]): string {
  const name = files[0]?.path[0] ?? ''
  for (const { path } of files) {
    if (path.length < 2) throw incompatible(path, `${COMMON} below /`)
    if (path[0] !== name) throw incompatible(path, `${COMMON}, here ${formatMirrorPath([name])}`)
  }
  return name
}

/** Refuses files below the service's own addresses, from which they could not be fetched. */
function refuseShadowed(files: readonly ScannedFile[]): void {
  const shadowed = files.find(({ path }) => path[1] === SERVICE_NAME)
  if (shadowed) throw notFound(formatMirrorPath(shadowed.path))
}

function refuseDoubles(files: readonly ScannedFile[]): void {
  const seen = new Set<string>()
  for (const { path } of files) {
    const key = path.join('/')
    if (seen.has(key)) throw incompatible(path, 'named twice; name each file once')
    seen.add(key)
  }
}

/** Refuses a file that cannot be in one torrent with the others. */
function incompatible(path: readonly string[], why: string): Refusal {
  return new Refusal('incompatible', `${formatMirrorPath(path)}: ${why}`)
}
