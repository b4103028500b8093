import { randomInt } from 'node:crypto'
import type { TreeRecord, FileEnd, FileKey, FileRecord } from '../disk/cache/records/bodies.js'
import { encodeFingerprint, sameFingerprint } from '../disk/file-lists/fingerprint.js'
import type { ScannedFile } from '../disk/file-lists/scanned-file.js'
import { lstatMany } from '../disk/look/stat-files.js'
import { hashStream } from '../disk/hash/hash-stream.js'
import type { ContentStream } from '../disk/hash/stream/content-stream.js'
import { hashKernel } from '../disk/hash/kernels.js'
import { findMerkleRoot, pieceHeight } from '../metainfo/merkle.js'
import type { Unread } from '../core/digests/cache-access.js'
import { isSameFile, isRacy } from '../disk/cache/trust.js'
import type { CutFiles } from '../core/digests/content.js'
import { alignedFiles, setTree } from '../core/digests/file-trees.js'
import { streamOf } from '../core/digests/hash-content.js'
import { nodesOf } from '../core/digests/hash-groups.js'
import { heedTrees, mergeTable } from '../core/digests/piece-table.js'
import { keyOfOwner, pieceOwners } from '../core/digests/piece-owners.js'
import { treeOf } from '../core/digests/read-trees.js'
import { recallPieces } from '../core/digests/recall-pieces.js'
import type { FoundRecord, SharedDigests } from './shared-digests.js'
import { SHA1, SHA256 } from '../metainfo/sizes.js'

/** Files whose records are asked for and checked together. */
const BATCH = 1000

/** A file whose digests this machine lacks. `first` and `count` are its pieces in the stream. */
interface Wish {
  readonly file: ScannedFile
  readonly key: FileKey | { readonly path: string; readonly size: number }
  readonly first: number
  readonly count: number
  /** The form of the last piece in a record of SHA-1 digests. */
  readonly end: FileEnd | null
  /** The number of a file whose Merkle tree is missing in the cache. */
  readonly number: number | null
}

/** A missing digest, the shared record that may contain it, and the piece to check. */
interface Found {
  readonly wish: Wish
  readonly record: FoundRecord
  readonly piece: number
}

/**
 * Adopts digests of content from other machines into cache and table, if a piece of each file,
 * chosen at random, proves right. Files of one piece are left to be hashed. `warn` receives the
 * names of files whose record is wrong.
 * @throws as hashStream
 */
export async function adoptDigests(
  unread: Unread,
  shared: SharedDigests,
  warn: (message: string) => void,
): Promise<void> {
  let isAny = false
  let whole: ContentStream | undefined
  const stream = () => (whole ??= streamOf(unread.content, unread.rules))
  for (const wishes of batchesOf(wishesOf(unread))) {
    const found = await findRecords(wishes, unread, shared)
    const right = await areRight(found, unread, stream)
    const paths = found.map(({ wish }) => wish.file.absolutePath)
    const looks = await lstatMany(paths)
    for (const [i, { wish, record }] of found.entries()) {
      const { file } = wish
      const now = looks[i]
      const isThere = now && 'mode' in now && sameFingerprint(now.fingerprint, file.fingerprint)
      if (!isThere) continue
      if (!right[i]) {
        warn(`${file.absolutePath}: its shared record is wrong; removed`)
        await shared.remove(record, file.fingerprint)
        continue
      }
      shared.adopt(record, file.fingerprint)
      // That takes less than looking it up
      if (unread.table.trees && wish.number !== null && !('pieces' in record.record)) {
        const tree = treeOf(file.fingerprint.size, unread.content, record.record)
        setTree(unread.table.trees, wish.number, tree)
      }
      isAny = true
    }
  }
  if (!isAny) return
  const { content, table, cacheAccess } = unread
  if (table.trees) heedTrees(content, table.trees, table.isKnown)
  await cacheAccess.cache.flush()
  if (content.version !== 'v2') mergeTable(content, table, recallPieces(content, cacheAccess))
}

/** Groups the wishes of more than one piece. All at once would fill much memory. */
function* batchesOf(wishes: Iterable<Wish>): Generator<Wish[], undefined> {
  let batch: Wish[] = []
  for (const wish of wishes) {
    if (wish.count > 1) batch.push(wish)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Yields what the piece cache lacks, except files that could change unnoticed. */
function* wishesOf({ content, table, cacheAccess }: Unread): Generator<Wish> {
  const { cache, trust, now } = cacheAccess
  const lacks = (file: ScannedFile, record: FileRecord | TreeRecord | null) => {
    const isKnown =
      record && isSameFile(record.fingerprint, encodeFingerprint(file.fingerprint), trust)
    return !isKnown && !isRacy(file.fingerprint, now(), trust)
  }
  for (const owner of content.version === 'v2' ? [] : pieceOwners(content)) {
    const { first, whole, end } = owner
    const key = keyOfOwner(content, owner)
    const file = content.files.at(owner.number)
    if (!file) continue
    const record = cache.peek('file', key)
    const isWithoutEnd = end !== null && record?.[end] === null
    if (lacks(file, isWithoutEnd ? null : record)) {
      yield { file, key, first, count: whole + (end ? 1 : 0), end, number: null }
    }
  }
  for (const { number, firstPiece, pieceCount } of content.version === 'v1'
    ? []
    : alignedFiles(content)) {
    const file = content.files.at(number)
    if (!file || table.trees?.isKnown[number]) continue
    const key = { path: file.absolutePath, size: file.fingerprint.size }
    if (lacks(file, null)) {
      yield { file, key, first: firstPiece, count: pieceCount, end: null, number }
    }
  }
}

async function findRecords(
  wishes: readonly Wish[],
  { content }: Unread,
  shared: SharedDigests,
): Promise<Found[]> {
  const records = await shared.find(
    wishes.map(({ key, file }) => ({ key, fingerprint: file.fingerprint })),
  )
  return wishes.flatMap((wish, i) => {
    const record = records[i]
    if (!record || !isOfUse(record, wish, content)) return []
    return [{ wish, record, piece: wish.first + randomInt(wish.count) }]
  })
}

/** Whether a record has all digests that content needs of a file. */
function isOfUse({ key, record }: FoundRecord, { end, file }: Wish, content: CutFiles): boolean {
  if ('phase' in key) return end === null || (record as FileRecord)[end] !== null
  const tree = record as TreeRecord
  const isFineEnough = tree.height <= pieceHeight(content.pieceLength, file.fingerprint.size)
  return isFineEnough && Buffer.compare(findMerkleRoot(tree, hashKernel()), tree.root) === 0
}

/** Reads the chosen pieces of all files. Returns for each whether its record has the digest. */
async function areRight(
  found: readonly Found[],
  { content, engine }: Unread,
  stream: () => ContentStream,
): Promise<boolean[]> {
  const pieces = Uint32Array.from(new Set(found.map(({ piece }) => piece))).sort()
  if (pieces.length === 0) return []
  const hasBlocks = content.version !== 'v1'
  const wanted = content.version === 'v2' ? 'blocks' : hasBlocks ? 'both' : 'pieces'
  const options = { ...engine, onProgress: undefined, wanted, pieces } as const
  const read = await hashStream(stream(), options)
  const places = new Map([...pieces].map((piece, i) => [piece, i]))
  const nodes = hasBlocks
    ? nodesOf({ indices: pieces, blocks: read.blocks }, stream())
    : read.blocks
  return found.map(({ wish, record: { record }, piece }) => {
    const [place, own] = [places.get(piece) ?? 0, piece - wish.first]
    if ('pieces' in record) {
      const digest = read.pieces.subarray(SHA1 * place, SHA1 * (place + 1))
      return Buffer.compare(digest, digestIn(record, own, wish.end)) === 0
    }
    const node = nodes.subarray(SHA256 * place, SHA256 * (place + 1))
    const { layer } = treeOf(wish.file.fingerprint.size, content, record)
    const expected = layer?.subarray(SHA256 * own, SHA256 * (own + 1)) ?? record.root
    return Buffer.compare(node, expected) === 0
  })
}

function digestIn(record: FileRecord, piece: number, end: FileEnd | null): Uint8Array {
  const digest = record.pieces.subarray(piece * SHA1, (piece + 1) * SHA1)
  return digest.length > 0 ? digest : ((end && record[end]) ?? digest)
}
