import { BtkitError, inField } from '../../base/errors.js'
import { isSameBytes } from '../../base/bytes.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import { creationDateOf } from '../../disk/file-lists/fingerprint.js'
import { checkTarget, writeAtomically, type WriteOptions } from '../../disk/write/atomically.js'
import { infoHashesOf, type Metainfo } from '../../metainfo/metainfo.js'
import { MADE_INFO_KEYS } from '../../metainfo/other-keys.js'
import {
  buildInParts,
  buildTorrent,
  type TorrentCore,
  type TorrentParts,
} from '../../metainfo/build/torrent.js'
import {
  cutIntoPieces,
  planContent,
  type Content,
  type ContentRequest,
  type UncutContent,
} from '../digests/content.js'
import {
  composeCore,
  InfoRequest,
  isFileList,
  obtainInfo,
  type InfoOptions,
} from '../digests/info.js'
import type { HashContext } from '../digests/hash-content.js'
import { refuseOther, ReplacedTorrent } from '../replaced-torrent.js'
import { alignedFiles, createTrees } from '../digests/file-trees.js'
import { boundFiles } from '../digests/listed-files.js'
import { choosePieces, type PieceChoice, type PieceRules } from './piece-choice.js'
import { encodeBencode } from '../../metainfo/bencode/encode.js'
import { checkBencode, DEFAULT_MAX_DEPTH } from '../../metainfo/bencode/check.js'
import { formatBytes } from '../../base/text/quantity.js'
import { countItems } from '../../metainfo/bencode/offsets.js'
import { REFUSALS, refusal } from '../../metainfo/lint/refused.js'
import { otherEntries, spliceDict } from '../../metainfo/edit/splice-torrent.js'
import type { InfoHashes, TrackerUrl } from '../../metainfo/values.js'
import { MAX_TORRENT, SHA1, SHA256 } from '../../metainfo/sizes.js'

/**
 * The creation date: seconds since 1970, or `mtime` for the date of the files, or null for none.
 */
type CreationDate = number | 'mtime' | null

/** The trackers of a new torrent. An empty list leaves no key. */
export interface CheckedTrackers {
  readonly announce: TrackerUrl | null
  readonly announceList: readonly (readonly TrackerUrl[])[]
}

export interface MakeRequest extends ContentRequest, InfoOptions, PieceRules {
  readonly parts: Omit<TorrentParts, 'creationDate' | keyof CheckedTrackers> & CheckedTrackers
  readonly creationDate: CreationDate
  readonly write: Omit<WriteOptions, 'checkReplaceable'>
  /** Whether to replace even a file that is not a torrent. */
  readonly force?: boolean
  /** Whether to replace a torrent only if it has the same info hash. */
  readonly keepsInfoHash?: boolean
}

/** A planned torrent: everything except the digests is known, nothing was read. */
export interface TorrentPlan {
  readonly request: MakeRequest
  readonly content: Content
  /** The reason for its piece length. */
  readonly pieces: PieceChoice
  /** The torrent that it replaces; null if there is none. */
  readonly replaced: Metainfo | null
  /** The file that it replaces. */
  readonly target: ReplacedTorrent
}

export interface WrittenTorrent extends InfoHashes {
  /** The .torrent; long values are parts of their own, so that they are in memory once. */
  readonly parts: readonly Uint8Array[]
  /** Its length in bytes. */
  readonly size: number
  readonly core: TorrentCore
  /** Bytes that were read; the other digests were in the cache. */
  readonly bytesHashed: number
}

/**
 * Plans a torrent. By default it checks that the torrent can be written.
 * @throws BtkitError as planContent, checkTarget and choosePieces
 */
export async function planTorrent(request: MakeRequest, check = checkOutput): Promise<TorrentPlan> {
  const content = await planContent(request)
  return planOf(content, request, check(request))
}

/**
 * Checks that a torrent can be written. Returns the file that it will replace.
 * @throws BtkitError as checkTarget
 */
export function checkOutput(request: MakeRequest): ReplacedTorrent {
  const target = new ReplacedTorrent()
  const { torrent } = request
  if (torrent !== null)
    inField('output', () => {
      checkTarget(torrent, writeOptions(request, target))
    })
  return target
}

/**
 * Plans the torrent of some content. `target` is what checkOutput returned.
 * @throws BtkitError as choosePieces, `too-large` for a torrent that btkit would not read, and
 *   `exists` if another torrent is in its place
 */
export function planOf(
  uncut: UncutContent,
  request: MakeRequest,
  target: ReplacedTorrent,
): TorrentPlan {
  const pieces = choosePieces(uncut, request, (content) => measureTorrent({ request, content }))
  const content = cutIntoPieces(uncut, pieces.pieceLength)
  refuseHuge({ request, content }, request.source)
  return { request, content, pieces, replaced: replacedBy(content, request, target), target }
}

/**
 * Refuses content whose torrent btkit would not read, before there is memory for its digests: a
 * server may claim any length.
 * @throws BtkitError `too-large`
 */
export function refuseHuge(planned: Planned, source: string): void {
  const size = sizeBeyond(MAX_TORRENT, planned)
  if (size === null) return
  const why = `its torrent would have ${formatBytes(size)}, and the limit is ${formatBytes(MAX_TORRENT)}`
  throw new BtkitError('too-large', `${source}: ${why}`)
}

/**
 * The torrent that a new one replaces; null if there is none.
 * @throws BtkitError `exists` if it must stay and certainly has another info hash
 */
function replacedBy(
  content: Content,
  request: MakeRequest,
  target: ReplacedTorrent,
): Metainfo | null {
  const { torrent, keepsInfoHash = false } = request
  const old = torrent === null ? null : target.at(torrent)
  if (torrent === null || old === null) return null
  if (keepsInfoHash && isCertainlyOther(old, content, request)) refuseOther(torrent, old)
  return old
}

/**
 * Whether a torrent has another `info` than a new one, as far as that shows before reading.
 */
function isCertainlyOther(old: Metainfo, content: Content, request: MakeRequest): boolean {
  const { version, name, isDirectory, pieceLength, pieceCount, files } = content
  if (old.version !== version || old.name !== name) return true
  // Nothing is known of Merkle trees before their files are read
  if (version !== 'v1') return false
  if (old.isDirectory !== isDirectory || old.pieceLength !== pieceLength) return true
  if (old.pieceCount !== pieceCount || old.fileList.count !== files.length) return true
  if (old.private !== request.private || old.source !== request.sourceTag) return true
  const further = otherEntries(old, [...MADE_INFO_KEYS, 'attr'])
  if (!isSameBytes(encodeBencode(further), encodeBencode(request.extraKeys ?? new Map())))
    return true
  if (!isDirectory) return old.size !== content.size
  const list = old.infoSpans.get('files')
  return !list || !isFileList(old.bytes.subarray(list.start, list.end), content)
}

/**
 * Plans another torrent of the same content that differs only in its other values.
 * @throws BtkitError as checkTarget, and as planOf
 */
export function planVariant(
  plan: TorrentPlan,
  request: MakeRequest,
  check = checkOutput,
): TorrentPlan {
  const target = check(request)
  return { ...plan, request, replaced: replacedBy(plan.content, request, target), target }
}

/** A torrent to make, as far as its size depends on it. */
interface Planned {
  readonly request: InfoOptions & Pick<MakeRequest, 'parts' | 'creationDate'>
  readonly content: Content
}

/** Encodes a planned torrent without its digests. */
function composeBlank({ request, content }: Planned): Uint8Array[] {
  const digests = { digests: new Uint8Array(0), trees: createTrees(content) }
  return composeTorrent(request, content, composeCore(content, request, digests))
}

/**
 * Returns the size of a planned .torrent in bytes, if no two of its files have the same content.
 */
export function measureTorrent(planned: Planned): number {
  const { content } = planned
  const blank = composeBlank(planned)
  const length = content.version === 'v2' ? 0 : content.pieceCount * SHA1
  // Instead of the digit 0, the length of an empty string
  const digits = `${length}`.length - 1
  return lengthOf(blank) + length + digits + measureLayers(content)
}

/**
 * Returns the size of a planned .torrent in bytes if that is more than `most`, else null. Encodes
 * very many files only if it may be more.
 */
export function sizeBeyond(most: number, { request, content }: Planned): number | null {
  const rest = content.isDirectory ? { ...content, files: FileColumns.of([]) } : content
  const besideFiles = measureTorrent({ request, content: rest }) + measureLayers(content)
  if (besideFiles + boundFiles(content) <= most) return null
  const size = measureTorrent({ request, content })
  return size > most ? size : null
}

/** Returns the reasons why clients will refuse a planned torrent, with advice. */
export function refusalsOf(plan: Planned): string[] {
  // An item has at least one byte
  const size = sizeBeyond(REFUSALS['too-many-items'].most, plan) ?? 0
  const parts = size === 0 ? [] : composeBlank(plan)
  const values = [
    ['piece-length-refused', plan.content.pieceLength],
    ['huge-torrent', size],
    ['too-many-items', parts.reduce((sum, part) => sum + countItems(part), 0)],
  ] as const
  return values.flatMap(([code, value]) => {
    return refusal(code, value).map((why) => `${why}; ${REFUSALS[code].advice}`)
  })
}

/** Returns how many bytes longer `piece layers` is than an empty dictionary. */
function measureLayers(content: Content): number {
  if (content.version === 'v1') return 0
  let total = 0
  for (const { pieceCount } of alignedFiles(content)) {
    const layer = pieceCount * SHA256
    if (pieceCount > 1) total += `${SHA256}:`.length + SHA256 + `${layer}:`.length + layer
  }
  return total
}

/** The values of a torrent that come from its content. */
export type HashedTorrent = Pick<WrittenTorrent, 'core' | 'bytesHashed'>

/**
 * Obtains the digests of a torrent's content.
 * @throws BtkitError as obtainInfo
 */
export async function hashTorrent(
  { content, request }: TorrentPlan,
  hashContext: HashContext,
): Promise<HashedTorrent> {
  const wanted = new InfoRequest(content, request, hashContext.cacheAccess.trust)
  const { bytesHashed, info, pieceLayers } = await obtainInfo(wanted, hashContext)
  return { core: { info, pieceLayers }, bytesHashed }
}

/**
 * Makes a torrent from the result of another one of the same content. Reads nothing.
 * @throws BtkitError as writeAtomically does
 */
export function makeVariant(
  plan: TorrentPlan,
  made: HashedTorrent,
  write?: Write,
): Promise<WrittenTorrent> {
  const { sourceTag, extraKeys } = plan.request
  const changes = new Map<string, Uint8Array | null>()
  for (const [key, value] of extraKeys ?? []) changes.set(key, encodeBencode(value))
  changes.set('source', sourceTag === null ? null : encodeBencode(Buffer.from(sourceTag)))
  const { info: bytes } = made.core
  const { spans } = checkBencode(bytes, { maxSize: bytes.length, maxDepth: DEFAULT_MAX_DEPTH })
  const info = spliceDict({ bytes, spans }, changes)
  return writeTorrent(plan, { core: { ...made.core, info }, bytesHashed: 0 }, write)
}

/** Writes a file as writeAtomically does. */
export type Write = (...file: Parameters<typeof writeAtomically>) => Promise<unknown>

/**
 * Writes a torrent, if it is requested, from its encoded content.
 * @throws BtkitError as writeAtomically does
 */
export async function writeTorrent(
  { request, content, target }: TorrentPlan,
  { core, bytesHashed }: HashedTorrent,
  write: Write = writeAtomically,
): Promise<WrittenTorrent> {
  const parts = composeTorrent(request, content, core)
  const { torrent, keepsInfoHash } = request
  const hashes = infoHashesOf(core.info, content.version)
  if (torrent !== null) {
    const options = writeOptions(request, target)
    const checkReplaceable = (path: string) => {
      target.checkSame(path, hashes)
    }
    const [only] = parts
    const bytes = only && parts.length === 1 ? only : parts
    const rules = keepsInfoHash ? { ...options, checkReplaceable } : options
    await inField('output', () => write(torrent, bytes, rules))
  }
  return { parts, size: lengthOf(parts), core, ...hashes, bytesHashed }
}

function writeOptions({ write, force }: MakeRequest, target: ReplacedTorrent): WriteOptions {
  const checkReplaceable = (path: string) => {
    target.check(path)
  }
  return force ? write : { ...write, checkReplaceable }
}

/** Encodes a torrent from its encoded content. */
function composeTorrent(
  { parts, creationDate }: Pick<MakeRequest, 'parts' | 'creationDate'>,
  content: Content,
  core: TorrentCore,
): Uint8Array[] {
  const dated = { ...parts, creationDate: settleDate(creationDate, content) }
  // To divide very many small ones would take most of the time
  return core.info.length < LONG ? [buildTorrent(dated, core)] : buildInParts(dated, core, LONG)
}

/** Bytes of a value from which on it is not copied. */
const LONG = 1024 * 1024

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

/**
 * Returns the creation date in seconds since 1970. The date of a directory is that of its newest
 * file.
 */
export function settleDate(date: CreationDate, { files }: Content): number | null {
  if (date !== 'mtime') return date
  let newest = files.at(0)?.fingerprint.mtimeNs ?? 0n
  for (const { fingerprint } of files) {
    if (fingerprint.mtimeNs > newest) newest = fingerprint.mtimeNs
  }
  return creationDateOf(newest)
}

export type CommonRequest = Omit<MakeRequest, 'source' | 'name' | 'torrent'>
