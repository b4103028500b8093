import { isSameBytes } from '../../bytes.js'
import { joinTorrent } from '../../metainfo/build/torrent.js'
import type { KeyDigests } from '../../state/torrent-log.js'
import { checkPieces, digestsOfForeign, isKnownOther } from './adoption.js'
import { layOut, fitsContent, hasLikelyInfo } from './compare-layout.js'
import {
  digestTorrent,
  hasBadLayers,
  isEmptyFile,
  recognize,
  refreshTorrent,
  valuesOf,
  type CompleteDigests,
  type ExistingTorrent,
} from './existing-torrent.js'
import { isRemakeAsked, otherRules } from './info-rules.js'
import { joinAnnounce } from './moved-trackers.js'
import {
  adopt,
  keep,
  obtain,
  obtained,
  skip,
  unread,
  write,
  writeUnread,
  type Obtained,
  type TorrentDecision,
  type UndecidedTorrent,
} from './torrent-decision.js'
import { noteKept } from './complete-report.js'
import { isSame, likeExisting, TRACKER_KEYS, wantedValues } from './wanted-values.js'

/**
 * Decides about the torrent of an entry, and computes the digests for that. A torrent of btkit is
 * updated, except for values that somebody edited. A foreign torrent is adopted if it is exactly
 * what btkit would write.
 * @throws BtkitError if the content cannot be read or the torrent could not be written
 */
export function decideTorrent(entry: UndecidedTorrent): Promise<TorrentDecision> {
  const { existing, run } = entry
  // In large directories most torrents are new, and an async function needs more memory
  if (!existing || (run.request.force && !isAsAdopted(entry, existing))) {
    return obtain(entry).then(replace)
  }
  return decideExisting(entry, existing)
}

/**
 * Whether a torrent is unchanged since it was adopted. Then it keeps its info hash even with
 * `force`.
 */
function isAsAdopted({ record }: UndecidedTorrent, { digest }: ExistingTorrent): boolean {
  return record?.written.isAdopted === true && isSameBytes(record.written.file, digest)
}

async function decideExisting(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
): Promise<TorrentDecision> {
  const { record, source, input } = entry
  if (!record) return takeOver(entry, existing)
  if (isEmptyFile(existing)) return replace(await obtain(entry))
  const origin = recognize(existing, record)
  if (!origin) return takeBack(entry, existing, record.written.keys ?? {})
  const isCurrent = record.source === source && isSameBytes(record.input, input)
  if (isCurrent && !hasBadLayers(existing)) return keep(unread(entry), existing, origin)
  const kept = await keepInfo(entry, existing, origin)
  return kept ?? refresh(await obtain(entry), existing, { ...origin, keeps: [] })
}

/** Writes a torrent whatever exists at its path, unless that is identical. */
function replace(entry: Obtained): TorrentDecision {
  const { core, existing, record } = entry
  if (!core) return writeUnread(entry)
  if (existing && isSame(entry, existing, core)) {
    return keep(entry, existing, digestTorrent(existing.bytes, likeExisting(entry, existing, core)))
  }
  const wanted = wantedValues(entry, core)
  const origin = existing && record ? recognize(existing, record) : null
  const bytes = joinTorrent(wanted.beside, core)
  const replaced = existing && origin ? { ...origin, file: existing.digest } : null
  return write(entry, { core, bytes, written: digestTorrent(bytes, wanted), replaced })
}

/**
 * Adopts a foreign torrent if it is exactly what btkit would write. With `adopt` it only needs to
 * match the content.
 */
async function takeOver(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
): Promise<TorrentDecision> {
  if (!looksAlike(entry, existing)) return adoptForeign(entry, existing)
  const own = await obtain(entry)
  const { core } = own
  if (!core) return skip(own, 'content not read')
  if (!isSame(entry, existing, core)) return skip(own, 'outdated')
  return keep(own, existing, digestTorrent(existing.bytes, likeExisting(entry, existing, core)))
}

/** Adopts a foreign torrent of the same content with its own `info`, if requested. */
async function adoptForeign(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
): Promise<TorrentDecision> {
  const { content, run } = entry
  const { metainfo } = existing
  if (!metainfo) return skip(unread(entry), 'foreign')
  const laidOut = layOut(metainfo, content)
  if (!laidOut) return skip(unread(entry), fitsContent(metainfo, content) ? 'foreign' : 'outdated')
  if (!run.request.adopt) {
    const reason = isKnownOther(entry, metainfo, laidOut) ? 'outdated' : 'foreign'
    return skip(unread(entry), reason, metainfo.pieceLength)
  }
  const check = await checkPieces(entry, metainfo, laidOut)
  const { bytesHashed } = check
  if (check.kind === 'unread') return adopt(writeUnread(unread(entry)), existing)
  if (check.kind === 'other') return skip({ content, bytesHashed }, 'outdated')
  const own = obtained(entry, check.core, check)
  const origin = digestsOfForeign(existing, metainfo, wantedValues(own, check.core))
  return adopt(refresh(own, existing, origin), existing)
}

/**
 * Updates a torrent and keeps its `info`, if the current rules would change it but nobody requested
 * that. Null if the content changed, or the torrent must be remade.
 */
async function keepInfo(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
  origin: CompleteDigests,
): Promise<TorrentDecision | null> {
  const { metainfo } = existing
  const rules = metainfo ? otherRules(metainfo, entry.content, entry.run.request.common) : []
  const { isAdopted } = origin
  const { report, request } = entry.run
  const isAsked = isAdopted ? request.existing.remake : isRemakeAsked(rules, request.existing)
  if (!metainfo || isAsked || (rules.length === 0 && !isAdopted)) return null
  const laidOut = layOut(metainfo, entry.content)
  if (!laidOut) return null
  const check = await checkPieces(entry, metainfo, laidOut)
  if (check.kind === 'unread') return writeUnread(unread(entry))
  if (check.kind === 'other') return null
  if (!isAdopted) noteKept(report, rules, origin.keeps)
  return refresh(obtained(entry, check.core, check), existing, { ...origin, keeps: rules })
}

/**
 * Adopts a torrent whose `info` differs from the recorded one but matches the current content: both
 * may come from a backup. `keys` are the digests of the recorded values.
 */
async function takeBack(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
  keys: KeyDigests,
): Promise<TorrentDecision> {
  const { metainfo, digest: file } = existing
  if (!metainfo || !hasLikelyInfo(metainfo, entry)) return skip(unread(entry), 'edited')
  const own = await obtain(entry)
  const { core } = own
  if (!core) return skip(own, 'content not read')
  const { info } = valuesOf(metainfo)
  if (!isSameBytes(info, core.info)) return skip(own, 'edited')
  return refresh(own, existing, { file, info, keys })
}

/** Updates a torrent of btkit, and preserves edits outside `info`. */
function refresh(
  entry: Obtained,
  existing: ExistingTorrent,
  origin: CompleteDigests,
): TorrentDecision {
  const { core } = entry
  const { metainfo } = existing
  if (!core || !metainfo) return writeUnread(entry)
  const isSameInfo = isSameBytes(core.info, valuesOf(metainfo).info)
  const values = wantedValues(entry, core)
  const wanted = { ...values, beside: joinAnnounce(metainfo, values.beside, origin.keys) }
  const bytes = refreshTorrent(metainfo, wanted, origin.keys)
  const { keepTrackers } = entry.run.request.existing
  const fresh = digestTorrent(bytes, wanted)
  // Edited trackers still count as edited after this run
  const keys = keepTrackers ? withKeysOf(fresh.keys, TRACKER_KEYS, origin.keys) : fresh.keys
  const digests = { ...fresh, keys }
  const { isAdopted, keeps } = origin
  const written = isSameInfo ? { ...digests, isAdopted, keeps } : digests
  if (bytes === metainfo.bytes) {
    const kept = withKeysOf(written.keys, wanted.incidental, origin.keys)
    return keep(entry, existing, { ...written, keys: kept })
  }
  const replaced = { ...origin, file: existing.digest }
  return write(entry, { core, bytes, written, replaced })
}

/** Returns the digests of keys; those in `kept` come from `before`. */
function withKeysOf(keys: KeyDigests, kept: readonly string[], before: KeyDigests): KeyDigests {
  const others = Object.entries(keys).filter(([key]) => !kept.includes(key))
  const old = Object.entries(before).filter(([key]) => kept.includes(key))
  return Object.fromEntries([...others, ...old])
}

/** Whether a torrent may be that of an entry, as far as can be known without reading content. */
function looksAlike(entry: UndecidedTorrent, existing: ExistingTorrent): boolean {
  const { metainfo } = existing
  const isLikely = metainfo !== null && hasLikelyInfo(metainfo, entry)
  return isLikely && isSame(entry, existing, valuesOf(metainfo))
}
