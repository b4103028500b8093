import { isSameBytes } from '../../../base/bytes.js'
import { doAtOnce } from '../../../base/steps.js'
import { FileColumns } from '../../../disk/file-lists/columns.js'
import { padFile, type ScannedFile } from '../../../disk/file-lists/scanned-file.js'
import { checkTarget } from '../../../disk/write/atomically.js'
import type { TorrentCore } from '../../../metainfo/build/torrent.js'
import { otherEntries } from '../../../metainfo/edit/splice-torrent.js'
import { readTrackers } from '../../../metainfo/edit/trackers.js'
import { infoBytes, type Metainfo } from '../../../metainfo/metainfo.js'
import { MADE_INFO_KEYS } from '../../../metainfo/other-keys.js'
import { MAX_PIECE_POW2 } from '../../../metainfo/piece-length.js'
import { SHA1 } from '../../../metainfo/sizes.js'
import type { TorrentDigests } from '../../../disk/state/torrent-log.js'
import { cutIntoPieces, type Content } from '../../digests/content.js'
import { alignedFiles, rootOf } from '../../digests/file-trees.js'
import { hashContent, type HashedContent } from '../../digests/hash-content.js'
import {
  composeCore,
  obtainInfo,
  recallInfo,
  type InfoOptions,
  type InfoRequest,
} from '../../digests/info.js'
import { withoutPads } from '../../digests/pad-files.js'
import type { ContentDigests } from '../../digests/piece-table.js'
import { recallPieces } from '../../digests/recall-pieces.js'
import type { InfoRule } from '../report.js'
import type { CompleteRequest } from '../request.js'
import { NOTHING, type ExistingFile, type Undecided } from '../target/own-file.js'
import type { TargetDirectory } from '../target/targets.js'
import { digestKeys, digestTorrent, valuesOf, type WantedValues } from './existing.js'
import { encodedKeys, infoInputOf, isOwnCreator } from './unchanged.js'

/** An entry whose torrent is missing or may be outdated, and what was read to decide about it. */
export interface UndecidedTorrent {
  readonly own: Undecided
  readonly infoRequest: InfoRequest
  bytesHashed: number
}

/**
 * Obtains the data of a torrent, and reads content that is not known. Null if a dry run would have
 * to read it.
 * @throws BtkitError if the content cannot be read or the torrent could not be written
 */
export async function obtain(entry: UndecidedTorrent): Promise<TorrentCore | null> {
  const { infoRequest, own } = entry
  const { hashContext, request } = own.run
  const { cache } = hashContext.cacheAccess
  if (request.dryRun) {
    const recalled = doAtOnce(recallInfo(infoRequest, hashContext.cacheAccess))
    return 'info' in recalled ? recalled : null
  }
  checkPlace(own)
  const core = await obtainInfo(infoRequest, hashContext)
  noteRead(entry, core)
  // Changed files never become the same again, so their `info` is of no more use
  const old = own.record && infoInputOf(own.record.input)
  if (old && infoRequest.content.isDirectory && !isSameBytes(old, infoRequest.input))
    for (const kind of ['info', 'layers'] as const) cache.remove(kind, old)
  return core
}

/** Notes what was read for an entry. Only settled content counts as the input of its torrent. */
function noteRead(
  entry: UndecidedTorrent,
  { bytesHashed, isSettled }: Pick<HashedContent, 'bytesHashed' | 'isSettled'>,
): void {
  entry.bytesHashed = bytesHashed
  if (!isSettled) entry.own.input = NOTHING
}

/** The directories in which a file could be created. */
const writable = new WeakSet<TargetDirectory>()

/**
 * Checks, before hours of hashing, that torrents and lists can be written: by the first of each
 * target, and by the writes that ended.
 */
export function checkPlace({ place, target, run: { disks, hashContext } }: Undecided): void {
  for (const each of [hashContext.state.directory, target.directory.at()]) disks.check(each)
  if (writable.has(target)) return
  checkTarget(place, {})
  writable.add(target)
}

/**
 * Compares the pieces of an existing torrent with the content, which is arranged as in the torrent.
 * Reads only pieces that the cache does not know, and none unless it may. Returns the torrent's own
 * `info` with its layers; `unread` if it would have to read content.
 * @throws BtkitError if the content cannot be read, or the torrent could not be written
 */
export async function compareContent(
  entry: UndecidedTorrent,
  metainfo: Metainfo,
  laidOut: Content,
  mayRead = true,
): Promise<TorrentCore | 'other' | 'unread'> {
  const { request, hashContext } = entry.own.run
  const table = recallPieces(laidOut, hashContext.cacheAccess)
  const isKnown = !table.isKnown.includes(0)
  if (!isKnown && (!mayRead || request.dryRun)) return 'unread'
  if (!request.dryRun && mayRead) checkPlace(entry.own)
  const hashed = isKnown ? table : await hashContent(laidOut, hashContext, table)
  if ('isSettled' in hashed) noteRead(entry, hashed)
  if (!isSame(metainfo, laidOut, hashed)) return 'other'
  const info = infoBytes(metainfo)
  if (laidOut.version === 'v1') return { info, pieceLayers: null }
  const { pieceLayers } = composeCore(laidOut, request.common, hashed)
  return { info, pieceLayers }
}

function isSame(metainfo: Metainfo, laidOut: Content, { digests, trees }: ContentDigests): boolean {
  if (metainfo.pieces && !isSameBytes(metainfo.pieces, digests)) return false
  if (!trees) return true
  const roots = new Map(
    metainfo.tree?.map(({ file, piecesRoot }) => [file.path.join('/'), piecesRoot]),
  )
  for (const { number } of alignedFiles(laidOut)) {
    const root = roots.get(laidOut.files.pathAt(number).join('/'))
    if (!root || !isSameBytes(root, rootOf(trees, number))) return false
  }
  return true
}

/**
 * Whether a torrent may belong to some content, judging by the file sizes. Names are not compared,
 * because other programs may encode them differently. Empty files and entries that the content
 * leaves out (such as hidden ones) are ignored, because other programs may include them or not.
 */
export function fitsContent(metainfo: Metainfo, content: Content): boolean {
  if (metainfo.isDirectory !== content.isDirectory) return false
  const leftOut = new Set(content.skipped.map(({ path }) => path))
  const listed = metainfo.files.filter(({ path, padding }) => {
    const isBelow = (_: string, i: number) => leftOut.has(path.slice(0, i + 1).join('/'))
    return !padding && !(leftOut.size > 0 && path.some(isBelow))
  })
  const sizes = sortedSizes(listed.map(({ length }) => length))
  const wanted = sortedSizes([...withoutPads(content.files).sizes])
  return sizes.length === wanted.length && sizes.every((size, i) => size === wanted[i])
}

/** Why files of a torrent are left out of the content that it may belong to. */
export function reasonsOfLeftOut({ files }: Metainfo, { skipped }: Content): string[] {
  const listed = new Set(
    files.flatMap(({ path }) => path.map((_, i) => path.slice(0, i + 1).join('/'))),
  )
  return skipped.flatMap(({ path, reason }) => (listed.has(path) ? reason : []))
}

function sortedSizes(sizes: readonly number[]): number[] {
  return sizes.filter((size) => size > 0).sort((a, b) => a - b)
}

/**
 * Whether an existing `info` may be that of an entry, as far as can be known without reading
 * content.
 */
export function hasLikelyInfo(metainfo: Metainfo, { infoRequest, own }: UndecidedTorrent): boolean {
  const { content } = infoRequest
  if (metainfo.version !== content.version) return false
  const { common } = own.run.request
  // Nothing is known of Merkle trees before their files are read
  if (content.version !== 'v1')
    return otherRules(metainfo, content, common).length === 0 && layOut(metainfo, content) !== null
  const digests = metainfo.pieces
  if (digests?.length !== content.pieceCount * SHA1) return false
  const { info } = composeCore(content, common, { digests, trees: null })
  return isSameBytes(info, infoBytes(metainfo))
}

/**
 * Arranges content as a torrent lists and divides it. Null unless the torrent has exactly the
 * content's files, with the same names and sizes.
 */
export function layOut(metainfo: Metainfo, content: Content): Content | null {
  const { version, name, isDirectory, pieceLength } = metainfo
  if (name !== content.name || isDirectory !== content.isDirectory) return null
  if (pieceLength > 2 ** MAX_PIECE_POW2) return null
  const files = findFiles(metainfo, content)
  if (!files) return null
  const parts = { version, name, isDirectory, files, skipped: content.skipped }
  const cut = cutIntoPieces(version === 'v1' ? parts : { ...parts, isAligned: true }, pieceLength)
  // Other programs may put a hybrid's pad files at other places
  const arePadsAlike =
    version !== 'hybrid' ||
    (metainfo.files.length === cut.files.length &&
      metainfo.files.every(({ padding, length }, i) => {
        return padding === cut.files.isPad(i) && length === cut.files.sizeAt(i)
      }))
  const isWhole = metainfo.pieces === null || metainfo.pieces.length === cut.pieceCount * SHA1
  return isWhole && arePadsAlike ? cut : null
}

/**
 * Returns the content's files in the order of a torrent, with its pad files; null if the files
 * differ.
 */
function findFiles(metainfo: Metainfo, { files }: Content) {
  const missing = new Map(Array.from(withoutPads(files), (file) => [file.path.join('/'), file]))
  const found: ScannedFile[] = []
  for (const { path, length, padding, symlinkPath } of metainfo.files) {
    const key = path.join('/')
    const file = padding ? padFile(path, length) : missing.get(key)
    if (file?.fingerprint.size !== length) return null
    if (symlinkPath && symlinkPath.join('/') !== file.symlinkPath?.join('/')) return null
    if (!padding) missing.delete(key)
    found.push(file)
  }
  return missing.size === 0 ? FileColumns.of(found) : null
}

/**
 * Returns the digests of a foreign torrent as if btkit had written the values that the run asks to
 * change. All others count as added by the user, and are preserved: options that were not given
 * change nothing.
 */
export function digestsOfForeign(
  { bytes }: ExistingFile,
  metainfo: Metainfo,
  { beside: wanted }: WantedValues,
  { common, existing: rules }: Pick<CompleteRequest, 'common' | 'existing'>,
): TorrentDigests {
  const values = valuesOf(metainfo)
  const { announce, createdBy } = common.parts
  const { announce: before, tiers } = readTrackers(metainfo)
  const hasTracker =
    announce === null ? rules.keepTrackers : [before, ...(tiers ?? []).flat()].includes(announce)
  const isAsked = (key: string) => {
    if (key === 'creation date') return false
    if (key === 'created by') return !isOwnCreator(createdBy)
    if (key === 'announce') return !hasTracker || wanted.has('announce-list')
    if (key === 'announce-list') return wanted.has(key) || (announce === null && !hasTracker)
    return wanted.has(key)
  }
  const ours = [...values.beside].filter(([key]) => isAsked(key))
  const others = [...values.beside].filter(([key]) => !isAsked(key))
  const absent = [...wanted].filter(([key]) => !values.beside.has(key) && !isAsked(key))
  const digests = digestTorrent(bytes, { ...values, beside: new Map([...ours, ...absent]) })
  const foreign = { ...digestKeys(others), ...Object.fromEntries(absent.map(([key]) => [key, ''])) }
  return { ...digests, isAdopted: true, foreign }
}

/** Keys of `info` that follow from the content, or from a rule for that key. */
const OWN_KEYS: ReadonlySet<string> = new Set([...MADE_INFO_KEYS, 'attr'])

/** Returns the rules by which the `info` of an existing torrent would change. */
export function otherRules(metainfo: Metainfo, content: Content, options: InfoOptions): InfoRule[] {
  const listed = metainfo.files.filter(({ padding }) => !padding)
  const wanted = Array.from(withoutPads(content.files), ({ path, attributes }) => {
    return { path, attr: attributes }
  })
  const further = otherEntries(metainfo, OWN_KEYS)
  const [before, now] = [listingOf(listed), listingOf(wanted)]
  const isOther: Record<InfoRule, boolean> = {
    'piece length': metainfo.pieceLength !== content.pieceLength,
    version: metainfo.version !== content.version,
    'private flag': metainfo.private !== options.private,
    'source tag': metainfo.source !== options.sourceTag,
    // Torrents of version 2 list no pad files
    'pad files':
      metainfo.version === content.version &&
      metainfo.version !== 'v2' &&
      listed.length < metainfo.files.length !== wanted.length < content.files.length,
    'file order': before.order !== now.order,
    'file attributes': before.attributes !== now.attributes,
    'further keys': encodedKeys(further) !== encodedKeys(options.extraKeys),
  }
  return (Object.keys(isOther) as InfoRule[]).filter((rule) => isOther[rule])
}

/** The paths of files in their order, and of those with attributes (BEP 47) in any. */
function listingOf(
  files: readonly { readonly path: readonly string[]; readonly attr?: string | undefined }[],
) {
  const marked = files.filter(({ attr }) => attr)
  return {
    order: files.map(({ path }) => path.join('/')).join('\n'),
    attributes: marked
      .map(({ path, attr = '' }) => `${path.join('/')}\0${attr}`)
      .sort()
      .join('\n'),
  }
}
