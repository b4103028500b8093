import { records } from '../../disk/cache/maintain.js'
import type { Store } from '../../disk/cache/store/store.js'
import { streamOf, type Engine } from '../digests/hash-content.js'
import { withCache, type CachePlace } from './access.js'
import {
  filesOf,
  parseBlockName,
  unpackBlock,
  type BlockKey,
  type FileOfBlock,
} from '../../disk/cache/records/block.js'
import {
  countNodes,
  unpackTreeRecord,
  type TreeKey,
  type TreeRecord,
  ownPieces,
  parseFileRecordName,
  unpackFileRecord,
  type FileKey,
  type FileRecord,
} from '../../disk/cache/records/bodies.js'
import { FileColumns } from '../../disk/scan/columns.js'
import { padFile } from '../../disk/file-lists/scanned-file.js'
import { encodeFingerprint, readFingerprintIfThere } from '../../disk/file-lists/fingerprint.js'
import { hashStream } from '../../disk/hash/hash-stream.js'
import { chooseKernel } from '../../disk/hash/kernels.js'
import { climbMerkleTree, findMerkleRoot } from '../../metainfo/merkle.js'
import { isSameFile } from '../digests/cache-trust.js'
import { BLOCK, SHA1, SHA256 } from '../../metainfo/sizes.js'

/** The result of checking a sample of a cache's records. */
export interface CacheCheck {
  /** Number of records whose file is unchanged; a part of each was read and hashed again. */
  readonly checked: number
  /** Number of records whose file changed or was removed since. They are never used. */
  readonly stale: number
  /** The paths of files whose records were wrong. These records are removed. */
  readonly wrong: readonly string[]
}

/**
 * Compares a random sample of file records with the files.
 * @throws BtkitError if a file cannot be read
 */
export function verifyCache(
  place: CachePlace,
  engine: Engine,
  sample: number,
): Promise<CacheCheck> {
  return withCache(place, async ({ store }) => {
    const wrong: string[] = []
    let checked = 0
    const drawn = drawRecords(store, sample)
    for (const record of drawn) {
      const check = CHECKS[record.kind](record)
      if (!check) continue
      checked++
      if (await check.isRight(engine)) continue
      wrong.push(check.path)
      store.remove(record.key)
    }
    return { checked, stale: drawn.length - checked, wrong }
  })
}

/** Draws a sample of file records, each with the same probability (reservoir sampling). */
function drawRecords(store: Store, sample: number): DrawnRecord[] {
  const drawn: DrawnRecord[] = []
  let seen = 0
  for (const { kind, key, body } of records(store)) {
    if (kind !== 'file' && kind !== 'tree' && kind !== 'block') continue
    seen++
    const place = drawn.length < sample ? drawn.length : Math.floor(Math.random() * seen)
    // Copies, because the store's bytes become invalid
    if (place < sample)
      drawn[place] = { kind, key: Uint8Array.from(key), body: Uint8Array.from(body) }
  }
  return drawn
}

/** Prepares the check of one of the files in a record; null if that has changed since. */
function checkBlock({ key: recordKey, body }: DrawnRecord): RecordCheck | null {
  const key = parseBlockName(recordKey.subarray(1))
  const record = key && unpackBlock(body, key)
  const files = record ? filesOf(record, key) : []
  const file = files[Math.floor(Math.random() * files.length)]
  const now = file && readFingerprintIfThere(file.path)
  if (!key || !now || !isSameFile(file.fingerprint, encodeFingerprint(now), 'full')) return null
  return { path: file.path, isRight: (engine) => isDigestRight(file, key.of, now.size, engine) }
}

async function isDigestRight(
  { path, digest }: FileOfBlock,
  of: BlockKey['of'],
  size: number,
  engine: Engine,
) {
  const isRoot = of === 'roots'
  const pieceLength = isRoot ? BLOCK : of
  const stream = streamOfFile({ path, size, rest: isRoot ? 0 : pieceLength - size }, pieceLength)
  const wanted = isRoot ? ('blocks' as const) : ('pieces' as const)
  const read = await hashStream(stream, { ...engine, wanted })
  return Buffer.compare(read[wanted], digest) === 0
}

/** Prepares the check of a record of a file's Merkle tree; null if the file has changed since. */
function checkTree({ key: recordKey, body }: DrawnRecord): RecordCheck | null {
  const path = Buffer.from(recordKey.subarray(1)).toString()
  const fingerprint = readFingerprintIfThere(path)
  if (!fingerprint) return null
  const key = { path, size: fingerprint.size }
  const record = unpackTreeRecord(body, key)
  if (!record || !isSameFile(record.fingerprint, encodeFingerprint(fingerprint), 'full'))
    return null
  return { path, isRight: (engine) => isTreeRight(key, record, engine) }
}

/** Whether the nodes lead to the root, and the blocks below one node to that node. */
async function isTreeRight({ path, size }: TreeKey, record: TreeRecord, engine: Engine) {
  const kernel = chooseKernel(engine.kernel)
  if (Buffer.compare(findMerkleRoot(record, kernel), record.root) !== 0) return false
  const { height, nodes } = record
  const node = Math.floor(Math.random() * countNodes(size, height))
  const first = node * 2 ** height
  const count = Math.min(2 ** height, countNodes(size, 0) - first)
  const pieces = Uint32Array.from({ length: count }, (_, i) => first + i)
  const stream = streamOfFile({ path, size }, BLOCK)
  const { blocks } = await hashStream(stream, { ...engine, pieces, wanted: 'blocks' })
  const found = climbMerkleTree({ nodes: blocks, height: 0 }, height, kernel).nodes
  return Buffer.compare(found, nodes.subarray(node * SHA256, (node + 1) * SHA256)) === 0
}

/** Prepares the check of a record of a file's pieces; null if the file has changed since. */
function checkPieces({ key: recordKey, body }: DrawnRecord): RecordCheck | null {
  const parsed = parseFileRecordName(recordKey.subarray(1))
  const fingerprint = parsed && readFingerprintIfThere(parsed.path)
  if (!parsed || !fingerprint) return null
  const key = { ...parsed, size: fingerprint.size }
  const record = unpackFileRecord(body, key)
  if (!record || !isSameFile(record.fingerprint, encodeFingerprint(fingerprint), 'full'))
    return null
  return { path: key.path, isRight: (engine) => arePiecesRight(key, record, engine) }
}

/** Reads a random piece of the file again and compares its digest. */
async function arePiecesRight(key: FileKey, record: FileRecord, engine: Engine) {
  const { whole, tailLength } = ownPieces(key)
  const ends = [record.tail, record.paddedTail].filter((digest) => digest !== null)
  const digests = Buffer.concat([record.pieces, ...ends])
  const count = whole + ends.length
  if (count === 0) return true
  const chosen = Math.floor(Math.random() * count)
  const expected = digests.subarray(chosen * SHA1, (chosen + 1) * SHA1)
  const isPadded = chosen >= whole && expected.equals(record.paddedTail ?? Buffer.of())
  // In the stream the file begins at its phase, after bytes that belong to none of its pieces
  const rest = isPadded ? key.pieceLength - tailLength : 0
  const stream = streamOfFile({ ...key, lead: key.phase, rest }, key.pieceLength)
  const piece = Math.min(chosen, whole) + (key.phase > 0 ? 1 : 0)
  const pieces = Uint32Array.of(piece)
  const { pieces: digest } = await hashStream(stream, { ...engine, pieces })
  return Buffer.compare(digest, expected) === 0
}

/** A file between zeros. */
interface PaddedFile extends Pick<FileKey, 'path' | 'size'> {
  readonly lead?: number
  readonly rest?: number
}

function streamOfFile({ path, size, lead = 0, rest = 0 }: PaddedFile, pieceLength: number) {
  const file = { ...padFile([], size), absolutePath: path }
  const files = FileColumns.of([padFile([], lead), file, padFile([], rest)])
  return streamOf({ files, pieceLength }, {})
}

const CHECKS = { file: checkPieces, tree: checkTree, block: checkBlock }

/** A record that can be compared with a file. */
interface DrawnRecord {
  readonly kind: 'file' | 'tree' | 'block'
  readonly key: Uint8Array
  readonly body: Uint8Array
}

/** The check of a record whose file is unchanged. */
interface RecordCheck {
  readonly path: string
  /** Reads a random part of the file again and compares it. */
  readonly isRight: (engine: Engine) => Promise<boolean>
}
