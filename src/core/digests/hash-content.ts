import { BtkitError } from '../../base/errors.js'
import { trace } from '../../base/text/trace.js'
import {
  type ChangeRules,
  changeSince,
  type Fingerprint,
} from '../../disk/file-lists/fingerprint.js'
import { whoWrites } from '../../disk/look/writers.js'
import type { FileColumns } from '../../disk/file-lists/columns.js'
import type { FileState } from '../../disk/file-lists/scanned-file.js'
import { lookAt } from '../../disk/look/stat-files.js'
import { changesOf, type ChangedFile } from '../../disk/scan/look-again.js'
import {
  countFiles,
  type ContentStream,
  type DigestKind,
} from '../../disk/hash/stream/content-stream.js'
import { isWritten } from '../../disk/hash/stream/reading.js'
import type { HashOptions } from '../../disk/hash/hash-stream.js'
import { hashKernel } from '../../disk/hash/kernels.js'
import type { CutFiles } from './content.js'
import type { CacheAccess, ReadingRules, Unread } from './cache-access.js'
import { isSettledAt } from '../../disk/cache/trust.js'
import {
  enterPieces,
  setPieces,
  unknownPieces,
  unreadOf,
  type ContentDigests,
  type PieceTable,
} from './piece-table.js'
import { hashInGroups, type HashGroups, type ReadGroup } from './hash-groups.js'
import { doInTurns } from '../../base/steps.js'
import { enterTrees, ReadTrees } from './read-trees.js'
import { recallPieces } from './recall-pieces.js'
import { Remembering } from './remember-pieces.js'
import { SMALL_FILE } from './small-files.js'

export type Engine = Omit<HashOptions, 'wanted' | 'pieces' | 'writers' | 'refusesWritten'>

/** The hash engine and the data that saves hashing, for use cases. */
export interface HashContext {
  readonly engine: Engine
  readonly cacheAccess: CacheAccess
  readonly rules?: ReadingRules | undefined
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
export async function hashContent(
  content: CutFiles,
  hashContext: HashContext,
  known?: PieceTable,
): Promise<HashedContent> {
  const { cacheAccess, engine, rules } = hashContext
  const table = known ?? recallPieces(content, cacheAccess)
  const unread = { content, table, engine, cacheAccess, rules }
  const read = (hash: HashGroups) => readUnknown(unread, hashContext, hash)
  return cacheAccess.reader?.readOnce(unread, read) ?? read(hashInGroups)
}

/**
 * Reads the pieces whose digests are unknown, checks that no file changed, and keeps the digests.
 *
 * 1. `table` says which pieces the cache knows. If it knows all, nothing is read.
 * 2. One small file is read together with those of other torrents.
 * 3. Otherwise the unknown pieces are read in groups, as one stream over all files. The digests go
 *    into the table. Of long content, the cache gets them part by part, so that no kill loses all.
 * 4. The states of all files are compared with those of the scan.
 * 5. The cache gets the rest, without the digests of files that somebody writes.
 */
async function readUnknown(
  { content, table }: Unread,
  hashContext: HashContext,
  hash: HashGroups,
): Promise<HashedContent> {
  const { digests, trees, isKnown } = table
  if (!isKnown.includes(0)) return { digests, trees, bytesHashed: 0, isSettled: true }
  const { files, bytes } = unreadOf(content, table)
  const readTrees = trees?.isKnown.includes(0) ? new ReadTrees(content, trees.begun) : null
  let remembering = await readSmallFile(content, table, hashContext)
  if (remembering === null) {
    const [stream, pieces] = [streamOf(content, hashContext.rules), unknownPieces(table)]
    const wanted = content.version === 'v2' ? 'blocks' : readTrees ? 'both' : 'pieces'
    const opened = hashContext.cacheAccess.reader?.isElsewhere ? null : files
    const reading = { stream, pieces, wanted, content, table, files: opened, readTrees } as const
    remembering = await readPieces(reading, hashContext, hash)
    if (opened) await requireAllUnchanged(content.files, hashContext.cacheAccess)
  }
  const { start } = remembering
  const unsettled = files.findIndex((i) => !isSettledAt(files, i, start))
  if (unsettled >= 0) {
    const why = 'a program writes it, or changed it less than 2 s before it was read'
    trace(() => `${files.absolutePathAt(unsettled)}: its digests are not kept: ${why}`)
  }
  if (trees && readTrees) enterTrees(content, trees, readTrees)
  await doInTurns(remembering.rest(), hashContext.rules?.turns)
  return { digests, trees, bytesHashed: bytes, isSettled: unsettled < 0 }
}

/** Whether content is one small file in one piece, which can be read with others. */
export function isSmallFile({ version, files, pieceCount }: CutFiles): boolean {
  const isOne = version === 'v1' && files.length === 1 && pieceCount === 1
  return isOne && files.isRead(0) && files.sizeAt(0) <= SMALL_FILE
}

/** Reads content that is one small file with others; null if it must be read alone. */
async function readSmallFile(
  content: CutFiles,
  table: PieceTable,
  hashContext: HashContext,
): Promise<Remembering | null> {
  const { engine, cacheAccess, rules: { smallFiles, refusesWritten } = {} } = hashContext
  // With a throttle each file waits for its turn
  const file = smallFiles && !engine.throttle && isSmallFile(content) && content.files.at(0)
  const startedMs = cacheAccess.now()
  const small = file ? await smallFiles.read(file) : null
  if (!file || !small || engine.signal.aborted) return null
  if (small.isWritten && refusesWritten) throw isWritten(file.absolutePath)
  setPieces(table, 0, small.digest)
  const written = new Set(small.isWritten ? [content.files.rowAt(0)] : [])
  return new Remembering(content, table, null, { ...cacheAccess, startedMs, written })
}

/** The pieces to read, and where their digests go. */
interface PieceReading {
  readonly stream: ContentStream
  readonly pieces: Uint32Array
  readonly wanted: DigestKind
  readonly content: CutFiles
  /** Gets their SHA-1 digests. */
  readonly table: PieceTable
  /** The files of the pieces; null if it does not matter which are being written. */
  readonly files: FileColumns | null
  readonly readTrees: ReadTrees | null
  /** Sees the digests first. */
  readonly see?: (group: ReadGroup) => void
}

/**
 * Hashes pieces, and stores in the cache what is known of files when reading goes on. Returns what
 * stores the rest, which the caller must have checked.
 * @throws BtkitError as hashStream, and `changed` if files that are open for writing count as
 *   changing
 */
export async function readPieces(
  { stream, pieces, wanted, content, table, files, readTrees, see }: PieceReading,
  hashContext: HashContext,
  hash: HashGroups = hashInGroups,
): Promise<Remembering> {
  const { cacheAccess, engine, rules: { refusesWritten, turns } = {} } = hashContext
  const startedMs = cacheAccess.now()
  const isPortable = hashKernel().name === 'crypto'
  // The accelerator asks when it opens a file. But it opens no empty file, and large ones that must
  // not be written are refused before any is read
  const asked = files?.filter((i) => {
    const size = files.sizeAt(i)
    const isFirst = refusesWritten === true && size > SMALL_FILE
    return files.isRead(i) && (isPortable || size === 0 || isFirst)
  })
  const written = new Set<number>()
  for (const i of await whoWrites(Array.from(asked ?? [], (file) => file.absolutePath))) {
    if (refusesWritten) throw isWritten(asked?.absolutePathAt(i) ?? '')
    written.add(asked?.rowAt(i) ?? 0)
  }
  const writers = files ? new Uint8Array(countFiles(stream)) : undefined
  const start = { ...cacheAccess, startedMs, written }
  const remembering = new Remembering(content, table, readTrees, start)
  const groups = hash({ stream, pieces, wanted }, { ...engine, writers, refusesWritten })
  for await (const group of groups) {
    see?.(group)
    enterPieces(table, group.indices, group.pieces)
    if (group.nodes) readTrees?.takeNodes(group.indices, group.nodes)
    else readTrees?.take(group.indices, group.blocks)
    if (writers)
      for (let at = writers.indexOf(1); at >= 0; at = writers.indexOf(1, at + 1))
        written.add(content.files.rowAt(at))
    const last = group.indices.at(-1)
    const isPart = last !== undefined && last !== pieces.at(-1)
    if (isPart && !engine.failures?.pieces.includes(1)) await remembering.part(last + 1, turns)
  }
  return remembering
}

/** Returns the stream of content. */
export function streamOf(
  { files, pieceLength }: Pick<ContentStream, 'pieceLength'> & Pick<CutFiles, 'files'>,
  { isGuarded = false }: Pick<ReadingRules, 'isGuarded'> = {},
): ContentStream {
  const { offsets, length } = files
  const identities = isGuarded && !isRenumbered(files) ? new BigUint64Array(2 * length) : null
  for (let i = 0; identities && i < length; i++) {
    const { device, inode } = files.fingerprintAt(i)
    identities.set([device, inode], 2 * i)
  }
  return { ...files.paths, identities, offsets, pieceLength }
}

/**
 * Whether the first file on a disk has another inode number at each look: then none can be known by
 * its number.
 */
function isRenumbered(files: FileColumns): boolean {
  let first = 0
  while (first < files.length && !files.isRead(first)) first++
  const { absolutePath = '', fingerprint: before = null } = files.at(first) ?? {}
  const now = before && lookAt(absolutePath)
  if (!before || !now) return false
  return now.inode !== before.inode && changeSince(before, now) === null
}

/**
 * Checks that files are unchanged since the scan.
 * @throws BtkitError `changed`
 */
export async function requireAllUnchanged(files: FileColumns, rules?: ChangeRules): Promise<void> {
  const [changed] = await changesOf(files, undefined, rules)
  if (changed) throw isOther(files.absolutePathAt(changed.number), changed.change)
}

/**
 * Checks that a file is unchanged since the scan.
 * @throws BtkitError `changed`
 */
export function requireUnchanged(
  file: FileState,
  fingerprint: Fingerprint | null,
  rules?: ChangeRules,
): void {
  const change = changeSince(file.fingerprint, fingerprint, rules)
  if (change === null) return
  throw isOther(file.absolutePath, change)
}

function isOther(path: string, change: ChangedFile['change']): BtkitError {
  return new BtkitError('changed', `${path}: ${change} while it was read`)
}
