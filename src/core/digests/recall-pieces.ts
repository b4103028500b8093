import { createHash } from 'node:crypto'
import type { FileRecord } from '../../cache/records/file.js'
import type { Content } from './content.js'
import type { CacheAccess } from './cache-trust.js'
import { pieceOwners, sharedPieces, type SharedPiece } from './piece-owners.js'
import { createTable, getPieces, heedTrees, setPieces, type PieceTable } from './piece-table.js'
import { recallTrees } from './recall-trees.js'
import { isSettled, type RememberingStart } from './settled.js'
import { isSameFile, trustedPart, type CacheTrust } from './cache-trust.js'
import { encodeFingerprint, type Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'

/** Looks up a content's pieces in the cache. Reads no files. */
export function recallPieces(content: Content, cacheAccess: CacheAccess): PieceTable {
  const table = createTable(content)
  if (!cacheAccess.cache.keepsAnything) return table
  if (content.version !== 'v2') recallDigests(content, table, cacheAccess)
  if (table.trees) recallTrees(content, table.trees, cacheAccess)
  heedTrees(content, table)
  return table
}

/** Enters the SHA-1 digests that the cache knows. */
function recallDigests(content: Content, table: PieceTable, { cache, trust }: CacheAccess): void {
  for (const { file, key, first, whole, end } of pieceOwners(content)) {
    const record = cache.file(key)
    if (!record || !isSameFile(record.fingerprint, encodeFingerprint(file.fingerprint), trust))
      continue
    setPieces(table, first, record.pieces)
    const digest = end && record[end]
    if (digest) setPieces(table, first + whole, digest)
  }
  for (const shared of sharedPieces(content)) {
    const digest = cache.piece(digestOfSpans(shared, trust))
    if (digest) setPieces(table, shared.piece, digest)
  }
}

/**
 * Stores all SHA-1 digests of a table in the cache. Files that could have changed unnoticed since
 * reading began are left out.
 */
export function rememberPieces(content: Content, table: PieceTable, start: RememberingStart): void {
  const { cache, trust } = start
  const isKept = (file: ScannedFile) => isSettled(file, start)
  for (const { file, key, first, whole, end } of pieceOwners(content)) {
    if (!isKept(file)) continue
    const known = knownFile(cache.peekFile(key), file.fingerprint, trust)
    const pieces = getPieces(table, first, whole)
    const last = getPieces(table, first + whole, 1)
    // Lists all properties: there may be very many files, and spreading takes several times as long
    cache.rememberFile(key, {
      fingerprint: known.fingerprint,
      pieces,
      tail: end === 'tail' ? last : known.tail,
      paddedTail: end === 'paddedTail' ? last : known.paddedTail,
    })
  }
  for (const shared of sharedPieces(content)) {
    if (!shared.spans.every(({ file }) => isKept(file))) continue
    cache.rememberPiece(digestOfSpans(shared, trust), getPieces(table, shared.piece, 1))
  }
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

/**
 * Computes SHA-256 of the files that a piece spans, with their fingerprints and the bytes of each.
 */
function digestOfSpans({ spans }: SharedPiece, trust: CacheTrust): Uint8Array {
  const hash = createHash('sha256')
  for (const { file, from, to } of spans) {
    hash.update(`${file.absolutePath}\0${from} ${to}\0`)
    hash.update(trustedPart(encodeFingerprint(file.fingerprint), trust))
  }
  return hash.digest()
}
