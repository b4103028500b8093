import { isSameBytes } from '../../../base/bytes.js'
import { trace } from '../../../base/text/trace.js'
import { shownPath } from '../../../disk/write/directory.js'
import { joinTorrent, encodeParts, type TorrentCore } from '../../../metainfo/build/torrent.js'
import { encodedValue } from '../../../metainfo/edit/splice-torrent.js'
import { infoBytes, infoHashesOf } from '../../../metainfo/metainfo.js'
import type { KeyDigests, TorrentDigests } from '../../../disk/state/torrent-log.js'
import { settleDate, type CommonRequest } from '../../make/make-torrent.js'
import {
  digestsOfForeign,
  fitsContent,
  reasonsOfLeftOut,
  hasLikelyInfo,
  layOut,
  otherRules,
  compareContent,
  obtain,
  type UndecidedTorrent,
} from './compare.js'
import {
  digestTorrent,
  isEmptyFile,
  joinAnnounce,
  recognize,
  refreshTorrent,
  valuesOf,
  type TorrentValues,
  type WantedValues,
} from './existing.js'
import {
  keep,
  skip,
  writeUnread,
  type Act,
  type FileDecision,
  type ExistingFile,
} from '../target/own-file.js'
import { isSameCreator } from './unchanged.js'

/**
 * Decides about the torrent of an entry, and computes the digests for that. A torrent of btkit is
 * updated, except for values that somebody edited. A foreign torrent is adopted if it is exactly
 * what btkit would write.
 * @throws BtkitError if the content cannot be read or the torrent could not be written
 */
export async function decideTorrent(entry: UndecidedTorrent): Promise<FileDecision> {
  const { own } = entry
  const { existing, record } = own
  // An adopted torrent that is unchanged since then keeps its info hash even with `force`
  const isAsAdopted =
    record?.written.isAdopted === true && isSameBytes(record.written.file, existing?.digest ?? null)
  const isReplaced = own.run.request.force && !isAsAdopted
  if (!existing || isReplaced) return replace(entry, await obtain(entry))
  if (!record) return takeOver(entry, existing)
  if (isEmptyFile(existing)) return replace(entry, await obtain(entry))
  const origin = recognize(existing, record)
  if (!origin) return takeBack(entry, existing, record.written.keys ?? {})
  const isCurrent = record.source === own.source && isSameBytes(record.input, own.input)
  // Whoever changed them
  const hasBadLayers = existing.metainfo?.warnings.some(({ code }) => code.startsWith('layer-'))
  if (isCurrent && !hasBadLayers) return keep(own, origin)
  const kept = await keepInfo(entry, existing, origin)
  return kept ?? refresh(entry, await obtain(entry), { ...origin, keeps: [] })
}

/** Writes a torrent whatever exists at its path, unless that is identical. */
function replace(entry: UndecidedTorrent, core: TorrentCore | null): FileDecision {
  const { own } = entry
  const { existing, record } = own
  if (!core) return writeUnread(own)
  const kept = existing && keepAlike(entry, existing, core)
  if (kept) return kept
  const wanted = wantedValues(entry, core)
  const origin = existing && record ? recognize(existing, record) : null
  const bytes = joinTorrent(wanted.beside, core)
  const replaced = existing && origin ? { ...origin, file: existing.digest } : null
  return write(entry, core, { bytes, written: digestTorrent(bytes, wanted), replaced })
}

function write(
  { own, infoRequest }: UndecidedTorrent,
  { info }: TorrentCore,
  { bytes, written, replaced }: Omit<Act, 'own'>,
): FileDecision {
  const { metainfo } = own.existing ?? {}
  // An `info` that is kept may have another version than the run would choose
  const isKept = metainfo && isSameBytes(info, infoBytes(metainfo))
  const hashes = isKept ? metainfo : infoHashesOf(info, infoRequest.content.version)
  const act = { own, bytes, written, replaced }
  return { kind: 'write', existing: own.existing, hashes, act }
}

/**
 * Adopts a foreign torrent if it is exactly what btkit would write. With `adopt` it only needs to
 * match the content.
 */
async function takeOver(entry: UndecidedTorrent, existing: ExistingFile): Promise<FileDecision> {
  const { metainfo } = existing
  // As far as can be known without reading content
  const isLikely =
    metainfo !== null &&
    hasLikelyInfo(metainfo, entry) &&
    likeValues(entry, existing, valuesOf(metainfo)) !== null
  if (!isLikely) return adoptForeign(entry, existing)
  const core = await obtain(entry)
  if (!core) return skip('content not read')
  return keepAlike(entry, existing, core) ?? skip('outdated')
}

/** Adopts a foreign torrent of the same content with its own `info`, if requested. */
async function adoptForeign(
  entry: UndecidedTorrent,
  existing: ExistingFile,
): Promise<FileDecision> {
  const { content } = entry.infoRequest
  const { request } = entry.own.run
  const { metainfo } = existing
  if (!metainfo) return skip('foreign')
  const laidOut = layOut(metainfo, content)
  if (!laidOut) {
    if (!fitsContent(metainfo, content)) return skip('outdated')
    const [leftOut] = reasonsOfLeftOut(metainfo, content)
    return { ...skip('foreign'), ...(leftOut !== undefined && { leftOut }) }
  }
  const { adopt } = request
  const core = await compareContent(entry, metainfo, laidOut, adopt)
  if (!adopt) return skip(core === 'other' ? 'outdated' : 'foreign', metainfo.pieceLength)
  if (core === 'other') return skip('outdated')
  // Changes beside the content are known even if the content must be read
  const own = core === 'unread' ? valuesOf(metainfo) : core
  const wanted = wantedValues(entry, own)
  const origin = digestsOfForeign(existing, metainfo, wanted, request)
  const decision = refresh(entry, own, origin)
  const act = decision.kind === 'write' ? decision.act : null
  const hashes = core === 'unread' ? null : metainfo
  return { kind: 'write', existing, hashes, act, isAdopted: true }
}

/**
 * Updates a torrent and keeps its `info`, if the current rules would change it but nobody requested
 * that. Null if the content changed, or the torrent must be remade.
 */
async function keepInfo(
  entry: UndecidedTorrent,
  existing: ExistingFile,
  origin: TorrentDigests,
): Promise<FileDecision | null> {
  const { metainfo } = existing
  const { isAdopted } = origin
  const { content } = entry.infoRequest
  const { report, request } = entry.own.run
  const rules = metainfo ? otherRules(metainfo, content, request.common) : []
  const { remake, asked } = request.existing
  const isAsked = remake || (!isAdopted && rules.some((rule) => asked.includes(rule)))
  if (!metainfo || isAsked || (rules.length === 0 && !isAdopted)) return null
  const laidOut = layOut(metainfo, content)
  if (!laidOut) return null
  const core = await compareContent(entry, metainfo, laidOut)
  if (core === 'unread') return writeUnread(entry.own)
  if (core === 'other') return null
  trace(
    () =>
      `${shownPath(entry.own.place)}: its info is kept, although another ${rules.join(', ')} was asked`,
  )
  const newRules = isAdopted ? [] : rules.filter((rule) => !origin.keeps?.includes(rule))
  for (const rule of newRules) report.kept[rule] = (report.kept[rule] ?? 0) + 1
  return refresh(entry, core, { ...origin, keeps: rules })
}

/**
 * Adopts a torrent whose `info` differs from the recorded one but matches the current content: both
 * may come from a backup. `keys` are the digests of the recorded values.
 */
async function takeBack(
  entry: UndecidedTorrent,
  existing: ExistingFile,
  keys: KeyDigests,
): Promise<FileDecision> {
  const { metainfo, digest: file } = existing
  if (!metainfo || !hasLikelyInfo(metainfo, entry)) return skip('edited')
  const core = await obtain(entry)
  if (!core) return skip('content not read')
  const info = infoBytes(metainfo)
  if (!isSameBytes(info, core.info)) return skip('edited')
  return refresh(entry, core, { file, info, keys })
}

/** Updates a torrent of btkit, and preserves edits outside `info`. */
function refresh(
  entry: UndecidedTorrent,
  core: TorrentCore | null,
  origin: TorrentDigests,
): FileDecision {
  const { existing, run } = entry.own
  if (!core || !existing?.metainfo) return writeUnread(entry.own)
  const { metainfo } = existing
  const isSameInfo = isSameBytes(core.info, infoBytes(metainfo))
  const values = wantedValues(entry, core)
  const before = origin.keys ?? {}
  const wanted = { ...values, beside: joinAnnounce(metainfo, values.beside, before) }
  const bytes = refreshTorrent(metainfo, wanted, before)
  const { keepTrackers } = run.request.existing
  const fresh = digestTorrent(bytes, wanted)
  // Edited trackers still count as edited after this run
  const keys = withKeysOf(fresh.keys, keepTrackers ? TRACKER_KEYS : [], before)
  const { isAdopted, keeps, foreign } = origin
  const written = { ...fresh, keys, foreign, ...(isSameInfo && { isAdopted, keeps }) }
  if (bytes === metainfo.bytes) {
    return keep(entry.own, { ...written, keys: withKeysOf(keys, wanted.incidental, before) })
  }
  return write(entry, core, { bytes, written, replaced: { ...origin, file: existing.digest } })
}

/** Returns the digests of keys; those in `kept` come from `before`. */
function withKeysOf(keys: KeyDigests, kept: readonly string[], before: KeyDigests): KeyDigests {
  const others = Object.entries(keys).filter(([key]) => !kept.includes(key))
  const old = Object.entries(before).filter(([key]) => kept.includes(key))
  return Object.fromEntries([...others, ...old])
}

/** Keeps an existing torrent if it differs at most in its date from one with this content. */
function keepAlike(
  entry: UndecidedTorrent,
  existing: ExistingFile,
  core: TorrentCore,
): FileDecision | null {
  const values = likeValues(entry, existing, core)
  return values && keep(entry.own, digestTorrent(existing.bytes, values))
}

/** Returns the values of such a torrent; null for others. */
function likeValues(
  { own }: UndecidedTorrent,
  { bytes, metainfo }: ExistingFile,
  core: TorrentCore,
): TorrentValues | null {
  const { parts } = own.run.request.common
  const { createdBy = null, creationDate = null } = metainfo ?? {}
  const isSameBtkit = isSameCreator(createdBy, parts.createdBy)
  const creator = isSameBtkit ? createdBy : parts.createdBy
  const beside = encodeParts({ ...parts, createdBy: creator, creationDate })
  return isSameBytes(bytes, joinTorrent(beside, core)) ? { ...core, beside } : null
}

/** The keys that a run without a tracker keeps. */
const TRACKER_KEYS = ['announce', 'announce-list']

/**
 * Returns the wanted parts of a torrent, with the existing trackers if the run keeps them. Changes
 * of only the date or btkit's version are not a reason to write it.
 */
function wantedValues(entry: UndecidedTorrent, { info, pieceLayers }: TorrentCore): WantedValues {
  const { existing, run } = entry.own
  const { common, existing: rules } = run.request
  const { metainfo } = existing ?? {}
  const isSameBtkit = isSameCreator(metainfo?.createdBy ?? null, common.parts.createdBy)
  const incidental = isSameBtkit ? ['creation date', 'created by'] : ['creation date']
  const beside = new Map(besideOf(entry))
  for (const key of rules.keepTrackers ? TRACKER_KEYS : []) {
    const value = metainfo && encodedValue(metainfo, key)
    if (value) beside.set(key, value)
  }
  return { info, pieceLayers, beside, incidental }
}

/** Encoded values by key, as encodeParts returns them. */
type Beside = ReadonlyMap<string, Uint8Array>

/**
 * Returns the encoded values outside a torrent's `info`. Torrents of a run with the same date share
 * one map: encoding it for each of very many torrents would take as long as reading a small file.
 */
function besideOf({ own, infoRequest }: UndecidedTorrent): Beside {
  const { parts, creationDate } = own.run.request.common
  const date = settleDate(creationDate, infoRequest.content)
  const last = lastOf.get(parts)
  if (last?.date === date) return last.beside
  const beside = encodeParts({ ...parts, creationDate: date })
  lastOf.set(parts, { date, beside })
  return beside
}

const lastOf = new WeakMap<CommonRequest['parts'], { date: number | null; beside: Beside }>()
