import { openNullCache } from '../../cache/piece-cache.js'
import type { TreeKey, TreeRecord } from '../../cache/records/bodies.js'
import { changeSince } from '../../files/fingerprint.js'
import { changesLater } from '../../files/look-again.js'
import { openForWriting } from '../../files/open-for-writing.js'
import { lookAt } from '../../files/stat-files.js'
import { chooseKernel, type HashKernel } from '../../hash/kernels.js'
import { bytesOfFile, fileAt, type ContentStream } from '../../hash/stream/content-stream.js'
import {
  createReadFailures,
  createWriters,
  listUnreadable,
  listWritten,
} from '../../hash/stream/reading.js'
import { isSameBytes } from '../../bytes.js'
import { climbMerkleTree, findMerkleRoot, type MerkleLayer } from '../../metainfo/merkle.js'
import { BLOCK, SHA1, SHA256 } from '../../metainfo/sizes.js'
import type { Content } from '../digests/content.js'
import { alignedFiles, rootOf } from '../digests/file-trees.js'
import { readOnce, streamOf, type HashContext } from '../digests/hash-content.js'
import { hashAtOnce, hashInGroups, nodeOf, type ReadGroup } from '../digests/hash-groups.js'
import { enterPieces, getPieces, type PieceTable } from '../digests/piece-table.js'
import { pieceHeight, ReadTrees } from '../digests/read-trees.js'
import { rememberPieces, rememberTrees } from '../digests/recall-pieces.js'
import { stretchOf, type LocatedContent } from './locate.js'
import {
  BAD,
  BAD_BLOCKS,
  DISAGREED,
  GOOD,
  markUnchecked,
  SUSPECT,
  UNCHECKED,
  type Interval,
  type PieceStates,
} from './pieces.js'

/** The input of a check. */
export interface PieceCheck {
  /** Its version is what is checked. With version 2 each file begins a piece. */
  readonly content: LocatedContent
  /** The states of the pieces. Pieces that are not UNCHECKED get their state. */
  readonly pieces: PieceStates
  /** The expected SHA-1 digests of the pieces, 20 bytes each; null for v2. */
  readonly v1: Uint8Array | null
  /** The expected node of each piece, as pieceNodes says; null for v1, or if it cannot be checked. */
  readonly v2: Uint8Array | null
}

/** The context of a check. */
export interface VerifyContext extends HashContext {
  /** Opens a source of files' Merkle trees. Called once if a piece is bad, to find its bad blocks. */
  readonly openTrees?: (() => Promise<TreeSource>) | undefined
}

/** Changes and read errors of files, and the known bad blocks. */
export interface CheckResult {
  /** By number in the stream. */
  readonly changed: ReadonlyMap<number, string>
  /** By real path. */
  readonly unreadable: ReadonlyMap<string, string>
  /** Null if version 2 was not checked. */
  readonly badBlocks: BadBlocks | null
}

/** Creates the states of the pieces. Pieces with missing bytes are UNCHECKED. */
export function unreadPieces(content: LocatedContent): PieceStates {
  const { pieceLength, pieceCount, size, odd } = content
  const pieces = { states: new Uint8Array(pieceCount), pieceLength, size }
  for (const [number, found] of odd) {
    const [start, end] = stretchOf(content, number)
    const there = found.kind === 'file' ? found.fingerprint.size : 0
    markUnchecked(pieces, [Math.min(start + there, end), end])
  }
  return pieces
}

/** Maximum number of bad pieces with known blocks: nobody reads more, and each needs memory. */
const MAX_EXPLAINED = 1024

/**
 * Computes the digests of all complete pieces and compares them with those of all versions. Reads
 * each piece once, unless the cache knows it. A piece that is good in only one version becomes BAD
 * and DISAGREED. Pieces that cannot be read or change meanwhile become UNCHECKED.
 * @throws BtkitError `interrupted`
 */
export async function checkPieces(
  check: PieceCheck,
  verifyContext: VerifyContext,
): Promise<CheckResult> {
  const { content, v2 } = check
  const { cacheAccess, engine, openTrees } = verifyContext
  const { trust, now } = cacheAccess
  const guarded = {
    ...verifyContext,
    isGuarded: true,
    cacheAccess: isCacheable(check) ? cacheAccess : { cache: openNullCache(), trust, now },
  }
  const judge = new Judge(check, streamOf(content, guarded), chooseKernel(engine.kernel))
  const read = (table: PieceTable) => readUnknown(judge, table, guarded)
  const result = await readOnce(content, guarded, { read })
  if (!v2) return { ...result, badBlocks: null }
  if (judge.bad.length === 0 || !openTrees) return { ...result, badBlocks: new Map() }
  return { ...result, badBlocks: explainPieces(judge, await openTrees()) }
}

/**
 * Whether a cache may know content: all of it is there, and files follow each other as the cache
 * assumes, because a pad file may be longer than necessary.
 */
function isCacheable({ content, v2 }: PieceCheck): boolean {
  const { odd, isUtf8, offsets, pieceLength } = content
  if (odd.size > 0 || !isUtf8) return false
  for (const { number, firstPiece } of v2 ? alignedFiles(content) : []) {
    if (offsets[number] !== firstPiece * pieceLength) return false
  }
  return true
}

/** Judges the known pieces, and reads and judges all others. */
async function readUnknown(
  judge: Judge,
  table: PieceTable,
  { engine, cacheAccess }: VerifyContext,
): Promise<Omit<CheckResult, 'badBlocks'>> {
  const { stream, kernel } = judge
  const { content, pieces, v1, v2 } = judge.check
  const failures = createReadFailures(stream)
  judge.judgeKnown(table)
  const unknown = judge.unknownOf(table)
  const startedMs = cacheAccess.now()
  // Only the cache must not have what is being written
  const isKept = cacheAccess.cache.keepsAnything && unknown.length > 0
  const writers = isKept ? createWriters(stream) : undefined
  // Only the accelerator asks while it reads
  const before = isKept && kernel.name === 'crypto' ? openForWriting(pathsOf(content)) : []
  const trees = isKept && v2 ? new ReadTrees(content, kernel) : null
  for await (const group of readGroups(judge, unknown, { ...engine, failures, writers })) {
    judge.judgeRead(group)
    if (isKept && v1) enterPieces(table, group.indices, group.pieces)
    trees?.take({ pieces: group.indices, blocks: group.blocks })
  }
  for (const piece of failures.pieces.keys()) {
    if (failures.pieces[piece] === 1) pieces.states[piece] = UNCHECKED
  }
  const unreadable = listUnreadable(failures, stream)
  const changed = await markChanged(judge.check)
  if (writers && unreadable.size + changed.size === 0) {
    const written = new Set([...before, ...listWritten(writers, stream)])
    const start = { ...cacheAccess, startedMs, written }
    if (v1) rememberPieces(content, table, start)
    if (trees) rememberTrees(content, trees, start)
  }
  return { unreadable, changed }
}

function pathsOf({ files }: Content): string[] {
  const read = files.filter((i) => files.isRead(i))
  return Array.from(read, ({ absolutePath }) => absolutePath)
}

/** Reads pieces in groups whose digests fit into memory. */
async function* readGroups(
  { stream, check: { content, v1, v2 } }: Judge,
  pieces: Uint32Array,
  engine: HashContext['engine'],
): AsyncGenerator<ReadGroup> {
  if (pieces.length === 0) return
  const reading = { stream, pieces, pieceCount: content.pieceCount }
  if (v2) yield* hashInGroups({ ...reading, wanted: v1 ? 'both' : 'blocks' }, engine)
  else yield await hashAtOnce(reading, engine)
}

/**
 * Finds files that have changed since they were looked for. Returns what happened to them, by
 * number. Their pieces become UNCHECKED.
 */
async function markChanged({ content, pieces }: PieceCheck): Promise<Map<number, string>> {
  const { files, odd } = content
  const changed = new Map<number, string>()
  for (const { number, change } of await changesLater(files)) {
    // The state of a file of another size is not among the others
    const found = odd.get(number)
    const how = found?.kind === 'file' ? changeSince(found.fingerprint, lookAt(found.path)) : change
    if (how === null) continue
    changed.set(number, how)
    markUnchecked(pieces, stretchOf(content, number))
  }
  return changed
}

interface PieceDigests {
  /** SHA-1; empty for v2. */
  readonly digest: Uint8Array
  /** The node of the piece; null for v1, and for padding. */
  readonly node: Uint8Array | null
}

/** Compares the digests of pieces with the expected ones, and sets their states. */
class Judge {
  /** The first bad pieces of several blocks, in order. */
  readonly bad: BadLeaves[] = []
  readonly #isShared: Uint8Array

  constructor(
    readonly check: PieceCheck,
    readonly stream: ContentStream,
    readonly kernel: HashKernel,
  ) {
    this.#isShared = findShared(check.content)
  }

  /** Returns the complete pieces that a table does not know, in ascending order. */
  unknownOf({ isKnown }: PieceTable): Uint32Array {
    const { states } = this.check.pieces
    const unknown = new Uint32Array(states.length)
    let count = 0
    for (let piece = 0; piece < states.length; piece++) {
      if (states[piece] === GOOD && isKnown[piece] === 0) unknown[count++] = piece
    }
    return unknown.subarray(0, count)
  }

  /** Judges the pieces of complete content whose digests a table has. */
  judgeKnown(table: PieceTable): void {
    const { trees, isKnown } = table
    const judge = (piece: number, node: Uint8Array | null) => {
      if (isKnown[piece] === 1) this.#judge(piece, { digest: getPieces(table, piece, 1), node })
    }
    if (!trees) for (const piece of isKnown.keys()) judge(piece, null)
    for (const { number, firstPiece, pieceCount } of trees
      ? alignedFiles(this.check.content)
      : []) {
      const layer = trees?.layers.get(number) ?? (trees && rootOf(trees, number))
      for (let i = 0; i < pieceCount; i++) {
        judge(firstPiece + i, layer?.subarray(i * SHA256, (i + 1) * SHA256) ?? null)
      }
    }
  }

  /** Judges pieces that were read. */
  judgeRead({ indices, pieces, blocks }: ReadGroup): void {
    let at = 0
    for (const [i, piece] of indices.entries()) {
      const digest = pieces.subarray(i * SHA1, (i + 1) * SHA1)
      const count = this.check.v2 ? Math.ceil(bytesOfFile(this.stream, piece) / BLOCK) : 0
      const leaves = blocks.subarray(at, at + count * SHA256)
      at += leaves.length
      const layer = { nodes: leaves, height: 0 }
      const node = count > 0 ? nodeOf({ piece, leaves: layer }, this.stream, this.kernel) : null
      const isBad = this.#judge(piece, { digest, node })
      if (isBad && count > 1 && this.bad.length < MAX_EXPLAINED) {
        this.bad.push({ piece, leaves: leaves.slice() })
      }
    }
  }

  /** Sets the state of a piece. Returns whether it is wrong in version 2. */
  #judge(piece: number, { digest, node }: PieceDigests): boolean {
    const { pieces, v1, v2 } = this.check
    const isBadInV1 = v1 !== null && !isSame(digest, v1, piece * SHA1)
    const isBadInV2 = node !== null && v2 !== null && !isSame(node, v2, piece * SHA256)
    const disagrees = v1 !== null && node !== null && isBadInV1 !== isBadInV2
    const bad = this.#isShared[piece] === 1 ? SUSPECT : BAD
    const state = isBadInV1 || isBadInV2 ? bad : GOOD
    pieces.states[piece] = state | (isBadInV2 ? BAD_BLOCKS : 0) | (disagrees ? DISAGREED : 0)
    return isBadInV2
  }
}

function isSame(digest: Uint8Array, expected: Uint8Array, at: number): boolean {
  return isSameBytes(digest, expected.subarray(at, at + digest.length))
}

/** Returns a byte for each piece: 1 if it contains bytes of several files. */
function findShared({ files, offsets, pieceLength, pieceCount }: LocatedContent): Uint8Array {
  const shared = new Uint8Array(pieceCount)
  let last = -1
  for (let number = 0; number < files.length; number++) {
    const [from, to] = [offsets[number] ?? 0, offsets[number + 1] ?? 0]
    if (from === to || files.isPad(number)) continue
    const first = Math.floor(from / pieceLength)
    if (first === last) shared[first] = 1
    last = Math.ceil(to / pieceLength) - 1
  }
  return shared
}

/** A source of files' Merkle trees, such as the piece cache. */
export interface TreeSource {
  readonly get: (kind: 'tree', key: TreeKey) => TreeRecord | null
}

/** The bytes of bad blocks in their files, by piece index, if known. */
export type BadBlocks = ReadonlyMap<number, readonly Interval[]>

/** A bad piece, and the digests of its blocks as read. */
interface BadLeaves {
  readonly piece: number
  readonly leaves: Uint8Array
}

/**
 * Finds the bad blocks of bad pieces. A source must know the expected digests of the blocks, because
 * a torrent only has those of pieces.
 */
function explainPieces({ bad, check, kernel }: Judge, source: TreeSource): BadBlocks {
  const { offsets, pieceLength } = check.content
  const explained = new Map<number, Interval[]>()
  let [last, layer]: [number, MerkleLayer | null] = [-1, null]
  for (const { piece, leaves } of bad) {
    const start = piece * pieceLength
    const number = fileAt({ offsets }, start)
    if (number !== last) layer = findKnownLayer(number, check, { source, kernel })
    last = number
    if (!layer) continue
    const read = climbMerkleTree({ nodes: leaves, height: 0 }, layer.height, kernel)
    explained.set(piece, findBadBlocks(start - (offsets[number] ?? 0), read, layer))
  }
  return explained
}

/**
 * Returns a layer below the pieces of a file's expected tree. The source need not be trusted: a layer
 * is only accepted if it leads to the nodes of the torrent. Null if the source has none.
 */
function findKnownLayer(
  number: number,
  { content, v2 }: PieceCheck,
  { source, kernel }: { readonly source: TreeSource; readonly kernel: HashKernel },
): MerkleLayer | null {
  const { files, offsets, pieceLength } = content
  const size = files.sizeAt(number)
  const record = source.get('tree', { path: files.absolutePathAt(number), size })
  const levels = pieceHeight(content) - (record?.height ?? 0)
  if (!record || !v2 || levels <= 0) return null
  const isSmall = size <= pieceLength
  const top = isSmall
    ? findMerkleRoot(record, kernel)
    : climbMerkleTree(record, levels, kernel).nodes
  const first = ((offsets[number] ?? 0) / pieceLength) * SHA256
  const expected = v2.subarray(first, first + Math.ceil(size / pieceLength) * SHA256)
  return isSameBytes(top, expected) ? record : null
}

/**
 * Returns the bytes of a file in the bad blocks of the piece that begins at byte `start`, as
 * precisely as the layer allows: a node may represent several blocks. Adjacent ranges are joined.
 */
function findBadBlocks(start: number, read: MerkleLayer, known: MerkleLayer): Interval[] {
  const span = BLOCK * 2 ** known.height
  const first = (start / span) * SHA256
  const bad: Interval[] = []
  for (let at = 0; at < read.nodes.length; at += SHA256) {
    const expected = known.nodes.subarray(first + at, first + at + SHA256)
    if (isSameBytes(read.nodes.subarray(at, at + SHA256), expected)) continue
    const from = start + (at / SHA256) * span
    const last = bad.at(-1)
    if (last?.[1] === from) bad[bad.length - 1] = [last[0], from + span]
    else bad.push([from, from + span])
  }
  return bad
}
