import { BtkitError } from '../../base/errors.js'
import { changeSince, type Fingerprint } from '../../disk/file-lists/fingerprint.js'
import { openForWriting, openForWritingLater } from '../../disk/write/open-for-writing.js'
import type { FileColumns } from '../../disk/scan/columns.js'
import type { FileState } from '../../disk/file-lists/scanned-file.js'
import { changesOf, findChanged, type ChangedFile } from '../../disk/scan/look-again.js'
import { type ContentStream, type DigestKind } from '../../disk/hash/stream/content-stream.js'
import { createWriters, isWritten, listWritten } from '../../disk/hash/stream/reading.js'
import type { HashOptions } from '../../disk/hash/hash-stream.js'
import { chooseKernel } from '../../disk/hash/kernels.js'
import type { Content } from './content.js'
import { isSettledAt, type CacheAccess, type RememberingStart } from './cache-trust.js'
import {
  countUnknown,
  enterPieces,
  heedTrees,
  setPieces,
  unknownPieces,
  type ContentDigests,
  type PieceTable,
  unknownFiles,
} from './piece-table.js'
import { hashInGroups, type HashGroups } from './hash-groups.js'
import { doAtOnce, doInTurns, type Steps, type Turns } from '../../base/steps.js'
import { enterTrees, pieceHeight, ReadTrees } from './read-trees.js'
import { recallPieces, rememberSteps, rememberTrees } from './recall-pieces.js'
import { SMALL_FILE, type SmallFiles } from './small-files.js'

export type Engine = Omit<HashOptions, 'wanted' | 'pieces'>

/** The hash engine and the data that saves hashing, for use cases. */
export interface HashContext {
  readonly engine: Engine
  readonly cacheAccess: CacheAccess
  /**
   * Whether to read only the files that were scanned, even if their names lead elsewhere now. For
   * files that strangers may replace by links.
   */
  readonly isGuarded?: boolean
  /** Whether files that a program has open for writing count as changing. Default: they are read. */
  readonly refusesWritten?: boolean
  /** Reads small files together that are asked for at the same time. Absent: each alone. */
  readonly smallFiles?: SmallFiles | null
  /** Turns of what costs much for many files. Default: it is done at once. */
  readonly turns?: Turns | undefined
}

export interface HashedContent extends ContentDigests {
  /** Bytes that were read; the other digests were known. */
  readonly bytesHashed: number
  /** Whether the digests may be cached by the fingerprints of the files. */
  readonly isSettled: boolean
}

/**
 * Computes the digests of content. Reads only what the cache does not know, and checks that no file
 * changed between the scan and the last read. Fills `table`, the result of an earlier cache lookup.
 * @throws BtkitError `changed` with the file, and as hashStream
 */
export function hashContent(
  content: Content,
  hashContext: HashContext,
  table?: PieceTable,
): Promise<HashedContent> {
  const known = table ?? recallPieces(content, hashContext.cacheAccess)
  const read = async (hash: HashGroups): Promise<HashedContent> => {
    if (known.isKnown.includes(0)) return readPieces(content, known, hash, hashContext)
    return { digests: known.digests, trees: known.trees, bytesHashed: 0, isSettled: true }
  }
  return readOnce(content, known, hashContext, read)
}

/** Calls `read` with the function that hashes pieces, as ReadOnce describes. */
export function readOnce<T>(
  content: Content,
  table: PieceTable,
  hashContext: HashContext,
  read: (hash: HashGroups) => Promise<T>,
): Promise<T> {
  const { cacheAccess, engine } = hashContext
  if (!cacheAccess.readOnce || !table.isKnown.includes(0)) return read(hashInGroups)
  const stream = () => streamOf(content, hashContext)
  return cacheAccess.readOnce({ content, table, stream, engine, cacheAccess }, read)
}

/**
 * Whether to ask for a file's writers before the reading. The accelerator asks for them when it opens a
 * file, but it opens no empty file. A large file that must not be written is refused before any is read.
 */
function isAskedBefore(size: number, hashContext: HashContext): boolean {
  const { engine, refusesWritten } = hashContext
  if (size === 0 || engine.kernel === 'crypto') return true
  return refusesWritten === true && size > SMALL_FILE
}

/**
 * Returns the paths of files that a program has open for writing.
 * @throws BtkitError `changed` if they count as changing
 */
export async function findWritten(
  files: FileColumns,
  hashContext: HashContext,
): Promise<ReadonlySet<string>> {
  const asked = files.filter((i) => isAskedBefore(files.sizeAt(i), hashContext) && files.isRead(i))
  const paths = Array.from(asked, ({ absolutePath }) => absolutePath)
  // A service has turns, and must not wait for a disk
  const written = hashContext.turns ? await openForWritingLater(paths) : openForWriting(paths)
  refuseWritten(written, hashContext)
  return written
}

/** @throws BtkitError `changed` if files that a program has open for writing count as changing */
function refuseWritten([first]: Iterable<string>, { refusesWritten }: HashContext): void {
  if (refusesWritten && first !== undefined) throw isWritten(first)
}

/** Whether content is one small file in one piece, which can be read with others. */
export function isSmallFile({ version, files, pieceCount }: Content): boolean {
  const isOne = version === 'v1' && files.length === 1 && pieceCount === 1
  return isOne && files.isRead(0) && files.sizeAt(0) <= SMALL_FILE
}

/** The rest of reading unknown pieces, whose SHA-1 digests are in the table. */
interface Read {
  /** The trees of files that were read completely; null for v1. */
  readonly readTrees: ReadTrees | null
  /** The files that a program had open for writing. */
  readonly written: ReadonlySet<string>
}

/** Reads content that is one small file with others; null if it must be read alone. */
async function readSmallFile(
  content: Content,
  table: PieceTable,
  hashContext: HashContext,
): Promise<Read | null> {
  const { smallFiles, engine } = hashContext
  // With a throttle each file waits for its turn
  const file = smallFiles && !engine.throttle && isSmallFile(content) && content.files.at(0)
  const small = file ? await smallFiles.read(file) : null
  if (!file || !small || engine.signal.aborted) return null
  const written = small.isWritten ? [file.absolutePath] : []
  refuseWritten(written, hashContext)
  setPieces(table, 0, small.digest)
  return { readTrees: null, written: new Set(written) }
}

/** Reads the pieces whose digests are unknown. */
async function readPieces(
  content: Content,
  table: PieceTable,
  hash: HashGroups,
  hashContext: HashContext,
): Promise<HashedContent> {
  const { cache, now, trust } = hashContext.cacheAccess
  const { digests, trees } = table
  const files = unknownFiles(content, table)
  const bytesHashed = countUnknown(content, table)
  const startedMs = now()
  const { readTrees, written } =
    (await readSmallFile(content, table, hashContext)) ??
    (await hashUnknown(content, table, files, hash, hashContext))
  const start = { cache, startedMs, trust, written }
  const areSettled = files.findIndex((i) => !isSettledAt(files, i, start)) < 0
  const kernel = chooseKernel(hashContext.engine.kernel)
  if (trees && readTrees) enterTrees(content, trees, readTrees, kernel)
  heedTrees(content, table)
  if (cache.keepsAnything) await remember(content, table, readTrees, start, hashContext)
  return { digests, trees, bytesHashed, isSettled: areSettled }
}

/** Stores digests of files that were settled when their reading began. */
export async function remember(
  content: Content,
  table: PieceTable,
  readTrees: ReadTrees | null,
  start: RememberingStart,
  hashContext: HashContext,
): Promise<void> {
  const steps = rememberSteps(content, table, start)
  if (content.version !== 'v2') await inTurns(steps, hashContext)
  if (readTrees) rememberTrees(content, readTrees, start)
}

function inTurns<T>(steps: Steps<T>, { turns }: HashContext): Promise<T> | T {
  return turns ? doInTurns(steps, turns) : doAtOnce(steps)
}

/** Returns which digests to compute for the pieces that are read. */
function wantedDigests({ version }: Content, { trees }: PieceTable): DigestKind {
  if (version === 'v2') return 'blocks'
  return trees?.isKnown.includes(0) ? 'both' : 'pieces'
}

/**
 * Hashes the pieces whose digests are unknown, and combines their blocks as early as possible. Checks that
 * no file was or is being changed.
 */
async function hashUnknown(
  content: Content,
  table: PieceTable,
  files: FileColumns,
  hash: HashGroups,
  hashContext: HashContext,
): Promise<Read> {
  const before = await findWritten(files, hashContext)
  const stream = streamOf(content, hashContext)
  const writers = createWriters(stream, hashContext.refusesWritten)
  const kernel = chooseKernel(hashContext.engine.kernel)
  const wanted = wantedDigests(content, table)
  const reading = { stream, pieces: unknownPieces(table), pieceCount: content.pieceCount, wanted }
  let readTrees: ReadTrees | null = null
  for await (const group of hash(reading, { ...hashContext.engine, writers })) {
    const { indices, pieces, blocks, nodes } = group
    enterPieces(table, indices, pieces)
    if (wanted === 'pieces') continue
    readTrees ??= new ReadTrees(content, kernel, nodes && pieceHeight(content))
    if (nodes) readTrees.takeNodes(indices, nodes)
    else readTrees.take(indices, blocks)
  }
  await requireAllUnchanged(content.files, hashContext)
  return { readTrees, written: new Set([...before, ...listWritten(writers, stream)]) }
}

/** Returns the stream of content; empty files have no bytes to hash. */
export function streamOf(
  { files, pieceLength }: Pick<ContentStream, 'pieceLength'> & Pick<Content, 'files'>,
  { isGuarded = false }: Pick<HashContext, 'isGuarded'>,
): ContentStream {
  const filled = files.filter((i) => files.sizeAt(i) > 0)
  const offsets = new Float64Array(filled.length + 1)
  const identities = isGuarded ? new BigUint64Array(2 * filled.length) : null
  for (let i = 0; i < filled.length; i++) {
    offsets[i + 1] = (offsets[i] ?? 0) + filled.sizeAt(i)
    if (!identities) continue
    const { device, inode } = filled.fingerprintAt(i)
    identities.set([device, inode], 2 * i)
  }
  return { paths: filled.paths, identities, offsets, pieceLength }
}

/**
 * Checks that files are unchanged since the scan.
 * @throws BtkitError `changed`
 */
export async function requireAllUnchanged(
  files: FileColumns,
  { turns }: Pick<HashContext, 'turns'>,
): Promise<void> {
  // A service has turns, and must not wait for a disk
  const [changed] = turns ? [await findChanged(files)] : changesOf(files)
  if (changed) throw isOther(files.absolutePathAt(changed.number), changed.change)
}

/**
 * Checks that a file is unchanged since the scan.
 * @throws BtkitError `changed`
 */
export function requireUnchanged(file: FileState, fingerprint: Fingerprint | null): void {
  const change = changeSince(file.fingerprint, fingerprint)
  if (change === null) return
  throw isOther(file.absolutePath, change)
}

function isOther(path: string, change: ChangedFile['change']): BtkitError {
  return new BtkitError('changed', `${path}: ${change} while it was read`)
}

/** Returns the bytes of content whose digests the cache does not know. Reads no files. */
export function countUnknownBytes(content: Content, { cacheAccess }: HashContext): number {
  return countUnknown(content, recallPieces(content, cacheAccess))
}
