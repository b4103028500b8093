import type { Kinds, PieceCache } from '../../disk/cache/piece-cache.js'
import type { FileKey, TreeKey } from '../../disk/cache/records/bodies.js'
import type { CutFiles, SingleFile } from './content.js'
import { encodeFingerprint } from '../../disk/file-lists/fingerprint.js'
import { automaticPieceLength } from '../../metainfo/piece-length.js'
import {
  keyOfOwner,
  pieceOwners,
  sharedPieces,
  type PieceOwner,
  type SharedPiece,
} from './piece-owners.js'
import { createTable, heedTrees, setPieces, type PieceTable } from './piece-table.js'
import { enterBegun, treeOf } from './read-trees.js'
import { SMALL_FILE } from './small-files.js'
import type { CacheAccess } from './cache-access.js'
import { isSameFile, traceUnknown, type CacheTrust } from '../../disk/cache/trust.js'
import { statIfThere } from '../../disk/look/stat-files.js'
import { InputHash } from './input-hash.js'
import { alignedFiles, setTree, type AlignedFile, type FileTrees } from './file-trees.js'
import { pieceHeight } from '../../metainfo/merkle.js'
import { BLOCK, SHA1 } from '../../metainfo/sizes.js'
import { doAtOnce, each, type Steps } from '../../base/steps.js'
import { isTraced, trace } from '../../base/text/trace.js'

/** Looks up a content's pieces in the cache. Reads no files. */
export function recallPieces(content: CutFiles, cacheAccess: CacheAccess): PieceTable {
  return doAtOnce(recallSteps(content, cacheAccess))
}

/** The same in steps. */
export function* recallSteps(content: CutFiles, cacheAccess: CacheAccess): Steps<PieceTable> {
  const table = createTable(content)
  if (!cacheAccess.cache.keepsAnything) return table
  if (content.version !== 'v2') yield* recallDigests(content, table, cacheAccess)
  if (table.trees) {
    yield* recallTrees(content, table.trees, table, cacheAccess)
    heedTrees(content, table.trees, table.isKnown)
  }
  if (isTraced && !table.isKnown.includes(0)) trace(() => `${content.name}: all digests are cached`)
  return table
}

/** Enters the SHA-1 digests that the cache knows. */
function* recallDigests(content: CutFiles, table: PieceTable, access: CacheAccess): Steps<void> {
  const { cache, trust } = access
  const { files } = content
  // Records of pieces are stored after those of their files, and removed before
  const isUnknown = new Uint8Array(files.length)
  const recall = (owner: PieceOwner) => {
    const { number, first, whole, end } = owner
    const key = keyOfOwner(content, owner)
    const isKept = !isTinyOwner(content, owner, cache)
    const fingerprint = files.encodedAt(number)
    const record = isKept ? recallFile('file', key, fingerprint, access) : null
    if (record) {
      setPieces(table, first, record.pieces)
      const digest = end && record[end]
      if (digest) setPieces(table, first + whole, digest)
      return
    }
    const start = recallStart(key, startOfPieces(key), fingerprint, access)
    if (start) {
      setPieces(table, first, start.subarray(0, whole * SHA1))
      table.begun.add(number)
    } else isUnknown[number] = 1
  }
  yield* each(pieceOwners(content), recall)
  yield* each(keyedPieces(content, table, trust, isUnknown), ({ piece, key, first }) => {
    const digest = cache.get('piece', { path: files.absolutePathAt(first), spans: key })
    if (digest) setPieces(table, piece, digest)
    else if (isTraced)
      trace(() => `${files.absolutePathAt(first)}: must be read: its end and the next files`)
  })
}

/** Whether the cache has the SHA-1 digests of a torrent of version 1 of a file. */
export function hasPieces({ file, pieceLength: wanted }: SingleFile, access: CacheAccess): boolean {
  const { absolutePath: path, fingerprint } = file
  const { size } = fingerprint
  const pieceLength = wanted === 'auto' ? automaticPieceLength(size) : wanted
  const key = { path, pieceLength, phase: 0, size }
  const record = recallFile('file', key, encodeFingerprint(fingerprint), access)
  return record !== null && (size % pieceLength === 0 || record.tail !== null)
}

/**
 * Looks up the record of a file, if need be at the path of a hard link that was seen in this run:
 * it is then stored for this path, too. Null if it is of another state of the file.
 */
function recallFile<K extends 'file' | 'tree'>(
  kind: K,
  key: Kinds[K]['key'],
  fingerprint: Uint8Array,
  { cache, trust }: CacheAccess,
): Kinds[K]['value'] | null {
  const known = cache.get(kind, key)
  if (known && isSameFile(known.fingerprint, fingerprint, trust)) {
    if (key.size > SMALL_FILE) cache.notePath(fingerprint, key.path)
    return known
  }
  const path = key.size > SMALL_FILE ? cache.pathOf(fingerprint) : undefined
  // Some file systems give all files one number
  const isLink = path !== undefined && (statIfThere(key.path)?.nlink ?? 0) > 1
  const linked = isLink ? cache.get(kind, { ...key, path }) : null
  if (linked && isSameFile(linked.fingerprint, fingerprint, trust)) {
    cache.put(kind, key, linked)
    return linked
  }
  traceUnknown(fingerprint, key.path, known?.fingerprint)
  return null
}

/** Files so short have no record of their starts, because they are hashed at once. */
export const LEAST_BEGUN = 1024 * 1024

/** Names the digests of the first pieces of a file in the cache. */
export function startOfPieces({ pieceLength, phase }: Pick<FileKey, 'pieceLength' | 'phase'>) {
  return `pieces ${pieceLength}+${phase}`
}

/** Names the height, as a byte, and the first nodes of a file's tree. */
export const START_OF_TREE = 'tree'

/** Looks up digests of the start of a file that was not read to its end. */
function recallStart(
  { path, size }: TreeKey,
  name: string,
  fingerprint: Uint8Array,
  { cache, trust }: CacheAccess,
): Uint8Array | null {
  const start = size < LEAST_BEGUN ? null : cache.get('digest', { algorithm: name, path })
  return start && isSameFile(start.fingerprint, fingerprint, trust) ? start.digest : null
}

/** Of fewer files, all have records. */
const FEW = 8

/** To hash longer pieces takes longer than a record, even if all but a few bytes are zeros. */
const SHORT = 4 * BLOCK

/**
 * Whether a file has no record, because a record for each of very many would cost several times as
 * much as to read and hash them. A listener sees a record of each file.
 */
export function isTiny(content: CutFiles, size: number, { onFile }: PieceCache): boolean {
  if (size > BLOCK || onFile || content.files.length < FEW) return false
  return content.version === 'v2' || content.pieceLength <= SHORT
}

/** The same of a file in one piece that is filled with zeros. */
export function isTinyOwner(
  content: CutFiles,
  { size, whole, end }: PieceOwner,
  cache: PieceCache,
): boolean {
  return whole === 0 && end === 'paddedTail' && isTiny(content, size, cache)
}

/** A piece that spans several files, with its key in the cache. */
export interface KeyedPiece extends SharedPiece {
  readonly key: Uint8Array
}

/**
 * Yields the pieces that span several files, with their keys in the cache. These are SHA-256 of the
 * files, with their fingerprints and the bytes of each; the table keeps them for the next time.
 * Leaves out pieces that begin or end in a file that `isUnknown` marks.
 */
export function* keyedPieces(
  content: CutFiles,
  { sharedKeys }: PieceTable,
  trust: CacheTrust,
  isUnknown?: Uint8Array,
): Generator<KeyedPiece> {
  const { files } = content
  if (files.length < 2) return
  let hash: InputHash | null = null
  for (const { piece, first, last, from, to } of sharedPieces(content)) {
    if (isUnknown?.[first] === 1 || isUnknown?.[last] === 1) continue
    let key = sharedKeys.get(piece)
    if (!key) {
      hash ??= new InputHash()
      for (let i = first; i <= last; i++) {
        const size = files.sizeAt(i)
        if (size === 0) continue
        hash.realPath(files, i)
        hash.text(`\0${i === first ? from : 0} ${i === last ? to : size}\0`)
        hash.fingerprint(files, i, trust)
      }
      key = hash.digest()
      sharedKeys.set(piece, key)
    }
    yield { piece, first, last, from, to, key }
  }
}

/**
 * Looks up the trees of a content's files in the cache. This works for all piece
 * lengths that are not shorter than the range of a stored node.
 */
function* recallTrees(
  content: CutFiles,
  trees: FileTrees,
  { begun }: PieceTable,
  access: CacheAccess,
): Steps<void> {
  const { files } = content
  const recall = ({ number, size }: AlignedFile) => {
    if (isTiny(content, size, access.cache)) return
    const key = { path: files.absolutePathAt(number), size }
    const fingerprint = files.encodedAt(number)
    const tree = recallFile('tree', key, fingerprint, access)
    // A file in a single piece only needs its root
    if (tree && tree.height <= pieceHeight(content.pieceLength, size)) {
      setTree(trees, number, treeOf(size, content, tree))
      return
    }
    const start = recallStart(key, START_OF_TREE, fingerprint, access)
    if (!start) return
    enterBegun(content, trees, number, { height: start[0] ?? 0, nodes: start.subarray(1) })
    begun.add(number)
  }
  yield* each(alignedFiles(content), recall)
}
