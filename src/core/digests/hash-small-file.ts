import { encodeFingerprint } from '../../files/fingerprint.js'
import type { HashOptions } from '../../hash/hash-stream.js'
import { concatenateFiles } from '../../hash/stream/content-stream.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { FileKey, FileRecord } from '../../cache/records/file.js'
import type { CacheAccess } from './cache-trust.js'
import { isSameFile } from './cache-trust.js'
import type { Content } from './content.js'
import type { ContentDigests } from './piece-table.js'
import { isSettled } from './settled.js'
import { SMALL_FILE, type SmallFiles } from './small-files.js'

/** Inputs for hashing a small file. */
export interface SmallFileContext {
  readonly cacheAccess: CacheAccess
  readonly smallFiles?: SmallFiles | null
  readonly engine: HashOptions
}

/** As HashedContent is. */
export interface HashedSmallFile extends ContentDigests {
  readonly bytesHashed: number
  readonly isSettled: boolean
}

/**
 * Computes the digest of content that is one small file of one piece, together with other such
 * files. With very many of them, the other work on content takes longer than reading them. Returns
 * null for other content. Resolves to null if the file must be read separately; the cache then does
 * not know it.
 */
export function hashSmallFile(
  content: Content,
  context: SmallFileContext,
): Promise<HashedSmallFile | null> | null {
  const [file] = content.files
  const { smallFiles } = context
  if (!smallFiles || !file || !isOneSmallPiece(content, file)) return null
  const { pieceLength } = content
  const { size } = file.fingerprint
  const key = { path: file.absolutePath, pieceLength, phase: 0, size }
  const kept = recall(file, key, context.cacheAccess)
  const digest = kept && digestIn(kept, key)
  if (digest) return Promise.resolve(known(digest))
  const piece = { file, key, kept }
  if (!context.cacheAccess.adopt) return read(piece, smallFiles, context)
  return adoptOrRead(piece, content, { ...context, smallFiles })
}

function known(digests: Uint8Array): HashedSmallFile {
  return { digests, trees: null, bytesHashed: 0, isSettled: true }
}

/** Takes over the digest that another machine knows, or reads the file. */
async function adoptOrRead(
  piece: SmallPiece,
  content: Content,
  context: SmallFileContext & { readonly smallFiles: SmallFiles },
): Promise<HashedSmallFile | null> {
  const { cacheAccess, engine } = context
  const { path } = piece.key
  const stream = () => concatenateFiles([{ path, length: piece.key.size }], content.pieceLength)
  if (cacheAccess.adopt && (await cacheAccess.adopt({ content, stream, engine }))) {
    const adopted = recall(piece.file, piece.key, cacheAccess)
    const digest = adopted && digestIn(adopted, piece.key)
    if (digest) return known(digest)
  }
  return read(piece, context.smallFiles, context)
}

function isOneSmallPiece({ version, files, pieceCount }: Content, file: ScannedFile): boolean {
  const isOne = version === 'v1' && files.length === 1 && pieceCount === 1
  return isOne && file.fingerprint.size <= SMALL_FILE
}

/** Looks a file up in the cache; null if it has changed. */
function recall(
  { fingerprint }: ScannedFile,
  key: FileKey,
  { cache, trust }: CacheAccess,
): FileRecord | null {
  const record = cache.keepsAnything ? cache.file(key) : null
  const isCurrent = record && isSameFile(record.fingerprint, encodeFingerprint(fingerprint), trust)
  return isCurrent ? record : null
}

/** Returns the digest of the only piece, which is full or the tail of the file. */
function digestIn({ pieces, tail }: FileRecord, { size, pieceLength }: FileKey): Uint8Array | null {
  return size === pieceLength ? pieces : tail
}

/** A file to read, and its digests from other streams in the cache. */
interface SmallPiece {
  readonly file: ScannedFile
  readonly key: FileKey
  readonly kept: FileRecord | null
}

async function read(
  piece: SmallPiece,
  smallFiles: SmallFiles,
  { cacheAccess, engine }: SmallFileContext,
): Promise<HashedSmallFile | null> {
  const { file } = piece
  const { cache, trust } = cacheAccess
  const startedMs = cacheAccess.now()
  const small = await smallFiles.read(file)
  if (small === null || engine.signal.aborted) return null
  const { digest, isOpenForWriting } = small
  const openForWriting = isOpenForWriting ? new Set([file.absolutePath]) : NONE
  const isKept = isSettled(file, { startedMs, openForWriting, trust })
  if (isKept && cache.keepsAnything) cache.rememberFile(piece.key, recordOf(piece, digest))
  return { digests: digest, trees: null, bytesHashed: file.fingerprint.size, isSettled: isKept }
}

const NONE: ReadonlySet<string> = new Set()
const NOTHING = new Uint8Array(0)

function recordOf({ file, key, kept }: SmallPiece, digest: Uint8Array): FileRecord {
  const isWhole = key.size === key.pieceLength
  return {
    // The first fingerprint stays: a new one would fully confirm digests that may have been trusted
    // only by size and mtime
    fingerprint: kept?.fingerprint ?? encodeFingerprint(file.fingerprint),
    pieces: isWhole ? digest : NOTHING,
    tail: isWhole ? null : digest,
    paddedTail: kept?.paddedTail ?? null,
  }
}
