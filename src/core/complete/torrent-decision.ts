import { isSameBytes } from '../../bytes.js'
import { checkTarget } from '../../files/write/atomically.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import { infoHashesOf } from '../../metainfo/metainfo.js'
import type { InfoHashes } from '../../metainfo/values.js'
import type { TorrentDigests } from '../../state/torrent-log.js'
import type { Content } from '../digests/content.js'
import { obtainInfo, recallInfo, type InfoRequest } from '../digests/info.js'
import { type CompleteDigests, type ExistingTorrent } from './existing-torrent.js'
import { keepOwn, type Act, type OwnFile } from './own-file.js'
import type { TargetDirectory } from './targets.js'
import { infoInputOf } from './unchanged.js'

/** An entry whose torrent is missing or may be outdated, and what was read to decide about it. */
export interface UndecidedTorrent extends OwnFile {
  readonly content: Content
  readonly infoRequest: InfoRequest
  readonly existing: ExistingTorrent | null
  bytesHashed: number
}

/** Why an existing torrent is left unchanged. */
export type LeftReason = 'foreign' | 'outdated' | 'edited' | 'content not read'

/** The decision about a torrent. */
export type TorrentDecision =
  | { readonly kind: 'keep' }
  | {
      readonly kind: 'skip'
      readonly reason: LeftReason
      /** For a foreign torrent that may be adopted: its piece length in bytes. */
      readonly pieceLength?: number
    }
  | {
      readonly kind: 'write'
      readonly existing: ExistingTorrent | null
      /** Whether it was foreign and keeps its `info`. */
      readonly isAdopted?: boolean
      /** Null if a dry run would have to read content. */
      readonly hashes: InfoHashes | null
      /** Null if nothing is to be done to the file, or a dry run would have to read content. */
      readonly act: Act | null
    }

/** Decides to leave a foreign or edited torrent alone. */
export function skip(reason: LeftReason, pieceLength?: number): TorrentDecision {
  return { kind: 'skip', reason, ...(pieceLength !== undefined && { pieceLength }) }
}

/** Decides to keep a correct torrent; its permissions may be changed. */
export function keep(
  entry: UndecidedTorrent,
  existing: ExistingTorrent,
  written: CompleteDigests,
): TorrentDecision {
  const act = keepOwn(ownFileOf(entry), written)
  return act ? { kind: 'write', existing, hashes: existing.metainfo, act } : { kind: 'keep' }
}

/** A torrent to write. */
export interface NewTorrent extends Pick<Act, 'replaced'> {
  readonly core: TorrentCore
  readonly bytes: Uint8Array
  readonly written: TorrentDigests
}

/** Decides to write a torrent. */
export function write(entry: UndecidedTorrent, torrent: NewTorrent): TorrentDecision {
  const { core, bytes, written, replaced } = torrent
  const hashes = infoHashesOf(core.info, entry.content.version)
  const act = { own: ownFileOf(entry), bytes, written, replaced }
  return { kind: 'write', existing: entry.existing, hashes, act }
}

/** Returns only those properties of an entry that must stay in memory until it is written. */
function ownFileOf(entry: UndecidedTorrent): OwnFile {
  const { target, file, path, source, input, existing, record, run } = entry
  return { target, file, path, source, input, existing, record, run }
}

/** Decides for a dry run that a torrent would be written or kept after reading its content. */
export function writeUnread({ existing }: UndecidedTorrent): TorrentDecision {
  return { kind: 'write', existing, hashes: null, act: null }
}

/** Decides to adopt a torrent, with any changes that it needs. */
export function adopt(decision: TorrentDecision, existing: ExistingTorrent): TorrentDecision {
  if (decision.kind === 'write') return { ...decision, isAdopted: true }
  return { kind: 'write', existing, hashes: existing.metainfo, isAdopted: true, act: null }
}

const NOTHING = new Uint8Array(0)

/**
 * Obtains the data of a torrent, and reads content that is not known. Null if a dry run would have
 * to read it.
 * @throws BtkitError if the content cannot be read or the torrent could not be written
 */
export function obtain(entry: UndecidedTorrent): Promise<TorrentCore | null> {
  const { infoRequest, run } = entry
  const { hashContext, request } = run
  if (request.dryRun) {
    const recalled = recallInfo(infoRequest, hashContext.cacheAccess)
    return Promise.resolve('info' in recalled ? recalled : null)
  }
  checkPlace(entry)
  return obtainInfo(infoRequest, hashContext).then((core) => {
    forgetOldInfo(entry)
    noteRead(entry, core)
    return core
  })
}

/** Notes what was read for an entry. Only settled content counts as the input of its torrent. */
export function noteRead(
  entry: UndecidedTorrent,
  read: { readonly bytesHashed: number; readonly isSettled: boolean },
): void {
  entry.bytesHashed = read.bytesHashed
  if (!read.isSettled) entry.input = NOTHING
}

/** Removes the old `info` from the cache: changed files never become the same again. */
function forgetOldInfo({ record, infoRequest, run }: UndecidedTorrent): void {
  const old = record && infoInputOf(record.input)
  if (!old || !infoRequest.content.isDirectory || isSameBytes(old, infoRequest.input)) return
  const { cache } = run.hashContext.cacheAccess
  for (const kind of ['info', 'layers'] as const) cache.remove(kind, old)
}

/** The directories in which a file could be created. */
const writable = new WeakSet<TargetDirectory>()

/** Checks, before hours of hashing, that a torrent can be written. */
function checkPlace({ path, existing, target }: UndecidedTorrent): void {
  if (!existing && writable.has(target)) return
  checkTarget(path, {})
  if (!existing) writable.add(target)
}
