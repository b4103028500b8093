import { BtkitError } from '../../errors.js'
import { changeSince, readFingerprintIfThere, type Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { concatenateFiles } from '../../hash/stream/content-stream.js'
import type { HashOptions, Unfinished } from '../../hash/hash-stream.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import type { HashKernel } from '../../hash/kernels/kernel.js'
import type { DigestKind } from '../../hash/stream/digests.js'
import type { Content } from './content.js'
import { isRead } from './pad-files.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { CacheAccess } from './cache-trust.js'
import {
  countUnknown,
  createTable,
  DIGEST,
  enterPieces,
  heedTrees,
  unknownPieces,
  type ContentDigests,
  type PieceTable,
  unknownFiles,
} from './piece-table.js'
import { hashAtOnce, hashInGroups } from './hash-groups.js'
import { hashSmallFile } from './hash-small-file.js'
import { enterTrees, ReadTrees, type ReadTree } from './read-trees.js'
import { recallPieces, rememberingPieces } from './recall-pieces.js'
import { rememberingTrees } from './recall-trees.js'
import { finish, type Steps } from './steps.js'
import { isSettled, type ReadingStart } from './settled.js'
import type { SmallFiles } from './small-files.js'
import { findWriters, type WatchWriters } from './writers.js'

export type Engine = Omit<HashOptions, 'wanted' | 'pieces'>

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
  /** What reads small files many at a time, for who asks for many at once. */
  readonly smallFiles?: SmallFiles | null
  /** How to do what takes long on this thread; at once by default. */
  readonly runSteps?: <T>(steps: Steps<T>) => Promise<T> | T
}

/** Resolves when all files are as they were; else fails with BtkitError `changed`. */
export type RecheckFiles = (files: readonly ScannedFile[]) => Promise<void> | void

export interface HashedContent extends ContentDigests {
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
export function hashContent(
  content: Content,
  hashContext: HashContext,
  table?: PieceTable,
): Promise<HashedContent> {
  const small = table === undefined ? hashSmallFile(content, hashContext) : null
  if (small === null) return hashPieces(content, hashContext, table)
  return small.then((hashed) => hashed ?? hashPieces(content, hashContext, createTable(content)))
}

async function hashPieces(
  content: Content,
  hashContext: HashContext,
  table: PieceTable = recallPieces(content, hashContext.cacheAccess),
): Promise<HashedContent> {
  const { cacheAccess } = hashContext
  const { digests, trees } = table
  const unknown = unknownPieces(table)
  if (unknown.length === 0) return { digests, trees, bytesHashed: 0, isSettled: true }
  const bytesHashed = countUnknown(content, table)
  const files = unknownFiles(content, table)
  const wanted = wantedDigests(content, table)
  const reading = { content, files, unknown, wanted }
  const { read, start } = await readGuarded(reading, hashContext)
  const { readTrees, unfinished } = read
  const areSettled = files.every((file) => isSettled(file, start))
  // What is not finished is of use later only if nothing can change meanwhile without a sign of it
  const isOfUse = !unfinished || areSettled
  const { runSteps = finish } = hashContext
  const kernel = chooseKernel(hashContext.engine.kernel)
  if (isOfUse) await runSteps(enterRead(reading, table, { read, kernel }))
  if (unfinished) throw unfinished.cause
  await runSteps(remembering({ content, table, readTrees }, cacheAccess.cache, start))
  return { digests, trees, bytesHashed, isSettled: areSettled }
}

/** What to compute of the pieces that are read. */
function wantedDigests({ version }: Content, { trees }: PieceTable): DigestKind {
  if (version === 'v2') return 'blocks'
  return trees?.isKnown.includes(0) ? 'both' : 'pieces'
}

/** What is to be read: some pieces of content, and the files that they lie in. */
interface Reading {
  readonly content: Content
  readonly files: readonly ScannedFile[]
  readonly unknown: Uint32Array
  readonly wanted: DigestKind
}

/** What was read, and what was known of the files before that. */
interface GuardedRead {
  readonly read: Read
  readonly start: ReadingStart
}

/** Hashes pieces between two looks at those who may write to their files, and at what they wrote. */
async function readGuarded(reading: Reading, hashContext: HashContext): Promise<GuardedRead> {
  const { content, files } = reading
  const { cacheAccess, watchWriters = findWriters, recheck = recheckInTurn } = hashContext
  const startedMs = cacheAccess.now()
  const writers = await watchWriters(files)
  try {
    const read = await hashUnknown(reading, hashContext)
    writers.check()
    await recheck(content.files)
    const { openForWriting } = writers
    const start: ReadingStart = { startedMs, openForWriting, trust: cacheAccess.trust }
    return { read, start }
  } finally {
    await writers.close()
  }
}

/** Hashes pieces. What becomes of their blocks is combined as soon as it can be. */
async function hashUnknown(
  { content, unknown, wanted }: Reading,
  hashContext: HashContext,
): Promise<Read> {
  const { engine, runSteps = finish } = hashContext
  const stream = streamOf(content, hashContext)
  const { pieceCount } = content
  if (wanted === 'pieces') {
    const read = await hashAtOnce({ stream, pieces: unknown, pieceCount }, engine)
    return { digests: [read.pieces], readTrees: [], unfinished: read.unfinished }
  }
  const readTrees = new ReadTrees(content, chooseKernel(engine.kernel))
  const digests: Uint8Array[] = []
  let unfinished: Unfinished | null = null
  const reading = { stream, pieces: unknown, pieceCount, wanted }
  for await (const group of hashInGroups(reading, engine)) {
    digests.push(group.pieces)
    const { indices, blocks } = group
    await runSteps(readTrees.take({ pieces: indices, blocks }))
    unfinished = group.unfinished
  }
  return { digests, readTrees: readTrees.whole, unfinished }
}

/** What was read of some pieces, or of the first of them. */
interface Read {
  /** SHA-1 of the pieces, 20 bytes each, a part after the other; empty for v2 alone. */
  readonly digests: readonly Uint8Array[]
  /** The trees of files that were read from end to end. */
  readonly readTrees: readonly ReadTree[]
  /** Why these are the first pieces alone, if they are. */
  readonly unfinished: Unfinished | null
}

/** Enters what was read of the pieces of these indices. */
function* enterRead(
  { content, unknown }: Reading,
  table: PieceTable,
  { read, kernel }: { readonly read: Read; readonly kernel: HashKernel },
): Steps<void> {
  let at = 0
  for (const digests of read.digests) {
    yield* enterPieces(table, unknown.subarray(at), digests)
    at += digests.length / DIGEST
  }
  if (table.trees) enterTrees(content, table.trees, { read: read.readTrees, kernel })
  heedTrees(content, table)
}

/** What was obtained of content. */
interface Obtained {
  readonly content: Content
  readonly table: PieceTable
  readonly readTrees: readonly ReadTree[]
}

function* remembering(
  { content, table, readTrees }: Obtained,
  cache: PieceCache,
  { startedMs, openForWriting, trust }: ReadingStart,
): Steps<void> {
  if (!cache.keepsAnything) return
  const start = { cache, startedMs, openForWriting, trust }
  if (content.version !== 'v2') yield* rememberingPieces(content, table, start)
  yield* rememberingTrees(readTrees, start)
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
    if (isRead(file)) requireUnchanged(file, readFingerprintIfThere(file.absolutePath))
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
  return countUnknown(content, recallPieces(content, cacheAccess))
}
