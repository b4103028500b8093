import { checkTarget } from '../../files/write/check-target.js'
import {
  buildTorrent,
  encodeParts,
  joinTorrent,
  type TorrentCore,
  type TorrentParts,
} from '../../metainfo/build/torrent.js'
import type { KeyDigests } from '../../state/torrents/record.js'
import { obtainInfo, recallInfo } from '../digests/info.js'
import { besideOf } from './beside.js'
import {
  digestTorrent,
  hasBadLayers,
  isEmptyFile,
  isEqual,
  recognize,
  refreshTorrent,
  valuesOf,
  type CompleteDigests,
  type ExistingTorrent,
  type WantedValues,
} from './existing-torrent.js'
import { fitsContent } from './fits-content.js'
import { hasLikelyInfo } from './likely-info.js'
import { joinAnnounce } from './moved-trackers.js'
import { requireSameSource } from './same-source.js'
import {
  keep,
  skip,
  write,
  writeUnread,
  type Obtained,
  type TorrentDecision,
  type UndecidedTorrent,
} from './torrent-decision.js'
import type { TargetDirectory } from './targets.js'
import { infoInputOf, isSameCreator } from './unchanged.js'

/**
 * Decides what becomes of the torrent of an entry, and obtains the digests that takes. One that
 * btkit wrote is brought up to date, but for the values that somebody edited; one that it did not
 * write is taken over when it is just what it would write.
 * @throws BtkitError when the content can't be read or the torrent could not be written
 */
export function decideTorrent(entry: UndecidedTorrent): Promise<TorrentDecision> {
  const { existing, run } = entry
  // Most are new where there are very many, and an asynchronous function takes more memory
  if (!existing || run.request.force) return obtain(entry).then(replace)
  return decideExisting(entry, existing)
}

async function decideExisting(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
): Promise<TorrentDecision> {
  const { record, source, input } = entry
  if (!record) return adopt(entry, existing)
  if (isEmptyFile(existing)) return replace(await obtain(entry))
  const origin = recognize(existing, record)
  if (!origin) {
    const isOfOldVersion = existing.metainfo !== null && record.written.info === null
    return isOfOldVersion
      ? keepEdited(await obtain(entry), existing)
      : takeBack(entry, existing, record.written.keys ?? {})
  }
  const isCurrent = record.source === source && isEqual(record.input, input)
  if (isCurrent && !hasBadLayers(existing)) return keep(unread(entry), existing, origin)
  return refresh(await obtain(entry), existing, origin)
}

function obtain(entry: UndecidedTorrent): Promise<Obtained> {
  const { infoRequest, run } = entry
  const { hashContext, request } = run
  if (request.dryRun) {
    const recalled = recallInfo(infoRequest, hashContext.cacheAccess)
    return Promise.resolve(withCore(entry, 'info' in recalled ? recalled : null, 0))
  }
  checkPlace(entry)
  return obtainInfo(infoRequest, hashContext).then((core) => {
    const { bytesHashed, isSettled } = core
    forgetOldInfo(entry)
    const obtained = withCore(entry, core, bytesHashed)
    return isSettled ? obtained : { ...obtained, input: NOTHING }
  })
}

/** Files of a directory that changed are never again what they were: its old `info` is of no use. */
function forgetOldInfo({ record, infoRequest, run }: UndecidedTorrent): void {
  const old = record && infoInputOf(record.input)
  if (!old || !infoRequest.content.isDirectory || isEqual(old, infoRequest.input)) return
  run.hashContext.cacheAccess.cache.forgetInfo(old)
}

/** The directories in which a file could be made. */
const writable = new WeakSet<TargetDirectory>()

/** Finds out, before hours of hashing, that a torrent could not be written in the end. */
function checkPlace({ path, existing, target }: UndecidedTorrent): void {
  if (!existing && writable.has(target)) return
  checkTarget(path, {})
  if (!existing) writable.add(target)
}

function unread(entry: UndecidedTorrent): Obtained {
  return withCore(entry, null, 0)
}

/** Spelled out, as there may be very many, and copying an object costs several times as much. */
function withCore(
  entry: UndecidedTorrent,
  core: TorrentCore | null,
  bytesHashed: number,
): Obtained {
  const { target, file, path, source, input, run, record, existing, content, infoRequest } = entry
  return {
    target,
    file,
    path,
    source,
    input,
    run,
    record,
    existing,
    content,
    infoRequest,
    core,
    bytesHashed,
  }
}

const NOTHING = new Uint8Array(0)

/** Writes a torrent whatever stands there, unless that is just the same. */
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

/** Takes over a torrent that btkit did not write, when it is just what it would write. */
async function adopt(entry: UndecidedTorrent, existing: ExistingTorrent): Promise<TorrentDecision> {
  if (!looksAlike(entry, existing)) {
    const { metainfo } = existing
    const isOutdated = metainfo !== null && !fitsContent(metainfo, entry.content)
    return skip(unread(entry), isOutdated ? 'outdated' : 'foreign')
  }
  const obtained = await obtain(entry)
  const { core } = obtained
  if (!core) return skip(obtained, 'content not read')
  if (!isSame(entry, existing, core)) return skip(obtained, 'foreign')
  return keep(
    obtained,
    existing,
    digestTorrent(existing.bytes, likeExisting(entry, existing, core)),
  )
}

/**
 * Takes over a torrent whose `info` is another than that of the last one, when it is that of the
 * content as it is: both may come from a backup. `keys` are of the values that the last one was given.
 */
async function takeBack(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
  keys: KeyDigests,
): Promise<TorrentDecision> {
  const { metainfo, digest: file } = existing
  if (!metainfo || !hasLikelyInfo(metainfo, entry)) return skip(unread(entry), 'edited')
  const obtained = await obtain(entry)
  const { core } = obtained
  if (!core) return skip(obtained, 'content not read')
  const { info } = valuesOf(metainfo)
  if (!isEqual(info, core.info)) return skip(obtained, 'edited')
  return refresh(obtained, existing, { file, info, keys })
}

/**
 * Brings a torrent of ours up to date, and keeps what somebody edited beside its `info`.
 * @throws BtkitError `exists` when it is of another source
 */
function refresh(
  entry: Obtained,
  existing: ExistingTorrent,
  origin: CompleteDigests,
): TorrentDecision {
  const { core } = entry
  const { metainfo } = existing
  if (!core || !metainfo) return writeUnread(entry)
  const values = wantedValues(entry, core)
  const wanted = { ...values, beside: joinAnnounce(metainfo, values.beside, origin.keys) }
  const bytes = refreshTorrent(metainfo, wanted, origin.keys)
  const written = digestTorrent(bytes, wanted)
  if (bytes === metainfo.bytes) {
    const keys = withIncidental(written.keys, wanted.incidental, origin.keys)
    return keep(entry, existing, { ...written, keys })
  }
  if (!isEqual(core.info, origin.info)) requireSameSource(entry)
  const replaced = { ...origin, file: existing.digest }
  return write(entry, { core, bytes, written, replaced })
}

/** Those digests, but for some keys which are as they were. */
function withIncidental(
  keys: KeyDigests,
  incidental: readonly string[],
  before: KeyDigests,
): KeyDigests {
  const others = Object.entries(keys).filter(([key]) => !incidental.includes(key))
  const kept = Object.entries(before).filter(([key]) => incidental.includes(key))
  return Object.fromEntries([...others, ...kept])
}

/**
 * Keeps a torrent of which version 0.1 noted too little to tell how it was edited, while its
 * content is unchanged: all that differs from what would be written counts as edited.
 */
function keepEdited(entry: Obtained, existing: ExistingTorrent): TorrentDecision {
  const { core } = entry
  const { metainfo } = existing
  const isSameInfo = core && metainfo && isEqual(core.info, valuesOf(metainfo).info)
  if (!isSameInfo) return skip(entry, 'edited')
  return keep(entry, existing, digestTorrent(existing.bytes, wantedValues(entry, core)))
}

/** Whether a torrent could be that of an entry, as far as can be told without reading content. */
function looksAlike(entry: UndecidedTorrent, existing: ExistingTorrent): boolean {
  const { metainfo } = existing
  const isLikely = metainfo !== null && hasLikelyInfo(metainfo, entry)
  return isLikely && isSame(entry, existing, valuesOf(metainfo))
}

/** Whether a torrent around what is said of the content would differ from one in its date alone. */
function isSame(entry: UndecidedTorrent, existing: ExistingTorrent, core: TorrentCore): boolean {
  return isEqual(existing.bytes, buildTorrent(likeParts(entry, existing), core))
}

function likeExisting(entry: UndecidedTorrent, existing: ExistingTorrent, core: TorrentCore) {
  return { ...core, beside: encodeParts(likeParts(entry, existing)) }
}

/** What goes beside `info`, with the date and btkit's version as in an existing torrent. */
function likeParts(entry: UndecidedTorrent, { metainfo }: ExistingTorrent): TorrentParts {
  const { parts } = entry.run.request.common
  const createdBy = metainfo?.createdBy ?? null
  const isSameBtkit = isSameCreator(createdBy, parts.createdBy)
  return {
    ...parts,
    createdBy: isSameBtkit ? createdBy : parts.createdBy,
    creationDate: metainfo?.creationDate ?? null,
  }
}

/** The parts that a torrent is to have. Its date and btkit's version alone are no reason to write. */
function wantedValues(entry: UndecidedTorrent, core: TorrentCore): WantedValues {
  const { existing, run } = entry
  const createdBy = existing?.metainfo?.createdBy ?? null
  const isSameBtkit = isSameCreator(createdBy, run.request.common.parts.createdBy)
  const incidental = isSameBtkit ? ['creation date', 'created by'] : ['creation date']
  return { info: core.info, pieceLayers: core.pieceLayers, beside: besideOf(entry), incidental }
}
