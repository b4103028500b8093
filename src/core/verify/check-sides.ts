import { Buffer } from 'node:buffer'
import { hashStream } from '../../hash/hash-stream.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import { BLOCK_LENGTH } from '../../hash/stream/digests.js'
import { createReadFailures, listUnreadable } from '../../hash/stream/read-failures.js'
import type { Engine, HashContext } from '../digests/hash-content.js'
import { DIGEST } from '../digests/piece-table.js'
import { markChangedFiles } from './changed-files.js'
import type { TreeSource } from './bad-blocks.js'
import { explainPieces, type BadBlocks, type BadLeaves } from './explain-pieces.js'
import type { FileFailures } from './check-pieces.js'
import { SidesMemory, type KnownPiece } from './sides-memory.js'
import type { Content } from '../digests/content.js'
import { alignedFiles } from '../digests/file-trees.js'
import type { CacheAccess } from '../digests/cache-trust.js'
import { scannedContent, streamFiles, type FoundFile } from './content.js'
import { pieceNodes } from './piece-nodes.js'
import { BAD, BAD_BLOCKS, DISAGREED, GOOD, UNCHECKED, type PieceStates } from './pieces.js'
import { NODE, type V2Side } from './v2-side.js'

/** The input of a check of a torrent with version 2. */
export interface SidesCheck {
  /** In stream order, with pad files; each file begins a piece. */
  readonly files: readonly FoundFile[]
  /** The states of the pieces. Pieces that are not UNCHECKED get their state. */
  readonly pieces: PieceStates
  readonly v2: V2Side
  /** The pieces roots of all files except pad files, in order. */
  readonly roots: readonly (Uint8Array | null)[]
  /** The expected SHA-1 digests of a hybrid's pieces, 20 bytes each; null for v2. */
  readonly v1: Uint8Array | null
}

/** Opens a source of files' Merkle trees. */
export type OpenTrees = () => Promise<TreeSource>

/** The context of a check. */
export interface VerifyContext extends HashContext {
  /** Called once when a piece is bad, to find its bad blocks. */
  readonly openTrees?: OpenTrees | undefined
}

/** The results in addition to the states of the pieces. */
export interface SidesResult extends FileFailures {
  readonly badBlocks: BadBlocks
}

/** Maximum number of bad pieces with known blocks: nobody reads more, and each needs memory. */
const MAX_EXPLAINED = 1024

/** Number of blocks whose digests (32 bytes each) are in memory at a time: those of 8 GiB. */
const MAX_BLOCKS = 2 ** 19

/**
 * Reads all complete pieces once. Compares their digests with those of version 2, and for a hybrid
 * also with those of version 1. A piece that is good in only one version becomes BAD and DISAGREED.
 * Pieces that cannot be read or change meanwhile become UNCHECKED.
 * @throws BtkitError `interrupted`
 */
export async function checkSides(
  check: SidesCheck,
  { engine, cacheAccess, openTrees }: VerifyContext,
): Promise<SidesResult> {
  const { files, pieces } = check
  const memory = await openMemory(check, cacheAccess, engine)
  for (const known of memory?.known() ?? []) judgeKnown(check, known)
  const stream = streamFiles(files, pieces.pieceLength)
  const failures = createReadFailures(stream)
  const wanted = check.v1 === null ? 'blocks' : 'both'
  const bad: BadLeaves[] = []
  let bytesBefore = 0
  for (const selected of stretchesOf(check, memory)) {
    const onProgress: typeof engine.onProgress = ({ bytesDone, currentPath }) => {
      engine.onProgress?.({ bytesDone: bytesBefore + bytesDone, currentPath })
    }
    const options = { ...engine, onProgress, pieces: selected, failures, wanted } as const
    const read = await hashStream(stream, options)
    const unexplained = judge(check, { selected, ...read }, engine)
    memory?.enter({ selected, ...read })
    bad.push(...unexplained.slice(0, MAX_EXPLAINED - bad.length))
    bytesBefore += bytesHashed(check, selected)
  }
  for (const piece of failures.pieces.keys()) {
    if (failures.pieces[piece] === 1) pieces.states[piece] = UNCHECKED
  }
  const unreadable = listUnreadable(failures, stream)
  const changed = markChangedFiles(files, pieces)
  if (bytesBefore > 0 && unreadable.size + changed.size === 0) memory?.keep()
  const isExplained = bad.length > 0 && openTrees
  const badBlocks = isExplained ? await explain(bad, check, { openTrees, engine }) : NONE
  return { unreadable, changed, badBlocks }
}

/** Returns the knowledge of a trusted cache, if there is one and all files exist. */
async function openMemory(
  { files, v1, pieces }: SidesCheck,
  cacheAccess: CacheAccess,
  engine: Engine,
) {
  if (!cacheAccess.cache.keepsAnything) return null
  const version = v1 === null ? 'v2' : 'hybrid'
  const content = scannedContent(files, { version, pieceLength: pieces.pieceLength })
  if (!content || !isWithoutGaps(content, files)) return null
  const stream = () => streamFiles(files, pieces.pieceLength)
  await cacheAccess.adopt?.({ content, stream, engine })
  return new SidesMemory(content, cacheAccess, chooseKernel(engine.kernel))
}

/**
 * Whether files follow each other as the cache assumes: a pad file may be longer than necessary.
 */
function isWithoutGaps(content: Content, found: SidesCheck['files']): boolean {
  for (const { number, firstPiece } of alignedFiles(content)) {
    if (found[number]?.stretch[0] !== firstPiece * content.pieceLength) return false
  }
  return true
}

function judgeKnown({ pieces, v1, v2 }: SidesCheck, { piece, digest, node }: KnownPiece): void {
  if (pieces.states[piece] !== GOOD) return
  const isBadInV1 = v1 !== null && !isSame(digest, v1, piece * DIGEST)
  const isBadInV2 = !isSame(node, v2.digests, piece * NODE)
  pieces.states[piece] = stateOf(isBadInV1, isBadInV2, v1 !== null)
}

const NONE: BadBlocks = new Map()

/** Returns the bytes to hash. Without version 1 pad files are not hashed. */
function bytesHashed({ v1, v2, pieces }: SidesCheck, selected: Uint32Array): number {
  if (v1 !== null) return selected.length * pieces.pieceLength
  return selected.reduce((sum, piece) => sum + (v2.blockCounts[piece] ?? 0) * BLOCK_LENGTH, 0)
}

/** Yields the complete pieces in groups whose digests fit into memory. */
function* stretchesOf(
  { pieces: { states }, v2 }: SidesCheck,
  memory: SidesMemory | null,
): Generator<Uint32Array> {
  let indices: number[] = []
  let blocks = 0
  for (const [piece, state] of states.entries()) {
    if (state !== GOOD || memory?.isKnown(piece)) continue
    indices.push(piece)
    blocks += Math.max(1, v2.blockCounts[piece] ?? 0)
    if (blocks < MAX_BLOCKS) continue
    yield Uint32Array.from(indices)
    indices = []
    blocks = 0
  }
  if (indices.length > 0) yield Uint32Array.from(indices)
}

/** Digests of some pieces as read. */
interface ReadDigests {
  readonly selected: Uint32Array
  /** SHA-1 of the pieces, 20 bytes each; empty for v2. */
  readonly pieces: Uint8Array
  /** SHA-256 of their blocks, 32 bytes each. */
  readonly blocks: Uint8Array
}

/** Sets the states of pieces. Returns the bad pieces of several blocks. */
function judge({ pieces, v1, v2 }: SidesCheck, read: ReadDigests, engine: Engine): BadLeaves[] {
  const { selected } = read
  const isBadInV2 = new Set<number>()
  const unexplained: BadLeaves[] = []
  const isInV2 = (piece: number) => (v2.blockCounts[piece] ?? 0) > 0
  for (const { piece, digest, leaves } of pieceNodes(v2, read, chooseKernel(engine.kernel))) {
    if (isSame(digest, v2.digests, piece * NODE)) continue
    isBadInV2.add(piece)
    if (leaves.length > NODE && unexplained.length < MAX_EXPLAINED) {
      unexplained.push({ piece, leaves: leaves.slice() })
    }
  }
  selected.forEach((piece, i) => {
    const found = read.pieces.subarray(i * DIGEST, (i + 1) * DIGEST)
    const isBadInV1 = v1 !== null && !isSame(found, v1, piece * DIGEST)
    const isBadHere = isBadInV2.has(piece)
    pieces.states[piece] = stateOf(isBadInV1, isBadHere, v1 !== null && isInV2(piece))
  })
  return unexplained
}

function stateOf(isBadInV1: boolean, isBadInV2: boolean, isInBoth: boolean): number {
  const disagrees = isInBoth && isBadInV1 !== isBadInV2
  const isBad = isBadInV1 || isBadInV2
  return (isBad ? BAD : GOOD) | (isBadInV2 ? BAD_BLOCKS : 0) | (disagrees ? DISAGREED : 0)
}

async function explain(
  bad: readonly BadLeaves[],
  { files, roots, pieces }: SidesCheck,
  { openTrees, engine }: { readonly openTrees: OpenTrees; readonly engine: Engine },
): Promise<BadBlocks> {
  const source = await openTrees()
  const { pieceLength } = pieces
  const kernel = chooseKernel(engine.kernel)
  return explainPieces(bad, { files, roots, pieceLength }, { source, kernel })
}

function isSame(digest: Uint8Array, expected: Uint8Array, at: number): boolean {
  return Buffer.compare(digest, expected.subarray(at, at + digest.length)) === 0
}
