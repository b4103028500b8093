import { digestOf } from '../bytes.js'
import { encodeFingerprint, readFingerprintIfThere } from '../files/fingerprint.js'
import { countNodes } from '../cache/records/tree.js'
import { chooseKernel } from '../hash/kernels/choose.js'
import type { HashKernel } from '../hash/kernels/kernel.js'
import { climbMerkleTree, findMerkleRoot } from '../hash/merkle.js'
import {
  concatenateFiles,
  countPieces,
  fileAt,
  type ContentStream,
} from '../hash/stream/content-stream.js'
import { bytesOfFile } from '../hash/stream/digests.js'
import type { ScannedFile } from '../files/scan/scanned-tree.js'
import { isRead, padFile } from '../core/digests/pad-files.js'
import { trustedPart, type CacheAccess, type CacheTrust } from '../core/digests/cache-trust.js'
import { NODE } from '../core/digests/file-trees.js'
import { requireUnchanged, type Engine } from '../core/digests/hash-content.js'
import { hashAtOnce, hashInGroups, type ReadGroup } from '../core/digests/hash-groups.js'
import { DIGEST } from '../core/digests/piece-table.js'
import { pieceHeight } from '../core/digests/read-trees.js'
import { isSettled } from '../core/digests/settled.js'
import { locateFile, type ShareRules } from './shares.js'
import type { Part, PartDigests } from './job.js'

/** The means of hashing parts of jobs. */
export interface PartContext {
  readonly engine: Engine
  /** Keeps the digests of parts. */
  readonly cacheAccess: CacheAccess
  readonly rules: ShareRules
}

/**
 * Computes the digests of a part's pieces, or finds them in the cache.
 * @throws BtkitError as locateFile and hashStream, and `changed` if a file changed meanwhile
 */
export async function hashPart(
  part: Part,
  context: PartContext,
  onProgress: (bytes: number) => void,
): Promise<PartDigests> {
  const { cacheAccess, rules } = context
  const files = part.files.map((file) => locateFile(file, rules))
  const input = inputOf(part, files, cacheAccess.trust)
  const known = recall(part, cacheAccess.cache.layers(input))
  if (known) return known
  const own = files.filter(isRead)
  const startedMs = cacheAccess.now()
  const digests = await read(part, files, { ...context, onProgress })
  for (const file of own) requireUnchanged(file, readFingerprintIfThere(file.absolutePath))
  const start = { startedMs, trust: cacheAccess.trust }
  if (own.every((file) => isSettled(file, start)))
    cacheAccess.cache.rememberLayers(input, Buffer.concat([digests.pieces, digests.nodes]))
  return digests
}

/** SHA-256 of everything that the digests depend on. */
function inputOf(part: Part, files: readonly ScannedFile[], trust: CacheTrust): Uint8Array {
  const { wanted, pieceLength, lead, first, count } = part
  const facts = files.flatMap(({ absolutePath, fingerprint }) => [
    Buffer.from(`${absolutePath}\0`),
    trustedPart(encodeFingerprint(fingerprint), trust),
  ])
  const range = Buffer.from(['queue', wanted, pieceLength, lead, first, count].join('\0'))
  return digestOf('sha256', Buffer.concat([range, ...facts]))
}

function recall({ wanted, count }: Part, kept: Uint8Array | null): PartDigests | null {
  const pieces = wanted === 'blocks' ? 0 : count * DIGEST
  const nodes = wanted === 'pieces' ? 0 : count * NODE
  if (kept?.length !== pieces + nodes) return null
  return { pieces: kept.subarray(0, pieces), nodes: kept.subarray(pieces) }
}

interface ReadContext extends PartContext {
  readonly onProgress: (bytes: number) => void
}

async function read(
  part: Part,
  files: readonly ScannedFile[],
  { engine, onProgress }: ReadContext,
): Promise<PartDigests> {
  const { wanted, lead, pieceLength, first, count } = part
  const stream = concatenateFiles(
    [padFile([], lead), ...files].map(({ absolutePath, fingerprint }) => {
      // Another file that takes the place of one is not read
      return { path: absolutePath, length: fingerprint.size, identity: fingerprint }
    }),
    pieceLength,
  )
  const pieces = Uint32Array.from({ length: count }, (_, i) => first + i)
  const watched: Engine = {
    ...engine,
    onProgress: ({ bytesDone }) => {
      onProgress(bytesDone)
    },
  }
  const reading = { stream, pieces, pieceCount: countPieces(stream) }
  if (wanted === 'pieces')
    return { pieces: (await hashAtOnce(reading, watched)).pieces, nodes: NONE }
  const kernel = chooseKernel(engine.kernel)
  const digests: PartDigests[] = []
  for await (const group of hashInGroups({ ...reading, wanted }, watched))
    digests.push({ pieces: group.pieces, nodes: nodesOf(group, stream, kernel) })
  return {
    pieces: Buffer.concat(digests.map((each) => each.pieces)),
    nodes: Buffer.concat(digests.map((each) => each.nodes)),
  }
}

const NONE = new Uint8Array(0)

/** Combines the blocks of each piece. */
function nodesOf({ indices, blocks }: ReadGroup, stream: ContentStream, kernel: HashKernel) {
  let block = 0
  const nodes = [...indices].map((piece) => {
    const bytes = bytesOfFile(stream, piece)
    const leaves = blocks.subarray(NODE * block, NODE * (block + countNodes(bytes, 0)))
    block += countNodes(bytes, 0)
    const layer = { nodes: leaves, height: 0 }
    if (isOnlyPiece(stream, piece)) return findMerkleRoot(layer, kernel)
    return climbMerkleTree(layer, pieceHeight(stream), kernel).nodes
  })
  return Buffer.concat(nodes)
}

/** Whether a file has no other piece. */
function isOnlyPiece(stream: ContentStream, piece: number): boolean {
  const file = fileAt(stream, piece * stream.pieceLength)
  const [start = 0, end = 0] = stream.offsets.subarray(file, file + 2)
  return end - start <= stream.pieceLength
}
