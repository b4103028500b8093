import type { PieceCache } from '../../disk/cache/piece-cache.js'
import type { FileRecord, TreeRecord } from '../../disk/cache/records/bodies.js'
import type { Content } from './content.js'
import {
  keyOfOwner,
  pieceOwners,
  sharedPieces,
  type PieceOwner,
  type SharedPiece,
} from './piece-owners.js'
import { inBlocks, recallBlock, rememberBlock, type Group } from './digest-blocks.js'
import { createTable, getPieces, heedTrees, setPieces, type PieceTable } from './piece-table.js'
import { isSingle, treeOf, pieceHeight, type ReadTrees } from './read-trees.js'
import {
  isSameFile,
  isSettledAt,
  traceUnknown,
  type CacheAccess,
  type CacheTrust,
  type RememberingStart,
} from './cache-trust.js'
import { InputHash } from './input-hash.js'
import { alignedFiles, setTree, type AlignedFile, type FileTrees } from './file-trees.js'
import { doAtOnce, each, type Steps } from '../../base/steps.js'
import { isTraced, trace } from '../../base/text/trace.js'

/** Looks up a content's pieces in the cache. Reads no files. */
export function recallPieces(content: Content, cacheAccess: CacheAccess): PieceTable {
  return doAtOnce(recallSteps(content, cacheAccess))
}

/** The same in steps. */
export function* recallSteps(content: Content, cacheAccess: CacheAccess): Steps<PieceTable> {
  const table = createTable(content)
  if (!cacheAccess.cache.keepsAnything) return table
  if (content.version !== 'v2') yield* recallDigests(content, table, cacheAccess)
  if (table.trees) {
    yield* recallTrees(content, table.trees, cacheAccess)
    heedTrees(content, table.trees, table.isKnown)
  }
  if (isTraced && !table.isKnown.includes(0))
    trace(() => `${content.name || content.files.absolutePathAt(0)}: all digests are cached`)
  return table
}

/** Enters the SHA-1 digests that the cache knows. */
function* recallDigests(
  content: Content,
  table: PieceTable,
  { cache, trust }: CacheAccess,
): Steps<void> {
  const { files, pieceLength } = content
  // Records of pieces are stored after those of their files, and removed before
  const isUnknown = new Uint8Array(files.length)
  const recall = (owner: PieceOwner) => {
    const { number, first, whole, end } = owner
    const record = cache.get('file', keyOfOwner(content, owner))
    if (!record || !isSameFile(record.fingerprint, files.encodedAt(number), trust)) {
      isUnknown[number] = 1
      traceUnknown(files, number, record?.fingerprint)
      return
    }
    setPieces(table, first, record.pieces)
    const digest = end && record[end]
    if (digest) setPieces(table, first + whole, digest)
  }
  const enter = ({ first }: PieceOwner, digest: Uint8Array) => {
    setPieces(table, first, digest)
  }
  yield* each(ownersInBlocks(content, cache), ({ items, path }) => {
    const place = path === null ? null : { files, of: pieceLength, path }
    const left = place ? recallBlock(place, items, cache, trust, enter) : items
    for (const owner of left) recall(owner)
  })
  yield* each(keyedPieces(content, table, trust, isUnknown), ({ piece, key, first }) => {
    const digest = cache.get('piece', key)
    if (digest) setPieces(table, piece, digest)
    else if (isTraced)
      trace(() => `${files.absolutePathAt(first)}: must be read: its end and the next files`)
  })
}

/** Groups files in one piece that is filled with zeros. A listener sees a record of each file. */
function ownersInBlocks(content: Content, { onFile }: PieceCache): Generator<Group<PieceOwner>> {
  return inBlocks(content.files, pieceOwners(content), ({ whole, end, phase }) => {
    return !onFile && whole === 0 && end === 'paddedTail' && phase === 0
  })
}

/** The same with files of one block and their trees. */
function treesInBlocks(content: Content, { onFile }: PieceCache): Generator<Group<AlignedFile>> {
  return inBlocks(content.files, alignedFiles(content), (file) => !onFile && isSingle(file))
}

/**
 * Stores the SHA-1 digests of a table, and the trees of files that were read, in steps. Files that could
 * have changed unnoticed since reading began are left out.
 */
export function* rememberSteps(
  content: Content,
  table: PieceTable,
  trees: ReadTrees | null,
  start: RememberingStart,
): Steps<void> {
  if (!start.cache.keepsAnything) return
  if (content.version !== 'v2') yield* rememberDigests(content, table, start)
  if (trees) yield* rememberTrees(content, trees, start)
}

function* rememberDigests(
  content: Content,
  table: PieceTable,
  start: RememberingStart,
): Steps<void> {
  const { cache, trust } = start
  const { files, pieceLength } = content
  const remember = (owner: PieceOwner) => {
    const { number, first, whole, end } = owner
    if (!isSettledAt(files, number, start)) return
    const key = keyOfOwner(content, owner)
    const known = knownFile(cache.peek('file', key), files.encodedAt(number), trust)
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
  const digestOf = ({ first }: PieceOwner) => getPieces(table, first, 1)
  const stateOf = (owner: PieceOwner) => {
    const now = files.encodedAt(owner.number)
    // A record that is fully trusted has the same
    if (trust === 'full') return now
    return knownFile(cache.peek('file', keyOfOwner(content, owner)), now, trust).fingerprint
  }
  yield* each(ownersInBlocks(content, cache), ({ items, path }) => {
    if (path === null) items.forEach(remember)
    else rememberBlock({ files, of: pieceLength, path }, items, { ...start, digestOf, stateOf })
  })
  yield* each(keyedPieces(content, table, trust), ({ piece, first, last, key }) => {
    for (let i = first; i <= last; i++) {
      if (files.sizeAt(i) > 0 && !isSettledAt(files, i, start)) return
    }
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
  fingerprint: Uint8Array,
  trust: CacheTrust,
): Omit<FileRecord, 'pieces'> {
  if (record && isSameFile(record.fingerprint, fingerprint, trust)) return record
  return { tail: null, paddedTail: null, fingerprint }
}

/**
 * Yields the pieces that span several files, with their keys in the cache. These are SHA-256 of the files, with their
 * fingerprints and the bytes of each; the table keeps them for the next time. Leaves out pieces that
 * begin or end in a file that `isUnknown` marks.
 */
function* keyedPieces(
  content: Content,
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
function* recallTrees(content: Content, trees: FileTrees, cacheAccess: CacheAccess): Steps<void> {
  const { cache, trust } = cacheAccess
  const { files } = content
  const recall = ({ number, size }: AlignedFile) => {
    const tree = cache.get('tree', { path: files.absolutePathAt(number), size })
    if (!tree || !isSameFile(tree.fingerprint, files.encodedAt(number), trust)) {
      traceUnknown(files, number, tree?.fingerprint)
      return
    }
    // A file in a single piece only needs its root
    const needsLayer = size > content.pieceLength
    if (needsLayer && tree.height > pieceHeight(content)) return
    setTree(trees, number, treeOf(size, content, tree))
  }
  const enter = ({ number }: AlignedFile, root: Uint8Array) => {
    setTree(trees, number, { root, layer: null })
  }
  yield* each(treesInBlocks(content, cache), ({ items, path }) => {
    const place = path === null ? null : { files, of: 'roots' as const, path }
    const left = place ? recallBlock(place, items, cache, trust, enter) : items
    for (const file of left) recall(file)
  })
}

function* rememberTrees(content: Content, trees: ReadTrees, start: RememberingStart): Steps<void> {
  const { files } = content
  const { cache } = start
  const remember = (number: number, tree: Omit<TreeRecord, 'fingerprint'>) => {
    if (!isSettledAt(files, number, start)) return
    const key = { path: files.absolutePathAt(number), size: files.sizeAt(number) }
    // Lists all properties: there may be very many files, and spreading takes several times as long
    const { root, height, nodes } = tree
    cache.put('tree', key, { root, height, nodes, fingerprint: files.encodedAt(number) })
  }
  const digestOf = ({ number }: AlignedFile) => trees.singleRoot(number)
  const stateOf = ({ number }: AlignedFile) => files.encodedAt(number)
  yield* each(treesInBlocks(content, cache), ({ items, path }) => {
    if (path !== null) {
      rememberBlock({ files, of: 'roots', path }, items, { ...start, digestOf, stateOf })
      return
    }
    for (const file of items) {
      const root = digestOf(file)
      if (root) remember(file.number, { root, height: 0, nodes: root })
    }
  })
  yield* each(trees.whole, (tree) => {
    remember(tree.number, tree)
  })
}
