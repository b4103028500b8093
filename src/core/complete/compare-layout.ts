import { isSameBytes } from '../../bytes.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { MAX_PIECE_POW2 } from '../../metainfo/piece-length.js'
import { cutIntoPieces, type Content } from '../digests/content.js'
import { composeCore } from '../digests/info.js'
import { withoutPads } from '../digests/pad-files.js'
import { FileColumns } from '../../files/columns.js'
import { padFile, type ScannedFile } from '../../files/scanned-file.js'
import { countUnknownPieces, type ContentDigests } from '../digests/piece-table.js'
import {
  valuesOf,
  digestTorrent,
  type CompleteDigests,
  type ExistingTorrent,
  type WantedValues,
} from './existing-torrent.js'
import { noteRead, type UndecidedTorrent } from './torrent-decision.js'
import { checkTarget } from '../../files/write/atomically.js'
import { PART_KEYS, type TorrentCore } from '../../metainfo/build/torrent.js'
import { alignedFiles, rootOf } from '../digests/file-trees.js'
import { hashContent } from '../digests/hash-content.js'
import { recallPieces } from '../digests/recall-pieces.js'
import { SHA1 } from '../../metainfo/sizes.js'

/**
 * Whether a torrent may belong to some content, judging by the file sizes. Names are not compared,
 * because other programs may encode them differently. Empty files and entries that the content
 * leaves out (such as hidden ones) are ignored, because other programs may include them or not.
 */
export function fitsContent(metainfo: Metainfo, content: Content): boolean {
  if (metainfo.isDirectory !== content.isDirectory) return false
  const leftOut = new Set(content.skipped.map(({ path }) => path))
  const listed = metainfo.files.filter(({ path, padding }) => !padding && !isBelow(path, leftOut))
  const sizes = sortedSizes(listed.map(({ length }) => length))
  const wanted = sortedSizes([...withoutPads(content.files).sizes])
  return sizes.length === wanted.length && sizes.every((size, i) => size === wanted[i])
}

/** Whether a path or one of its parent directories is in a set of paths. */
function isBelow(path: readonly string[], places: ReadonlySet<string>): boolean {
  return places.size > 0 && path.some((_, i) => places.has(path.slice(0, i + 1).join('/')))
}

function sortedSizes(sizes: readonly number[]): number[] {
  return sizes.filter((size) => size > 0).sort((a, b) => a - b)
}

/**
 * Whether an existing `info` may be that of an entry, as far as can be known without reading
 * content.
 */
export function hasLikelyInfo(metainfo: Metainfo, { content, run }: UndecidedTorrent): boolean {
  if (metainfo.version !== content.version) return false
  // Nothing is known of Merkle trees before their files are read
  if (content.version !== 'v1') return isLaidOutAlike(metainfo, content)
  const digests = metainfo.pieces
  if (digests?.length !== content.pieceCount * SHA1) return false
  const { info } = composeCore(content, run.request.common, { digests, trees: null })
  return isSameBytes(info, valuesOf(metainfo).info)
}

/**
 * Whether a torrent has exactly the files of some content, and divides them into pieces in the same
 * way.
 */
function isLaidOutAlike(metainfo: Metainfo, content: Content): boolean {
  const { name, isDirectory, pieceLength, pieceCount } = metainfo
  const isSameHead = name === content.name && isDirectory === content.isDirectory
  if (!isSameHead || pieceLength !== content.pieceLength || pieceCount !== content.pieceCount)
    return false
  const listed = metainfo.files.filter(({ padding }) => !padding)
  const wanted = withoutPads(content.files)
  return (
    listed.length === wanted.length &&
    listed.every(({ path, length }, i) => {
      const isSamePath = !isDirectory || path.join('/') === wanted.pathAt(i).join('/')
      return isSamePath && length === wanted.sizeAt(i)
    })
  )
}

/**
 * Arranges content as a torrent lists and divides it. Null unless the torrent has exactly the
 * content's files, with the same names and sizes.
 */
export function layOut(metainfo: Metainfo, content: Content): Content | null {
  const { version, name, isDirectory, pieceLength } = metainfo
  if (name !== content.name || isDirectory !== content.isDirectory) return null
  if (pieceLength > 2 ** MAX_PIECE_POW2) return null
  const files = findFiles(metainfo, content)
  if (!files) return null
  const parts = { version, name, isDirectory, files, skipped: content.skipped }
  const cut = cutIntoPieces(version === 'v1' ? parts : { ...parts, isAligned: true }, pieceLength)
  // Other programs may put a hybrid's pad files at other places
  if (version === 'hybrid' && !isPaddedAlike(metainfo, cut)) return null
  const isWhole = metainfo.pieces === null || metainfo.pieces.length === cut.pieceCount * SHA1
  return isWhole ? cut : null
}

/**
 * Returns the content's files in the order of a torrent, with its pad files; null if the files
 * differ.
 */
function findFiles(metainfo: Metainfo, { files }: Content) {
  const missing = new Map(Array.from(withoutPads(files), (file) => [file.path.join('/'), file]))
  const found: ScannedFile[] = []
  for (const { path, length, padding, symlinkPath } of metainfo.files) {
    const key = path.join('/')
    const file = padding ? padFile(path, length) : missing.get(key)
    if (file?.fingerprint.size !== length) return null
    if (symlinkPath && symlinkPath.join('/') !== file.symlinkPath?.join('/')) return null
    if (!padding) missing.delete(key)
    found.push(file)
  }
  return missing.size === 0 ? FileColumns.of(found) : null
}

function isPaddedAlike({ files }: Metainfo, aligned: Content): boolean {
  return (
    files.length === aligned.files.length &&
    files.every(({ padding, length }, i) => {
      return padding === aligned.files.isPad(i) && length === aligned.files.sizeAt(i)
    })
  )
}

/**
 * Compares the pieces of an existing torrent with the content, which is arranged as in the torrent.
 * Reads only pieces that the cache does not know. Returns the torrent's own `info` with its layers;
 * `unread` if a dry run would have to read content.
 * @throws BtkitError if the content cannot be read, or the torrent could not be written
 */
export async function checkPieces(
  entry: UndecidedTorrent,
  metainfo: Metainfo,
  laidOut: Content,
): Promise<TorrentCore | 'other' | 'unread'> {
  const { request, hashContext } = entry.run
  if (!request.dryRun) checkTarget(entry.path, {})
  const hashed = request.dryRun
    ? recallAll(laidOut, hashContext.cacheAccess)
    : await hashContent(laidOut, hashContext)
  if (!hashed) return 'unread'
  noteRead(entry, hashed)
  if (!isSame(metainfo, laidOut, hashed)) return 'other'
  const { pieceLayers } = composeCore(laidOut, request.common, hashed)
  return { info: valuesOf(metainfo).info, pieceLayers }
}

/**
 * Whether the cache shows that the torrent's pieces belong to other content, as found by an earlier
 * run that tried to adopt it.
 */
export function isKnownOther(
  { run }: UndecidedTorrent,
  metainfo: Metainfo,
  laidOut: Content,
): boolean {
  const known = recallAll(laidOut, run.hashContext.cacheAccess)
  return known !== null && !isSame(metainfo, laidOut, known)
}

function recallAll(content: Content, cacheAccess: Parameters<typeof recallPieces>[1]) {
  const table = recallPieces(content, cacheAccess)
  if (countUnknownPieces(table) > 0) return null
  return { ...table, bytesHashed: 0, isSettled: true }
}

function isSame(metainfo: Metainfo, laidOut: Content, { digests, trees }: ContentDigests): boolean {
  if (metainfo.pieces && !isSameBytes(metainfo.pieces, digests)) return false
  if (!trees) return true
  const roots = new Map(
    metainfo.tree?.map(({ file, piecesRoot }) => [file.path.join('/'), piecesRoot]),
  )
  for (const { number } of alignedFiles(laidOut)) {
    const root = roots.get(laidOut.files.pathAt(number).join('/'))
    if (!root || !isSameBytes(root, rootOf(trees, number))) return false
  }
  return true
}

/**
 * Returns the digests of a foreign torrent as if btkit had written every value that a command line
 * can set. Other keys count as added by the user, and are preserved.
 */
export function digestsOfForeign(
  { bytes }: ExistingTorrent,
  metainfo: Metainfo,
  { beside: wanted }: WantedValues,
): CompleteDigests {
  const values = valuesOf(metainfo)
  const ours = [...values.beside].filter(([key]) => PART_KEYS.has(key) || wanted.has(key))
  return { ...digestTorrent(bytes, { ...values, beside: new Map(ours) }), isAdopted: true }
}
