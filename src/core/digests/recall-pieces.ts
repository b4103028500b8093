import type { FileRecord, TreeKey } from '../../cache/records/bodies.js'
import type { Content } from './content.js'
import { pieceOwners, sharedPieces, type SharedPiece } from './piece-owners.js'
import { createTable, getPieces, heedTrees, setPieces, type PieceTable } from './piece-table.js'
import { treeOf, pieceHeight, type ReadTree } from './read-trees.js'
import {
  isSameFile,
  isSettled,
  type CacheAccess,
  type CacheTrust,
  type RememberingStart,
} from './cache-trust.js'
import { InputHash } from './input-hash.js'
import { alignedFiles, setTree, type FileTrees } from './file-trees.js'
import { chooseKernel } from '../../hash/kernels.js'
import { encodeFingerprint, type Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { doAtOnce, each, type Steps } from '../../steps.js'

/** Looks up a content's pieces in the cache. Reads no files. */
export function recallPieces(content: Content, cacheAccess: CacheAccess): PieceTable {
  return doAtOnce(recallSteps(content, cacheAccess))
}

/** The same in steps. */
export function* recallSteps(content: Content, cacheAccess: CacheAccess): Steps<PieceTable> {
  const table = createTable(content)
  if (!cacheAccess.cache.keepsAnything) return table
  if (content.version !== 'v2') yield* recallDigests(content, table, cacheAccess)
  if (table.trees) yield* recallTrees(content, table.trees, cacheAccess)
  heedTrees(content, table)
  return table
}

/** Enters the SHA-1 digests that the cache knows. */
function* recallDigests(
  content: Content,
  table: PieceTable,
  { cache, trust }: CacheAccess,
): Steps<void> {
  yield* each(pieceOwners(content), ({ file, key, first, whole, end }) => {
    const record = cache.get('file', key)
    if (!record || !isSameFile(record.fingerprint, encodeFingerprint(file.fingerprint), trust))
      return
    setPieces(table, first, record.pieces)
    const digest = end && record[end]
    if (digest) setPieces(table, first + whole, digest)
  })
  yield* each(keyedPieces(content, table, trust), ({ piece, key }) => {
    const digest = cache.get('piece', key)
    if (digest) setPieces(table, piece, digest)
  })
}

/**
 * Stores all SHA-1 digests of a table in the cache. Files that could have changed unnoticed since
 * reading began are left out.
 */
export function rememberPieces(content: Content, table: PieceTable, start: RememberingStart): void {
  doAtOnce(rememberSteps(content, table, start))
}

/** The same in steps. */
export function* rememberSteps(
  content: Content,
  table: PieceTable,
  start: RememberingStart,
): Steps<void> {
  const { cache, trust } = start
  const isKept = (file: ScannedFile) => isSettled(file, start)
  yield* each(pieceOwners(content), ({ file, key, first, whole, end }) => {
    if (!isKept(file)) return
    const known = knownFile(cache.peek('file', key), file.fingerprint, trust)
    const pieces = getPieces(table, first, whole)
    const last = getPieces(table, first + whole, 1)
    // Lists all properties: there may be very many files, and spreading takes several times as long
    cache.put('file', key, {
      fingerprint: known.fingerprint,
      pieces,
      tail: end === 'tail' ? last : known.tail,
      paddedTail: end === 'paddedTail' ? last : known.paddedTail,
    })
  })
  yield* each(keyedPieces(content, table, trust), ({ piece, spans, key }) => {
    if (!spans.every(({ file }) => isKept(file))) return
    cache.put('piece', key, getPieces(table, piece, 1))
  })
}

/**
 * Returns the other digests of a file in the cache if it has not changed, mainly those of its end
 * in other streams. Their fingerprint stays the one from their reading: a new one would fully
 * confirm digests that may have been trusted only by size and mtime.
 */
function knownFile(
  record: FileRecord | null,
  fingerprint: Fingerprint,
  trust: CacheTrust,
): Omit<FileRecord, 'pieces'> {
  const isCurrent = record && isSameFile(record.fingerprint, encodeFingerprint(fingerprint), trust)
  if (isCurrent) return record
  return { tail: null, paddedTail: null, fingerprint: encodeFingerprint(fingerprint) }
}

/** A piece that spans several files, with its key in the cache. */
interface KeyedPiece extends SharedPiece {
  readonly key: Uint8Array
}

/**
 * Yields the pieces that span several files. Their keys are SHA-256 of the files, with their
 * fingerprints and the bytes of each; the table keeps them for the next time.
 */
function* keyedPieces(
  content: Content,
  { sharedKeys }: PieceTable,
  trust: CacheTrust,
): Generator<KeyedPiece> {
  let hash: InputHash | null = null
  for (const { piece, spans } of sharedPieces(content)) {
    let key = sharedKeys.get(piece)
    if (!key) {
      hash ??= new InputHash()
      for (const { file, from, to } of spans) {
        hash.text(`${file.absolutePath}\0${from} ${to}\0`)
        hash.fingerprint(file.fingerprint, trust)
      }
      key = hash.digest()
      sharedKeys.set(piece, key)
    }
    yield { piece, spans, key }
  }
}

/**
 * Looks up the trees of a content's files in the cache. This works for all piece
 * lengths that are not shorter than the range of a stored node.
 */
function* recallTrees(content: Content, trees: FileTrees, cacheAccess: CacheAccess): Steps<void> {
  const { cache, trust } = cacheAccess
  const kernel = chooseKernel(cacheAccess.kernel)
  yield* each(alignedFiles(content), ({ file, number }) => {
    const { fingerprint } = file
    const tree = cache.get('tree', treeKeyOf(file))
    if (!tree || !isSameFile(tree.fingerprint, encodeFingerprint(fingerprint), trust)) return
    // A file in a single piece only needs its root
    const needsLayer = fingerprint.size > content.pieceLength
    if (needsLayer && tree.height > pieceHeight(content)) return
    setTree(trees, number, treeOf(file, content, { tree, kernel }))
  })
}

/** Stores trees in the cache, as rememberPieces does with pieces. */
export function rememberTrees(trees: readonly ReadTree[], start: RememberingStart): void {
  for (const { file, root, height, nodes } of trees) {
    if (!isSettled(file, start)) continue
    start.cache.put('tree', treeKeyOf(file), {
      root,
      height,
      nodes,
      fingerprint: encodeFingerprint(file.fingerprint),
    })
  }
}

function treeKeyOf({ absolutePath, fingerprint }: ScannedFile): TreeKey {
  return { path: absolutePath, size: fingerprint.size }
}
