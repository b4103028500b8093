import { openNullCache } from '../../disk/cache/piece-cache.js'
import type { TreeKey, TreeRecord } from '../../disk/cache/records/bodies.js'
import { changeSince } from '../../disk/file-lists/fingerprint.js'
import { changesOf } from '../../disk/scan/look-again.js'
import { lookAt } from '../../disk/look/stat-files.js'
import { hashKernel } from '../../disk/hash/kernels.js'
import {
  bytesOfFile,
  fileAt,
  type ContentStream,
  type DigestKind,
} from '../../disk/hash/stream/content-stream.js'
import { createReadFailures, listUnreadable } from '../../disk/hash/stream/reading.js'
import { isSameBytes } from '../../base/bytes.js'
import { climbMerkleTree, nodesAt, pieceHeight, type MerkleLayer } from '../../metainfo/merkle.js'
import { BLOCK, SHA1, SHA256 } from '../../metainfo/sizes.js'
import { alignedFiles, rootOf } from '../digests/file-trees.js'
import { recallPieces } from '../digests/recall-pieces.js'
import { readPieces, streamOf, type HashContext } from '../digests/hash-content.js'
import { nodeOf, type ReadGroup } from '../digests/hash-groups.js'
import { getPieces, unknownPieces, unreadOf, type PieceTable } from '../digests/piece-table.js'
import { doInTurns } from '../../base/steps.js'
import { ReadTrees } from '../digests/read-trees.js'
import { stretchOf, type LocatedContent } from './locate.js'
import {
  appendRange,
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
import type { BadBlocks, CheckResult, Problem } from './verify-report.js'

/** The input of a check. */
export interface PieceCheck {
  /** Its version is what is checked. With version 2 each file begins a piece. */
  readonly content: LocatedContent
  /** The states of the pieces. Pieces that are not UNCHECKED get their state. */
  readonly pieces: PieceStates
  /** The expected SHA-1 digests of the pieces, 20 bytes each; null for v2. */
  readonly v1: Uint8Array | null
  /**
   * The expected node of each piece, as pieceNodes says; null for v1, or if it cannot be checked.
   */
  readonly v2: Uint8Array | null
}

/** The context of a check. */
export interface VerifyContext extends HashContext {
  /**
   * Opens a source of files' Merkle trees. Called once if a piece is bad, to find its bad blocks.
   */
  readonly openTrees?: (() => Promise<TreeSource>) | undefined
}

/** Creates the states of the pieces. Pieces with missing bytes are UNCHECKED. */
export function unreadPieces(content: LocatedContent): PieceStates {
  const { pieceLength, pieceCount, size, odd } = content
  const pieces = { states: new Uint8Array(pieceCount), pieceLength, size }
  for (const [number, { found }] of odd) {
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
  const { cacheAccess, openTrees } = verifyContext
  const { trust, now } = cacheAccess
  const guarded = {
    ...verifyContext,
    rules: { ...verifyContext.rules, isGuarded: true },
    cacheAccess: isCacheable(check) ? cacheAccess : { cache: openNullCache(), trust, now },
  }
  const stream = streamOf(content, guarded.rules)
  const judge = new Judge(check, stream)
  const table = recallPieces(content, guarded.cacheAccess)
  const unread = { ...guarded, content, table }
  const read = () => judgeUnknown(judge, table, guarded)
  const problems = await (guarded.cacheAccess.reader?.readOnce(unread, read) ?? read())
  if (!v2) return { problems, badBlocks: null }
  if (judge.bad.length === 0 || !openTrees) return { problems, badBlocks: new Map() }
  return { problems, badBlocks: explainPieces(judge, await openTrees()) }
}

/**
 * Whether a cache may know content: all of it is there and checked, and files follow each other as
 * the cache assumes, because a pad file may be longer than necessary.
 */
function isCacheable({ content, pieces, v2 }: PieceCheck): boolean {
  const { odd, isUtf8, files, pieceLength, source } = content
  if (source || odd.size > 0 || !isUtf8 || pieces.states.includes(UNCHECKED)) return false
  for (const { number, firstPiece } of v2 ? alignedFiles(content) : []) {
    if (files.offsets[number] !== firstPiece * pieceLength) return false
  }
  return true
}

/** Judges the known pieces, and reads and judges all others. */
async function judgeUnknown(
  judge: Judge,
  table: PieceTable,
  hashContext: VerifyContext,
): Promise<CheckResult['problems']> {
  const { stream, wanted } = judge
  const { content, pieces, v2 } = judge.check
  const { engine, cacheAccess } = hashContext
  judge.judgeKnown(table)
  // The files are in the states whose digests are known
  if (!table.isKnown.includes(0)) return new Map()
  // Only the cache must not have what is being written
  const isKept = cacheAccess.cache.keepsAnything
  const files = isKept ? unreadOf(content, table).files : null
  const readTrees = isKept && v2 ? new ReadTrees(content, table.trees?.begun) : null
  const failures = createReadFailures(stream)
  const tolerant = { ...hashContext, engine: { ...engine, failures } }
  const see = (group: ReadGroup) => {
    judge.judgeRead(group)
  }
  const kept = { content, table, files, readTrees }
  const reading = { stream, pieces: unknownPieces(table), wanted, ...kept, see }
  const remembering = await readPieces(reading, tolerant, content.source?.hash)
  for (const piece of failures.pieces.keys()) {
    if (failures.pieces[piece] === 1) pieces.states[piece] = UNCHECKED
  }
  const faults = Array.from(content.source?.faults ?? [], ([number, { code, detail }]) => {
    const status = code === 'changed' ? 'changed' : 'unreadable'
    return [number, { status, reason: detail }] as const
  })
  const unread = content.source ? new Map(faults) : listUnreadable(failures)
  const problems = await problemsOf(content, unread, hashContext)
  for (const [number, { status }] of problems)
    if (status === 'changed') markUnchecked(pieces, stretchOf(content, number))
  if (problems.size === 0 && !content.source)
    await doInTurns(remembering.rest(), hashContext.rules?.turns)
  return problems
}

/**
 * Returns the files that were not read, for these reasons, and those on a disk that have changed
 * since they were looked for.
 */
async function problemsOf(
  { files, odd, source }: LocatedContent,
  unread: ReadonlyMap<number, Problem>,
  { cacheAccess: rules }: HashContext,
): Promise<Map<number, Problem>> {
  // By its times alone, another file may be mistaken for the one that it replaced
  const problems = new Map(unread)
  for (const { number, change } of source ? [] : await changesOf(files, undefined, rules)) {
    // The state of a file of another size is not among the others
    const found = odd.get(number)?.found
    const isFile = found?.kind === 'file'
    const how = isFile ? changeSince(found.fingerprint, lookAt(found.path), rules) : change
    if (how === null) continue
    problems.set(number, { status: 'changed', reason: `${how} while it was read` })
  }
  return problems
}

/** Compares the digests of pieces with the expected ones, and sets their states. */
class Judge {
  /** The first bad pieces of several blocks, in order, with the digests of their blocks as read. */
  readonly bad: { readonly piece: number; readonly leaves: Uint8Array }[] = []
  readonly #isShared: Uint8Array

  constructor(
    readonly check: PieceCheck,
    readonly stream: ContentStream,
  ) {
    this.#isShared = findShared(check.content)
  }

  /** The digests to compute. */
  get wanted(): DigestKind {
    if (!this.check.v2) return 'pieces'
    return this.check.v1 ? 'both' : 'blocks'
  }

  /**
   * Judges the pieces whose digests a table has, and enters that incomplete ones need not be read.
   */
  judgeKnown(table: PieceTable): void {
    const { trees, isKnown } = table
    const judge = (piece: number, node: Uint8Array | null) => {
      if (isKnown[piece] === 1) this.#judge(piece, getPieces(table, piece, 1), node)
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
    for (const [piece, state] of this.check.pieces.states.entries()) {
      if (state !== GOOD) isKnown[piece] = 1
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
      const node = count > 0 ? nodeOf(piece, layer, this.stream) : null
      const isBad = this.#judge(piece, digest, node)
      if (isBad && count > 1 && this.bad.length < MAX_EXPLAINED) {
        this.bad.push({ piece, leaves: leaves.slice() })
      }
    }
  }

  /**
   * Sets the state of a piece with this SHA-1, which is empty for v2, and this node, which is null
   * for v1 and for padding. Returns whether it is wrong in version 2.
   */
  #judge(piece: number, digest: Uint8Array, node: Uint8Array | null): boolean {
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
function findShared({ files, pieceLength, pieceCount }: LocatedContent): Uint8Array {
  const { offsets } = files
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

/**
 * Finds the bad blocks of bad pieces. A source must know the expected digests of the blocks,
 * because a torrent only has those of pieces.
 */
function explainPieces({ bad, check }: Judge, source: TreeSource): BadBlocks {
  const { files, pieceLength } = check.content
  const explained = new Map<number, Interval[]>()
  let [last, layer]: [number, MerkleLayer | null] = [-1, null]
  for (const { piece, leaves } of bad) {
    const start = piece * pieceLength
    const number = fileAt(files, start)
    if (number !== last) layer = findKnownLayer(number, check, source)
    last = number
    if (!layer) continue
    const read = climbMerkleTree({ nodes: leaves, height: 0 }, layer.height, hashKernel())
    explained.set(piece, findBadBlocks(start - (files.offsets[number] ?? 0), read, layer))
  }
  return explained
}

/**
 * Returns a layer below the pieces of a file's expected tree. The source need not be trusted: a
 * layer is only accepted if it leads to the nodes of the torrent. Null if the source has none.
 */
function findKnownLayer(
  number: number,
  { content, v2 }: PieceCheck,
  source: TreeSource,
): MerkleLayer | null {
  const { files, pieceLength } = content
  const size = files.sizeAt(number)
  const record = source.get('tree', { path: files.absolutePathAt(number), size })
  if (!record || !v2 || record.height >= pieceHeight(pieceLength)) return null
  const top = nodesAt(record, pieceHeight(pieceLength, size), hashKernel())
  const first = ((files.offsets[number] ?? 0) / pieceLength) * SHA256
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
    appendRange(bad, [from, from + span])
  }
  return bad
}
