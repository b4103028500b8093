import { BtkitError } from '../../errors.js'
import { changeSince, readFingerprintIfThere, type Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { concatenateFiles, type ContentStream } from '../../hash/stream/content-stream.js'
import { hashStream, Unfinished, type HashOptions } from '../../hash/hash-stream.js'
import { isPad, type Content } from './content.js'
import type { CacheAccess } from './cache-access.js'
import { DIGEST, setPieces, unknownPieces, type PieceTable } from './piece-table.js'
import { recallPieces, rememberingPieces } from './recall-pieces.js'
import { finish, type Steps } from './steps.js'
import { isSettled, type ReadingStart } from './settled.js'
import { unknownFiles } from './unknown-files.js'
import { findWriters, type WatchWriters } from './writers.js'

export type Engine = Omit<HashOptions, 'algorithm' | 'pieces'>

/** What use cases work with: the hash engine, and what it need not do again. */
export interface HashContext {
  readonly engine: Engine
  readonly cacheAccess: CacheAccess
  /** How to make sure that files did not change while they were read; in turn by default. */
  readonly recheck?: RecheckFiles
  /** How to look for those who may write to files that will be read; findWriters by default. */
  readonly watchWriters?: WatchWriters
  /**
   * Whether to read nothing but the very files that were looked at, wherever their names lead now:
   * for files that strangers may put links in place of.
   */
  readonly isGuarded?: boolean
  /** How to do what takes long on this thread; at once by default. */
  readonly runSteps?: (steps: Steps<void>) => Promise<void> | void
}

/** Resolves when all files are as they were; else fails with BtkitError `changed`. */
export type RecheckFiles = (files: readonly ScannedFile[]) => Promise<void> | void

export interface HashedContent {
  /** The digests of all pieces, 20 bytes each. */
  readonly pieces: Uint8Array
  /** Bytes that had to be read; the others' digests were known. */
  readonly bytesHashed: number
  /** Whether the digests may be remembered by the fingerprints of the files. */
  readonly isSettled: boolean
}

/**
 * Obtains the digests of content, reading only what the cache does not know, and makes sure that
 * no file of it changed between the scan and the last read. Fills `table`, which says what the cache
 * knows, if it was looked up before; as far as it came, if a pause of the engine did not end.
 * @throws BtkitError `changed` naming the file, those of hashStream, the reason why a pause did not
 * end, and as watchWriters does
 */
export async function hashContent(
  content: Content,
  hashContext: HashContext,
  table: PieceTable = recallPieces(content, hashContext.cacheAccess),
): Promise<HashedContent> {
  const { cacheAccess } = hashContext
  const unknown = unknownPieces(table)
  if (unknown.length === 0) return { pieces: table.digests, bytesHashed: 0, isSettled: true }
  const files = unknownFiles(content, table)
  const reading = await readGuarded({ content, files, unknown }, hashContext)
  const { digests, start, unfinished } = reading
  const areSettled = files.every((file) => isSettled(file, start))
  // What is not finished is of use later only if nothing can change meanwhile without a sign of it
  if (!unfinished || areSettled) enterPieces(table, unknown, digests)
  if (unfinished) throw unfinished.cause
  const { runSteps = finish } = hashContext
  await runSteps(rememberingPieces(content, table, { ...cacheAccess, ...start }))
  return {
    pieces: table.digests,
    bytesHashed: countBytes(unknown, content),
    isSettled: areSettled,
  }
}

/** What is to be read: some pieces of content, and the files that they lie in. */
interface Reading {
  readonly content: Content
  readonly files: readonly ScannedFile[]
  readonly unknown: Uint32Array
}

/** Hashes pieces between two looks at those who may write to their files, and at what they wrote. */
async function readGuarded({ content, files, unknown }: Reading, hashContext: HashContext) {
  const { engine, cacheAccess, watchWriters = findWriters, recheck = recheckInTurn } = hashContext
  const startedMs = cacheAccess.now()
  const writers = await watchWriters(files)
  try {
    const selection = unknown.length === content.pieceCount ? {} : { pieces: unknown }
    const options = { ...engine, ...selection, algorithm: 'sha1' as const }
    const { digests, unfinished } = await hashAsFarAsCan(streamOf(content, hashContext), options)
    writers.check()
    await recheck(content.files)
    const { openForWriting } = writers
    const start: ReadingStart = { startedMs, openForWriting, trust: cacheAccess.trust }
    return { digests, unfinished, start }
  } finally {
    writers.close()
  }
}

/** Hashes pieces; `unfinished` is why these are the first of them alone, if they are. */
async function hashAsFarAsCan(stream: ContentStream, options: HashOptions) {
  try {
    return { digests: await hashStream(stream, options), unfinished: null }
  } catch (error) {
    if (error instanceof Unfinished) return { digests: error.digests, unfinished: error }
    throw error
  }
}

function enterPieces(table: PieceTable, pieces: Uint32Array, digests: Uint8Array): void {
  pieces.subarray(0, digests.length / DIGEST).forEach((piece, i) => {
    setPieces(table, piece, digests.subarray(i * DIGEST, (i + 1) * DIGEST))
  })
}

function streamOf({ files, pieceLength }: Content, { isGuarded }: HashContext) {
  const streamed = files.map(({ absolutePath, fingerprint }) => {
    const file = { path: absolutePath, length: fingerprint.size }
    return isGuarded ? { ...file, identity: fingerprint } : file
  })
  return concatenateFiles(streamed, pieceLength)
}

const recheckInTurn: RecheckFiles = (files) => {
  for (const file of files) {
    if (!isPad(file)) requireUnchanged(file, readFingerprintIfThere(file.absolutePath))
  }
}

/**
 * Makes sure that a file is what it was when it was scanned.
 * @throws BtkitError `changed`
 */
export function requireUnchanged(file: ScannedFile, fingerprint: Fingerprint | null): void {
  const change = changeSince(file.fingerprint, fingerprint)
  if (change === null) return
  throw new BtkitError('changed', `${file.absolutePath}: ${change} while it was read`)
}

/** The bytes of content whose digests the cache does not know. Nothing is read but the cache. */
export function countUnknownBytes(content: Content, { cacheAccess }: HashContext): number {
  return countBytes(unknownPieces(recallPieces(content, cacheAccess)), content)
}

/** The length of those pieces; the last of the stream may be short. */
function countBytes(pieces: Uint32Array, { pieceCount, pieceLength, size }: Content): number {
  const short = pieces.at(-1) === pieceCount - 1 ? pieceCount * pieceLength - size : 0
  return pieces.length * pieceLength - short
}
