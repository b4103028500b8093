import type { PieceCache } from '../../disk/cache/piece-cache.js'
import type { TreeRecord } from '../../disk/cache/records/bodies.js'
import type { CutFiles } from './content.js'
import {
  keyOfOwner,
  pieceOwners,
  sharedPieces,
  type PieceOwner,
  type SharedPiece,
} from './piece-owners.js'
import { createTable, getPieces, heedTrees, setPieces, type PieceTable } from './piece-table.js'
import { isSingle, treeOf, type ReadTrees } from './read-trees.js'
import type { CacheAccess } from './cache-access.js'
import {
  isSameFile,
  isSettledAt,
  traceUnknown,
  type CacheTrust,
  type RememberingStart,
} from '../../disk/cache/trust.js'
import { InputHash } from './input-hash.js'
import { alignedFiles, setTree, type AlignedFile, type FileTrees } from './file-trees.js'
import { pieceHeight } from '../../metainfo/merkle.js'
import { BLOCK } from '../../metainfo/sizes.js'
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
    yield* recallTrees(content, table.trees, cacheAccess)
    heedTrees(content, table.trees, table.isKnown)
  }
  if (isTraced && !table.isKnown.includes(0)) trace(() => `${content.name}: all digests are cached`)
  return table
}

/** Enters the SHA-1 digests that the cache knows. */
function* recallDigests(
  content: CutFiles,
  table: PieceTable,
  { cache, trust }: CacheAccess,
): Steps<void> {
  const { files } = content
  // Records of pieces are stored after those of their files, and removed before
  const isUnknown = new Uint8Array(files.length)
  const recall = (owner: PieceOwner) => {
    const { number, first, whole, end } = owner
    const isKept = !isTinyOwner(content, owner, cache)
    const record = isKept ? cache.get('file', keyOfOwner(content, owner)) : null
    if (!record || !isSameFile(record.fingerprint, files.encodedAt(number), trust)) {
      isUnknown[number] = 1
      traceUnknown(files, number, record?.fingerprint)
      return
    }
    setPieces(table, first, record.pieces)
    const digest = end && record[end]
    if (digest) setPieces(table, first + whole, digest)
  }
  yield* each(pieceOwners(content), recall)
  yield* each(keyedPieces(content, table, trust, isUnknown), ({ piece, key, first }) => {
    const digest = cache.get('piece', { path: files.absolutePathAt(first), spans: key })
    if (digest) setPieces(table, piece, digest)
    else if (isTraced)
      trace(() => `${files.absolutePathAt(first)}: must be read: its end and the next files`)
  })
}

/** Of fewer files, all have records. */
const FEW = 8

/** To hash longer pieces takes longer than a record, even if all but a few bytes are zeros. */
const SHORT = 4 * BLOCK

/**
 * Whether a file has no record, because a record for each of very many would cost several times as
 * much as to read and hash them. A listener sees a record of each file.
 */
function isTiny(content: CutFiles, size: number, { onFile }: PieceCache): boolean {
  if (size > BLOCK || onFile || content.files.length < FEW) return false
  return content.version === 'v2' || content.pieceLength <= SHORT
}

/** The same of a file in one piece that is filled with zeros. */
function isTinyOwner(content: CutFiles, { size, whole, end }: PieceOwner, cache: PieceCache) {
  return whole === 0 && end === 'paddedTail' && isTiny(content, size, cache)
}

/**
 * Stores the SHA-1 digests of a table, and the trees of files that were read, in steps. Files that
 * could have changed unnoticed since reading began are left out.
 */
export function* rememberSteps(
  content: CutFiles,
  table: PieceTable,
  trees: ReadTrees | null,
  start: RememberingStart,
): Steps<void> {
  if (!start.cache.keepsAnything) return
  if (content.version !== 'v2') yield* rememberDigests(content, table, start)
  if (trees) yield* rememberTrees(content, trees, start)
}

function* rememberDigests(
  content: CutFiles,
  table: PieceTable,
  start: RememberingStart,
): Steps<void> {
  const { cache, trust } = start
  const { files } = content
  const remember = (owner: PieceOwner) => {
    const { number, first, whole, end } = owner
    if (isTinyOwner(content, owner, cache) || !isSettledAt(files, number, start)) return
    const key = keyOfOwner(content, owner)
    const fingerprint = files.encodedAt(number)
    const record = cache.peek('file', key)
    // Its other digests are mainly of its end in other streams. Their fingerprint stays the one
    // from their reading: a new one would fully confirm digests that may have been trusted only by
    // size and mtime
    const known =
      record && isSameFile(record.fingerprint, fingerprint, trust)
        ? record
        : { tail: null, paddedTail: null, fingerprint }
    const pieces = getPieces(table, first, whole)
    const last = getPieces(table, first + whole, 1)
    // Lists all properties: there may be very many files, and spreading takes several times as long
    cache.put('file', key, {
      fingerprint: known.fingerprint,
      pieces,
      tail: end === 'tail' ? last : known.tail,
      paddedTail: end === 'paddedTail' ? last : known.paddedTail,
    })
  }
  yield* each(pieceOwners(content), remember)
  yield* each(keyedPieces(content, table, trust), ({ piece, first, last, key }) => {
    for (let i = first; i <= last; i++) {
      if (files.sizeAt(i) > 0 && !isSettledAt(files, i, start)) return
    }
    const path = files.absolutePathAt(first)
    cache.put('piece', { path, spans: key }, getPieces(table, piece, 1))
  })
}

/**
 * Yields the pieces that span several files, with their keys in the cache. These are SHA-256 of the
 * files, with their fingerprints and the bytes of each; the table keeps them for the next time.
 * Leaves out pieces that begin or end in a file that `isUnknown` marks.
 */
function* keyedPieces(
  content: CutFiles,
  { sharedKeys }: PieceTable,
  trust: CacheTrust,
  isUnknown?: Uint8Array,
): Generator<SharedPiece & { readonly key: Uint8Array }> {
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
function* recallTrees(content: CutFiles, trees: FileTrees, cacheAccess: CacheAccess): Steps<void> {
  const { cache, trust } = cacheAccess
  const { files } = content
  const recall = ({ number, size }: AlignedFile) => {
    const isKept = !isTiny(content, size, cache)
    const tree = isKept ? cache.get('tree', { path: files.absolutePathAt(number), size }) : null
    if (!tree || !isSameFile(tree.fingerprint, files.encodedAt(number), trust)) {
      traceUnknown(files, number, tree?.fingerprint)
      return
    }
    // A file in a single piece only needs its root
    if (tree.height > pieceHeight(content.pieceLength, size)) return
    setTree(trees, number, treeOf(size, content, tree))
  }
  yield* each(alignedFiles(content), recall)
}

function* rememberTrees(content: CutFiles, trees: ReadTrees, start: RememberingStart): Steps<void> {
  const { files } = content
  const { cache } = start
  const remember = (number: number, tree: Omit<TreeRecord, 'fingerprint'>) => {
    if (!isSettledAt(files, number, start)) return
    const key = { path: files.absolutePathAt(number), size: files.sizeAt(number) }
    // Lists all properties: there may be very many files, and spreading takes several times as long
    const { root, height, nodes } = tree
    cache.put('tree', key, { root, height, nodes, fingerprint: files.encodedAt(number) })
  }
  yield* each(alignedFiles(content), (file) => {
    if (!isSingle(file) || isTiny(content, file.size, cache)) return
    const root = trees.singleRoot(file.number)
    if (root) remember(file.number, { root, height: 0, nodes: root })
  })
  yield* each(trees.whole, (tree) => {
    remember(tree.number, tree)
  })
}
