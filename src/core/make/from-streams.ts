import { once } from 'node:events'
import { isSameBytes } from '../../base/bytes.js'
import { BtkitError, refuseAborted } from '../../base/errors.js'
import { trace } from '../../base/text/trace.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import { awaitTurnOf } from '../../disk/hash/hash-stream.js'
import { quoteText } from '../../base/text/escape.js'
import { findUnsafePaths } from '../../metainfo/parse/unsafe-path.js'
import { CHECKSUMS, type ChecksumName } from '../checksums/list.js'
import type { ListedFile } from '../checksums/lists.js'
import { bytesOf, contentOfTree, refusePaths, type Content } from '../digests/content.js'
import { alignedFiles, createTrees, setTree, type FileTree } from '../digests/file-trees.js'
import type { Engine, HashContext } from '../digests/hash-content.js'
import { composeCore, InfoRequest, keepWhole, recallWhole } from '../digests/info.js'
import type { ReplacedTorrent } from '../replaced-torrent.js'
import { refuseInPads, withoutPads } from '../digests/pad-files.js'
import { BY_PATH, numbersIn } from '../digests/sort-files.js'
import type { Skipped } from '../digests/skipped.js'
import {
  checkOutput,
  planOf,
  type HashedTorrent,
  type MakeRequest,
  type TorrentPlan,
} from './make-torrent.js'
import { ArrivingFiles, type PieceLengthFor } from './arriving-files.js'
import { choosePieces } from './piece-choice.js'
import { count } from '../../base/text/quantity.js'

/** Bytes in memory, or pieces of them that arrive over time, such as a stream of Node. */
export type StreamedBytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A file whose bytes come from the caller. */
export interface StreamedFile {
  /** The path below the torrent's name, with `/` between components. */
  readonly path: string
  readonly content: StreamedBytes
  /** Has the content received before it is read; called for the next files, too. */
  readonly begin?: (() => void) | undefined
  /** Bytes of the file; needed for streams below a directory if no piece length is given. */
  readonly length?: number | undefined
  /**
   * A text that is another one as soon as any byte is: content of known texts need not be read
   * again.
   */
  readonly state?: string | undefined
  /** The checksums that its bytes must have. */
  readonly checksum?: ListedChecksum | readonly ListedChecksum[] | undefined
}

/** A checksum of a file; of several names, one made it. */
export interface ListedChecksum {
  readonly name: ChecksumName | readonly ChecksumName[]
  readonly digest: Uint8Array
}

function checksumsOf({ checksum }: StreamedFile): readonly ListedChecksum[] {
  return [checksum ?? []].flat()
}

/** A torrent of which the name is known before its content. */
export interface NamedRequest extends MakeRequest {
  readonly name: string
}

/** Content that is on no disk. */
export interface Arrival {
  /** The name of the content in messages. */
  readonly place: string
  readonly isDirectory: boolean
  /** In the order of the caller, unless the request has one; in a file tree (BEP 52) by path. */
  readonly files: readonly StreamedFile[]
  /** The files that globs leave out. */
  readonly skipped?: readonly Skipped[]
  /** Why it cannot be read. */
  readonly fault?: BtkitError | undefined
}

/** How to read the content, and the checksums to compute on the way. */
interface ArrivalReading extends Pick<HashContext, 'cacheAccess'> {
  readonly engine: Pick<Engine, 'throttle' | 'signal' | 'onProgress'>
  readonly checksums: readonly ChecksumName[]
}

/** Content that was read from streams. */
interface StreamedTorrent extends HashedTorrent {
  readonly plan: TorrentPlan
  /** The files, each with a digest for each requested checksum. */
  readonly checksums: readonly ListedFile[]
}

/** A torrent of streams before they are read. */
export interface PlannedArrival {
  readonly request: NamedRequest
  readonly named: NamedArrival
  readonly target: ReplacedTorrent
  /** Null if it depends on the length of a stream that nobody knows. */
  readonly plan: TorrentPlan | null
}

/**
 * Plans a torrent of streams. If the length of a stream is unknown, almost every piece length stays
 * possible. Limits of the number of pieces or the size of the torrent then do not count.
 * @throws BtkitError its `fault`, `empty`, `bad-name`, `usage` for a length that must be known, and
 *   as checkTarget
 */
export function planStreams(
  streamed: NamedRequest,
  arrival: Arrival,
  check: (request: MakeRequest) => ReplacedTorrent = checkOutput,
): PlannedArrival {
  if (arrival.fault) throw arrival.fault
  const named = { ...arrival, files: inOrder(arrival.files, streamed) }
  const isAligned = streamed.isAligned === true || streamed.version !== 'v1'
  checkPaths(named, { ...streamed, isAligned })
  const lengths = named.files.flatMap((file) => lengthOf(file) ?? [])
  if (lengths.length === named.files.length) {
    const target = check(streamed)
    const plan = planOf(contentOf(named, lengths, streamed), streamed, target)
    return { request: streamed, named, target, plan }
  }
  const request = { ...streamed, mostPieces: undefined, largestTorrent: undefined }
  return { request, named, target: check(request), plan: null }
}

/**
 * Reads the content of a torrent from streams, once and one after another, unless the cache knows
 * it. If the piece length of a single file depends on its size, the bytes are hashed at each length
 * that is still possible. Memory holds digests, and at most 192 MiB of content.
 * @throws BtkitError `empty`, `changed` for a file of another length or checksum than was said,
 *   `interrupted`
 */
export async function readStreams(
  planned: PlannedArrival,
  { engine, checksums, cacheAccess }: ArrivalReading,
): Promise<StreamedTorrent> {
  const { request, named, target } = planned
  const { version } = request
  const { trust, cache } = cacheAccess
  const states = statesOf(named)
  const wanted =
    planned.plan && states && new InfoRequest(planned.plan.content, request, trust, states)
  const known = wanted && checksums.length === 0 ? recallWhole(wanted, cache) : null
  const why = 'must be read: the cache has nothing of this address, size and tag'
  trace(() => `${named.place}: ${known ? 'its server says that it is unchanged' : why}`)
  if (planned.plan && known)
    return { plan: planned.plan, core: known, bytesHashed: 0, checksums: [] }
  const isAligned = request.isAligned === true || version !== 'v1'
  const lengthFor = planned.plan ? pieceLengthOf(planned.plan) : pieceLengthFor(request, named)
  const listedNames = named.files.flatMap(checksumsOf).flatMap(({ name }) => name)
  const all = [...new Set([...checksums, ...listedNames])]
  const hashing = new ArrivingFiles(version, all, lengthFor, isAligned)
  await unlessAborted(engine.signal, readAll(named.files, hashing, engine))
  const plan = planned.plan ?? planOf(contentOf(named, hashing.lengths, request), request, target)
  const { digests, trees, lists } = await hashing.finish()
  const core = composeCore(plan.content, request, { digests, trees: treesOf(plan, trees) })
  if (wanted) keepWhole(wanted, core, cache)
  const own = [...withoutPads(plan.content.files)]
  const listed = own.map((file, at) => ({ file, digests: lists[at] ?? [] }))
  return { plan, core, bytesHashed: bytesOf(plan.content), checksums: listed }
}

function pieceLengthOf({ content }: TorrentPlan): PieceLengthFor {
  return () => content.pieceLength
}

/** Texts that change with the bytes; null if those of a stream may be any. */
function statesOf({ files }: NamedArrival): readonly string[] | null {
  const states = files.flatMap((file) => {
    const sums = checksumsOf(file).map(({ digest }) => ` ${Buffer.from(digest).toString('hex')}`)
    return file.state === undefined ? [] : file.state + sums.join('')
  })
  return states.length === files.length ? states : null
}

interface OrderedFile extends StreamedFile {
  readonly components: string[]
}

/** Files to read, with their paths. */
interface NamedArrival extends Omit<Arrival, 'files'> {
  readonly files: readonly OrderedFile[]
}

/** @throws BtkitError `usage` if files are sorted by their lengths, of which one is unknown */
function inOrder(given: readonly StreamedFile[], request: NamedRequest): OrderedFile[] {
  const files = given.map((file) => ({ ...file, components: file.path.split('/') }))
  const order = request.version === 'v1' ? request.order : BY_PATH
  if (!order) return files
  const lengths = order.by === 'size' ? files.map(requireLength) : []
  return numbersIn(columnsOf(files, lengths), order).flatMap((i) => files[i] ?? [])
}

/** Refuses the paths that the torrent of files on a disk could not have either. */
function checkPaths({ place, isDirectory, files }: NamedArrival, request: NamedRequest): void {
  const { name, version } = request
  const named = files.map(({ components }) => ({ path: components, padding: false }))
  const [unsafe] = findUnsafePaths(name, isDirectory, named)
  if (unsafe) throw new BtkitError('bad-name', `${unsafe.path.join('/')}: ${unsafe.reason}`)
  const directories = new Set(files.flatMap(({ components }) => directoriesOf(components)))
  for (const path of [name, ...files.map((file) => file.path)]) {
    if (/\p{Surrogate}/u.test(path))
      throw new BtkitError('bad-name', `${quoteText(path)}: is not Unicode (half a surrogate pair)`)
    if (path !== name && directories.has(path))
      throw new BtkitError('bad-name', `${name}/${path}: is both a file and a directory`)
  }
  const placed = columnsOf(files, [])
  refusePaths({ root: place, isDirectory, files: placed }, name, version)
  if (request.isAligned) refuseInPads(placed)
}

/** The paths of the directories that a file is in. */
function directoriesOf(path: readonly string[]): string[] {
  return path.slice(1).map((_, at) => path.slice(0, at + 1).join('/'))
}

/** The content of files of these lengths, which are on no disk. */
function contentOf(
  { place, isDirectory, files, skipped = [] }: NamedArrival,
  lengths: readonly number[],
  request: NamedRequest,
): Content {
  const tree = { root: place, isDirectory, files: columnsOf(files, lengths), skipped }
  return contentOfTree(tree, { ...request, order: undefined })
}

function columnsOf(files: readonly OrderedFile[], lengths: readonly number[]): FileColumns {
  const scanned = files.map(({ components, path }, at) => {
    const fingerprint = { size: lengths[at] ?? 0, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n }
    return { path: components, absolutePath: path, fingerprint }
  })
  return FileColumns.of(scanned)
}

/**
 * The piece length by size. Pad files depend on it, so that of a directory must be known before.
 */
function pieceLengthFor(request: NamedRequest, named: NamedArrival): PieceLengthFor {
  const { files, isDirectory } = named
  const lengthOfAll = (lengths: readonly number[]) => {
    return choosePieces(contentOf(named, lengths, request), request, () => 0).content.pieceLength
  }
  const isGiven = request.pieceLength !== 'auto'
  const isOpen = !isDirectory && files.some((file) => lengthOf(file) === undefined)
  if (isOpen && !isGiven) return (size) => lengthOfAll([Math.max(size, 1)])
  const lengths = files.map((file) => (isGiven ? 1 : requireLength(file)))
  const pieceLength = lengthOfAll(lengths)
  return () => pieceLength
}

function lengthOf({ length, content }: StreamedFile): number | undefined {
  return content instanceof Uint8Array ? content.length : length
}

function requireLength(file: StreamedFile): number {
  const length = lengthOf(file)
  if (length !== undefined) return length
  const why = 'its length is unknown: give a piece length (--piece-length), and sort by no size'
  throw new BtkitError('usage', `${file.path}: ${why}`)
}

/** Waits for work, but after an abort not for a stream from which nothing comes. */
async function unlessAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const end = new AbortController()
  const aborted = once(signal, 'abort', { signal: end.signal }).then(() => {
    refuseAborted(signal)
  })
  try {
    await Promise.race([work, aborted])
  } catch (error) {
    refuseAborted(signal)
    throw error
  } finally {
    end.abort()
  }
}

/** Files that begin to arrive, with the one that is read. */
const AHEAD = 8

/** Progress after each so many bytes. */
const TELL_EVERY = 1024 * 1024

async function readAll(
  files: readonly OrderedFile[],
  hashing: ArrivingFiles,
  engine: ArrivalReading['engine'],
): Promise<void> {
  let bytesDone = 0
  let told = 0
  const tell = (path: string) => {
    if (bytesDone > told) engine.onProgress?.({ bytesDone, currentPath: path })
    told = bytesDone
  }
  for (const [at, file] of files.entries()) {
    const { path, content } = file
    for (const next of files.slice(at, at + AHEAD)) next.begin?.()
    const before = bytesDone
    hashing.begin()
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      await awaitTurnOf(engine, chunk.length)
      await hashing.update(chunk)
      bytesDone += chunk.length
      if (bytesDone - told >= TELL_EVERY) tell(path)
    }
    tell(path)
    const length = bytesDone - before
    const expected = file.length ?? lengthOf(file)
    if (expected !== undefined && expected !== length)
      throw new BtkitError('changed', `${path}: has ${count(length, 'byte')}, not ${expected}`)
    await hashing.end(length)
    requireChecksum(file, hashing)
  }
  refuseAborted(engine.signal)
}

/**
 * @throws BtkitError `changed` if the bytes that were just read have another checksum than was said
 */
function requireChecksum(file: StreamedFile, hashing: ArrivingFiles): void {
  for (const { name, digest } of checksumsOf(file)) {
    const names = [name].flat()
    const found = names.map((each) => hashing.lastDigest(each))
    if (found.some((each) => isSameBytes(each, digest))) continue
    const [should, ...is] = [digest, ...found].map((each) => Buffer.from(each).toString('hex'))
    const own = names.map((each, i) => `${each} is ${is[i]}`).join(' and its ')
    const isGuess = Array.isArray(name) && digest.length === CHECKSUMS.sha256.length
    const other = isGuess ? ' (BLAKE3 has as many digits, and is not known here)' : ''
    throw new BtkitError('changed', `${file.path}: its ${own}, not ${should} as listed${other}`)
  }
}

/**
 * The trees by the numbers of their files. `arrived` has those of the files with bytes, in order.
 */
function treesOf({ content }: TorrentPlan, arrived: readonly FileTree[]) {
  const trees = createTrees(content)
  if (!trees) return null
  let next = 0
  for (const { number } of alignedFiles(content)) {
    const tree = arrived[next++]
    if (tree) setTree(trees, number, tree)
  }
  return trees
}
