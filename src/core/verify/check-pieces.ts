import { Buffer } from 'node:buffer'
import { openForWriting } from '../../files/open-for-writing.js'
import { isRead } from '../digests/pad-files.js'
import { isSameBytes } from '../../bytes.js'
import type { TreeKey, TreeRecord } from '../../cache/records/bodies.js'
import {
  changedFiles,
  scannedContent,
  streamFiles,
  type FoundFile,
  BAD,
  BAD_BLOCKS,
  DISAGREED,
  GOOD,
  SUSPECT,
  UNCHECKED,
  markUnchecked,
  type Interval,
  type PieceStates,
} from './content.js'
import { type V2Side } from './v2-side.js'
import type { Content } from '../digests/content.js'
import { alignedFiles, rootOf } from '../digests/file-trees.js'
import { readOnce, type HashContext } from '../digests/hash-content.js'
import { hashAtOnce, hashInGroups, type ReadGroup } from '../digests/hash-groups.js'
import { enterPieces, getPieces, type PieceTable } from '../digests/piece-table.js'
import { ReadTrees } from '../digests/read-trees.js'
import { rememberPieces, rememberTrees } from '../digests/recall-pieces.js'
import type { HashOptions } from '../../hash/hash-stream.js'
import { chooseKernel, type HashKernel } from '../../hash/kernels.js'
import { climbMerkleTree, findMerkleRoot, type MerkleLayer } from '../../metainfo/merkle.js'
import { type ContentStream } from '../../hash/stream/content-stream.js'
import {
  createReadFailures,
  createWriters,
  listUnreadable,
  listWritten,
} from '../../hash/stream/reading.js'
import { BLOCK, SHA1, SHA256 } from '../../metainfo/sizes.js'

/** The input of a check. */
export interface PieceCheck {
  /** In stream order, with pad files. With version 2 each file begins a piece. */
  readonly files: readonly FoundFile[]
  /** The states of the pieces. Pieces that are not UNCHECKED get their state. */
  readonly pieces: PieceStates
  /** The expected SHA-1 digests of the pieces, 20 bytes each; null for v2. */
  readonly v1: Uint8Array | null
  /** The expected digests of version 2; null for v1, or if it cannot be checked. */
  readonly v2: V2Side | null
  /** The pieces roots of all files except pad files, in order. */
  readonly roots: readonly (Uint8Array | null)[]
}

/** The context of a check. */
export interface VerifyContext extends HashContext {
  /** Opens a source of files' Merkle trees. Called once if a piece is bad, to find its bad blocks. */
  readonly openTrees?: (() => Promise<TreeSource>) | undefined
}

/** The errors of files by real path, and the known bad blocks. */
export interface CheckResult {
  readonly changed: ReadonlyMap<string, string>
  readonly unreadable: ReadonlyMap<string, string>
  /** Null if version 2 was not checked. */
  readonly badBlocks: BadBlocks | null
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
  const content = wholeContent(check)
  const judge = new Judge(check)
  const read = (table: PieceTable | null) => {
    return readUnknown({ check, judge, content, table }, verifyContext)
  }
  // An incomplete file is in no cache
  const guarded = { ...verifyContext, isGuarded: true }
  const result = content ? await readOnce(content, guarded, { read }) : await read(null)
  const { openTrees, engine } = verifyContext
  if (!check.v2) return { ...result, badBlocks: null }
  if (judge.bad.length === 0 || !openTrees) return { ...result, badBlocks: new Map() }
  const trees = { source: await openTrees(), kernel: chooseKernel(engine.kernel) }
  return { ...result, badBlocks: explainPieces(judge.bad, check, trees) }
}

/** A check, and what is known of its content before it is read. */
interface Known {
  readonly check: PieceCheck
  readonly judge: Judge
  /** Null if the cache cannot know it. */
  readonly content: Content | null
  readonly table: PieceTable | null
}

/** Judges the known pieces, and reads and judges all others. */
async function readUnknown(
  { check, judge, content, table }: Known,
  { engine, cacheAccess }: VerifyContext,
): Promise<Omit<CheckResult, 'badBlocks'>> {
  const { files, pieces, v2 } = check
  const kernel = chooseKernel(engine.kernel)
  const stream = streamFiles(files, pieces.pieceLength)
  const failures = createReadFailures(stream)
  if (content && table) judge.judgeKnown(content, table)
  const unknown = judge.unknown
  const startedMs = cacheAccess.now()
  // Only the cache must not have what is being written
  const kept = cacheAccess.cache.keepsAnything && unknown.length > 0 ? content : null
  const writers = kept ? createWriters(stream) : undefined
  // Only the accelerator asks while it reads
  const before = kernel.name === 'crypto' ? openForWriting(pathsOf(kept)) : []
  const trees = content && v2 ? new ReadTrees(content, kernel) : null
  const watched = { ...engine, failures, writers }
  for await (const group of readGroups({ stream, unknown, check }, watched)) {
    judge.judgeRead(group, kernel)
    if (table && check.v1) enterPieces(table, group.indices, group.pieces)
    trees?.take({ pieces: group.indices, blocks: group.blocks })
  }
  for (const piece of failures.pieces.keys()) {
    if (failures.pieces[piece] === 1) pieces.states[piece] = UNCHECKED
  }
  const unreadable = listUnreadable(failures, stream)
  const changed = markChanged(check)
  if (kept && writers && table && unreadable.size + changed.size === 0) {
    const written = new Set([...before, ...listWritten(writers, stream)])
    const start = { ...cacheAccess, startedMs, written }
    if (check.v1) rememberPieces(kept, table, start)
    if (trees) rememberTrees(kept, trees, start)
  }
  return { unreadable, changed }
}

function pathsOf(content: Content | null): string[] {
  const files = content?.files ?? []
  return Array.from(files, (file) => (isRead(file) ? file.absolutePath : [])).flat()
}

/**
 * Returns the files as a scan would, for the cache; null if one is incomplete, or if files do not
 * follow each other as the cache assumes: a pad file may be longer than necessary.
 */
function wholeContent({ files, pieces: { pieceLength }, v1, v2 }: PieceCheck): Content | null {
  const version = v2 === null ? 'v1' : v1 === null ? 'v2' : 'hybrid'
  const content = scannedContent(files, { version, pieceLength })
  if (!content || version === 'v1') return content
  for (const { number, firstPiece } of alignedFiles(content)) {
    if (files[number]?.stretch[0] !== firstPiece * pieceLength) return null
  }
  return content
}

interface Reading {
  readonly stream: ContentStream
  readonly unknown: Uint32Array
  readonly check: PieceCheck
}

/** Reads pieces in groups whose digests fit into memory. */
async function* readGroups(
  { stream, unknown: pieces, check: { pieces: all, v1, v2 } }: Reading,
  engine: HashOptions,
): AsyncGenerator<ReadGroup> {
  if (pieces.length === 0) return
  const reading = { stream, pieces, pieceCount: all.states.length }
  if (v2) yield* hashInGroups({ ...reading, wanted: v1 ? 'both' : 'blocks' }, engine)
  else yield await hashAtOnce(reading, engine)
}

interface PieceDigests {
  /** SHA-1; empty for v2. */
  readonly digest: Uint8Array
  /** The node of the piece layer, or the root of a file that fits into the piece; null for v1. */
  readonly node: Uint8Array | null
}

/** Compares the digests of pieces with the expected ones, and sets their states. */
class Judge {
  readonly #check: PieceCheck
  readonly #isKnown: Uint8Array
  readonly #isShared: Uint8Array
  /** The first bad pieces of several blocks. */
  readonly bad: BadLeaves[] = []

  constructor(check: PieceCheck) {
    this.#check = check
    this.#isKnown = new Uint8Array(check.pieces.states.length)
    this.#isShared = findShared(check)
  }

  /** The complete pieces to read, in ascending order. */
  get unknown(): Uint32Array {
    const { states } = this.#check.pieces
    const isUnknown = (piece: number) => states[piece] === GOOD && this.#isKnown[piece] === 0
    return Uint32Array.from(states.keys()).filter(isUnknown)
  }

  /** Judges the pieces of complete content whose digests a table has. */
  judgeKnown(content: Content, table: PieceTable): void {
    const { trees, isKnown } = table
    const judge = (piece: number, node: Uint8Array | null) => {
      if (isKnown[piece] === 0 || this.#check.pieces.states[piece] !== GOOD) return
      this.#isKnown[piece] = 1
      this.#judge(piece, { digest: getPieces(table, piece, 1), node })
    }
    if (!trees) for (const piece of isKnown.keys()) judge(piece, null)
    for (const { number, firstPiece, pieceCount } of trees ? alignedFiles(content) : []) {
      if (!trees?.isKnown[number]) continue
      const layer = trees.layers.get(number) ?? rootOf(trees, number)
      for (let i = 0; i < pieceCount; i++) {
        judge(firstPiece + i, layer.subarray(i * SHA256, (i + 1) * SHA256))
      }
    }
  }

  /** Judges pieces that were read. */
  judgeRead({ indices, pieces, blocks }: ReadGroup, kernel: HashKernel): void {
    const { v2 } = this.#check
    let at = 0
    indices.forEach((piece, i) => {
      const digest = pieces.subarray(i * SHA1, (i + 1) * SHA1)
      const count = v2?.blockCounts[piece] ?? 0
      const leaves = blocks.subarray(at, at + count * SHA256)
      at += leaves.length
      const layer = { nodes: leaves, height: 0 }
      // A piece with only padding has no node
      const node = count > 0 ? climbMerkleTree(layer, v2?.levels[piece] ?? 0, kernel).nodes : null
      const isBad = this.#judge(piece, { digest, node })
      if (isBad && count > 1 && this.bad.length < MAX_EXPLAINED) {
        this.bad.push({ piece, leaves: leaves.slice() })
      }
    })
  }

  /** Sets the state of a piece. Returns whether it is wrong in version 2. */
  #judge(piece: number, { digest, node }: PieceDigests): boolean {
    const { pieces, v1, v2 } = this.#check
    const isBadInV1 = v1 !== null && !isSame(digest, v1, piece * SHA1)
    const isBadInV2 = node !== null && v2 !== null && !isSame(node, v2.digests, piece * SHA256)
    const disagrees = v1 !== null && node !== null && isBadInV1 !== isBadInV2
    const bad = this.#isShared[piece] === 1 ? SUSPECT : BAD
    const state = isBadInV1 || isBadInV2 ? bad : GOOD
    pieces.states[piece] = state | (isBadInV2 ? BAD_BLOCKS : 0) | (disagrees ? DISAGREED : 0)
    return isBadInV2
  }
}

function isSame(digest: Uint8Array, expected: Uint8Array, at: number): boolean {
  return Buffer.compare(digest, expected.subarray(at, at + digest.length)) === 0
}

/** Returns a byte for each piece: 1 if it contains bytes of several files. */
function findShared({ files, pieces: { states, pieceLength } }: PieceCheck): Uint8Array {
  const shared = new Uint8Array(states.length)
  let last = -1
  for (const { file, stretch } of files) {
    const [from, to] = stretch
    if (file.padding || from === to) continue
    const first = Math.floor(from / pieceLength)
    if (first === last) shared[first] = 1
    last = Math.ceil(to / pieceLength) - 1
  }
  return shared
}

/**
 * Finds files that have changed since they were looked for. Returns what happened to them, by real
 * path. Their pieces become UNCHECKED.
 */
function markChanged({ files, pieces }: PieceCheck): Map<string, string> {
  const changed = changedFiles(files)
  for (const { found, stretch } of files) {
    if (found.kind === 'file' && changed.has(found.path)) markUnchecked(pieces, stretch)
  }
  return changed
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

/** Where the digests of blocks are known, and the kernel to combine them. */
interface KnownTrees {
  readonly source: TreeSource
  readonly kernel: HashKernel
}

/**
 * Finds the bad blocks of bad pieces, which are in order. A source must know the expected digests
 * of the blocks, because a torrent only has those of pieces.
 */
function explainPieces(
  bad: readonly BadLeaves[],
  { files, roots, pieces: { pieceLength } }: PieceCheck,
  trees: KnownTrees,
): Map<number, Interval[]> {
  const explained = new Map<number, Interval[]>()
  const pieces = bad.values()
  let next = pieces.next()
  const own = files.filter(({ file }) => !file.padding)
  for (const [number, found] of own.entries()) {
    const [from, to] = found.stretch
    let known: MerkleLayer | null | undefined
    while (!next.done && next.value.piece * pieceLength < to) {
      const { piece, leaves } = next.value
      known ??= findKnownLayer(found, roots[number] ?? null, trees)
      const start = piece * pieceLength - from
      if (known && BLOCK * 2 ** known.height < pieceLength) {
        const { height } = known
        const layer = climbMerkleTree({ nodes: leaves, height: 0 }, height, trees.kernel)
        explained.set(piece, findBadBlocks(start, layer, known))
      }
      next = pieces.next()
    }
  }
  return explained
}

/**
 * Returns a layer of a file's expected tree. The source need not be trusted: a layer is only
 * accepted if it leads to the file's root. Null if the source has none.
 */
function findKnownLayer(
  { file, found }: FoundFile,
  root: Uint8Array | null,
  { source, kernel }: KnownTrees,
): MerkleLayer | null {
  if (found.kind !== 'file' || !root) return null
  const record = source.get('tree', { path: found.path, size: file.length })
  return record && isSameBytes(findMerkleRoot(record, kernel), root) ? record : null
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
