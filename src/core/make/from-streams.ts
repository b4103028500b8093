import { once } from 'node:events'
import { BtkitError, refuseAborted } from '../../base/errors.js'
import { trace } from '../../base/text/trace.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import type { Fingerprint } from '../../disk/file-lists/fingerprint.js'
import { awaitTurnOf } from '../../disk/hash/hash-stream.js'
import { quoteText } from '../../base/text/escape.js'
import { findUnsafePaths } from '../../metainfo/parse/unsafe-path.js'
import type { ChecksumName } from '../checksums/list.js'
import type { ListedFile } from '../checksums/lists.js'
import {
  bytesOf,
  contentOfTree,
  cutIntoPieces,
  refusePaths,
  type ContentRules,
  type UncutContent,
} from '../digests/content.js'
import { alignedFiles, createTrees, setTree, type FileTree } from '../digests/file-trees.js'
import type { Engine, HashContext } from '../digests/hash-content.js'
import { composeCore, InfoRequest, obtainInfo } from '../digests/info.js'
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
import { fingerprintOfStated, stateKey, StatedContent, type StatedFile } from './stated-content.js'
import { checksumsOf, namesOf, requireChecksums, type StreamedFile } from './streamed-file.js'

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
  readonly engine: Engine
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
  const request = { ...streamed, targetPieces: undefined, maxTorrentSize: undefined }
  return { request, named, target: check(request), plan: null }
}

/**
 * Reads the content of a torrent from streams, once and one after another, unless the cache knows
 * it. If the piece length of a single file depends on its size, the bytes are hashed at each length
 * that is still possible. Memory holds digests, and at most 128 MiB of content.
 * @throws BtkitError `empty`, `changed` for a file of another length or checksum than was said,
 *   `interrupted`
 */
export async function readStreams(
  planned: PlannedArrival,
  { engine, checksums, cacheAccess }: ArrivalReading,
): Promise<StreamedTorrent> {
  const { request, named, target } = planned
  const { version } = request
  const stated = checksums.length === 0 ? statedFiles(named) : null
  if (planned.plan && stated)
    return readStated({ ...planned, plan: planned.plan, stated }, { engine, cacheAccess })
  const isAligned = request.isAligned === true || version !== 'v1'
  const lengthFor = planned.plan ? pieceLengthOf(planned.plan) : pieceLengthFor(request, named)
  const all = [...new Set([...checksums, ...namesOf(named.files.flatMap(checksumsOf))])]
  const hashing = new ArrivingFiles(version, all, lengthFor, isAligned)
  await unlessAborted(engine.signal, readAll(named.files, hashing, engine))
  const plan = planned.plan ?? planOf(contentOf(named, hashing.lengths, request), request, target)
  const { digests, trees, lists } = await hashing.finish()
  const core = composeCore(plan.content, request, { digests, trees: treesOf(plan, trees) })
  const own = [...withoutPads(plan.content.files)]
  const listed = own.map((file, at) => ({ file, digests: lists[at] ?? [] }))
  return { plan, core, bytesHashed: bytesOf(plan.content), checksums: listed }
}

function pieceLengthOf({ content }: TorrentPlan): PieceLengthFor {
  return () => content.pieceLength
}

/** The files with their states; null if a stream has none, so that its bytes may be any. */
function statedFiles({ files }: NamedArrival): (OrderedFile & StatedFile)[] | null {
  const stated = files.flatMap(({ state, ...file }) => {
    const length = lengthOf(file)
    return state === undefined || length === undefined ? [] : { ...file, state, length }
  })
  return stated.length === files.length ? stated : null
}

/** A torrent of streams, all of which say their states. */
interface PlannedStated extends PlannedArrival {
  readonly plan: TorrentPlan
  readonly stated: readonly (OrderedFile & StatedFile)[]
}

/** Reads the bytes of a torrent that the cache does not know by the states of its files. */
async function readStated(
  { plan, request, named, stated }: PlannedStated,
  { engine, cacheAccess }: Omit<ArrivalReading, 'checksums'>,
): Promise<StreamedTorrent> {
  const { pieceLength } = plan.content
  const content = cutIntoPieces(contentOfStated(named, stated, request), pieceLength)
  const { cache, trust } = cacheAccess
  const { readOnce } = new StatedContent(content, stated, cache)
  const context = {
    engine,
    cacheAccess: { ...cacheAccess, reader: { readOnce, isElsewhere: true } },
  }
  const reading = obtainInfo(new InfoRequest(content, request, trust), context)
  const { info, pieceLayers, bytesHashed } = await unlessAborted(engine.signal, reading)
  trace(() => `${named.place}: ${bytesHashed} bytes are read: the rest is as the cache knows it`)
  return { plan, core: { info, pieceLayers }, bytesHashed, checksums: [] }
}

/** The content of files of known states, which the cache knows by these. */
function contentOfStated(
  named: Omit<NamedArrival, 'files'>,
  files: readonly (OrderedFile & StatedFile)[],
  rules: ArrivalRules,
): UncutContent {
  const keyed = files.map((file) => {
    const key = stateKey(file)
    return { ...file, absolutePath: key, fingerprint: fingerprintOfStated(file, key) }
  })
  return contentOf({ ...named, files: keyed }, [], rules)
}

/**
 * Plans content of known states. Its files have the names of stateKey in the place of their paths.
 * @throws BtkitError as planStreams
 */
export function planStated(
  arrival: Arrival & { readonly files: readonly StatedFile[] },
  rules: ArrivalRules,
): UncutContent {
  const named = { ...arrival, files: inOrder(arrival.files, rules) }
  checkPaths(named, { ...rules, isAligned: rules.isAligned === true || rules.version !== 'v1' })
  return contentOfStated(named, statedFiles(named) ?? [], rules)
}

/** The rules for content that is on no disk, with its name. */
type ArrivalRules = Omit<ContentRules, 'pieceLength'> & { readonly name: string }

interface OrderedFile extends StreamedFile {
  readonly components: string[]
  /** Its name in the cache; by default its path. */
  readonly absolutePath?: string
  /** By default of the length alone. */
  readonly fingerprint?: Fingerprint
}

/** Files to read, with their paths. */
interface NamedArrival extends Omit<Arrival, 'files'> {
  readonly files: readonly OrderedFile[]
}

/** @throws BtkitError `usage` if files are sorted by their lengths, of which one is unknown */
function inOrder(given: readonly StreamedFile[], request: ArrivalRules): OrderedFile[] {
  const files = given.map((file) => ({ ...file, components: file.path.split('/') }))
  const order = request.version === 'v1' ? request.order : BY_PATH
  if (!order) return files
  const lengths = order.by === 'size' ? files.map(requireLength) : []
  return numbersIn(columnsOf(files, lengths), order).flatMap((i) => files[i] ?? [])
}

/** Refuses the paths that the torrent of files on a disk could not have either. */
function checkPaths({ place, isDirectory, files }: NamedArrival, request: ArrivalRules): void {
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
  request: ArrivalRules,
): UncutContent {
  const tree = { root: place, isDirectory, files: columnsOf(files, lengths), skipped }
  return contentOfTree(tree, { ...request, order: undefined })
}

function columnsOf(files: readonly OrderedFile[], lengths: readonly number[]): FileColumns {
  const scanned = files.map(({ components, path, absolutePath = path, fingerprint: own }, at) => {
    const unknown = { size: lengths[at] ?? 0, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n }
    return { path: components, absolutePath, fingerprint: own ?? unknown }
  })
  return FileColumns.of(scanned)
}

/**
 * The piece length by size. Pad files depend on it, so that of a directory must be known before.
 */
function pieceLengthFor(request: NamedRequest, named: NamedArrival): PieceLengthFor {
  const { files, isDirectory } = named
  const lengthOfAll = (lengths: readonly number[]) => {
    return choosePieces(contentOf(named, lengths, request), request, () => 0).pieceLength
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
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const end = new AbortController()
  const aborted = once(signal, 'abort', { signal: end.signal }).then(() => {
    refuseAborted(signal)
    return work
  })
  try {
    return await Promise.race([work, aborted])
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
    requireChecksums(file, (name) => hashing.lastDigest(name))
  }
  refuseAborted(engine.signal)
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
