import { isSameBytes } from '../../bytes.js'
import { checkTarget } from '../../files/write/atomically.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import { infoHashesOf } from '../../metainfo/metainfo.js'
import type { InfoHashes } from '../../metainfo/values.js'
import type { TorrentDigests } from '../../state/torrent-log.js'
import { bytesOf, type Content } from '../digests/content.js'
import { obtainInfo, recallInfo, type InfoRequest } from '../digests/info.js'
import { type CompleteDigests, type ExistingTorrent } from './existing-torrent.js'
import { keepOwn, writeOwn, type OwnFile } from './own-file.js'
import type { TargetDirectory } from './targets.js'
import { infoInputOf } from './unchanged.js'

/** An entry whose torrent is missing or may be outdated. */
export interface UndecidedTorrent extends OwnFile {
  readonly content: Content
  readonly infoRequest: InfoRequest
  readonly existing: ExistingTorrent | null
}

/** An entry with the data of its torrent. */
export interface Obtained {
  readonly entry: UndecidedTorrent
  /** Null if it is not needed, or if a dry run would have to read content. */
  readonly core: TorrentCore | null
  readonly bytesHashed: number
  /** Whether the torrent may be recorded as made of its input. */
  readonly isSettled: boolean
}

/** Why an existing torrent is left unchanged. */
export type LeftReason = 'foreign' | 'outdated' | 'edited' | 'content not read'

/** The decision about a torrent, and the bytes it took. Sizes are in bytes. */
export type TorrentDecision = { readonly size: number; readonly bytesHashed: number } & (
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
      readonly write: () => Promise<void>
    }
)

/** Decides to leave a foreign or edited torrent alone. */
export function skip(
  { entry: { content }, bytesHashed }: Pick<Obtained, 'entry' | 'bytesHashed'>,
  reason: LeftReason,
  pieceLength?: number,
): TorrentDecision {
  const skipped = { kind: 'skip', reason, size: bytesOf(content), bytesHashed } as const
  return pieceLength === undefined ? skipped : { ...skipped, pieceLength }
}

/** Decides to keep a correct torrent; its permissions may be changed. */
export function keep(
  own: Obtained,
  existing: ExistingTorrent,
  written: CompleteDigests,
): TorrentDecision {
  const head = { size: bytesOf(own.entry.content), bytesHashed: own.bytesHashed }
  const write = keepOwn(ownFileOf(own), existing, written)
  if (!write) return { ...head, kind: 'keep' }
  return { ...head, kind: 'write', existing, hashes: existing.metainfo, write }
}

/** A torrent to write. */
export interface NewTorrent {
  readonly core: TorrentCore
  readonly bytes: Uint8Array
  readonly written: TorrentDigests
  /** The digests of the existing torrent if it is btkit's. */
  readonly replaced: TorrentDigests | null
}

/** Decides to write a torrent. Whichever version a kill leaves is recorded as btkit's. */
export function write(obtained: Obtained, torrent: NewTorrent): TorrentDecision {
  const { entry, bytesHashed } = obtained
  const { content, existing } = entry
  const { core, bytes, written, replaced } = torrent
  const hashes = infoHashesOf(core.info, content.version)
  const own = ownFileOf(obtained)
  const writeNow = () => writeOwn(own, bytes, { written, replaced })
  return { kind: 'write', size: bytesOf(content), bytesHashed, existing, hashes, write: writeNow }
}

/** Returns only those properties of an entry that must stay in memory until it is written. */
function ownFileOf({ entry, isSettled }: Obtained): OwnFile {
  const { target, file, path, source, existing, record, run } = entry
  const input = isSettled ? entry.input : NOTHING
  return { target, file, path, source, input, existing, record, run }
}

/** Decides for a dry run that a torrent would be written or kept after reading its content. */
export function writeUnread({
  content,
  existing,
}: UndecidedTorrent): TorrentDecision & { readonly kind: 'write' } {
  const size = bytesOf(content)
  return { kind: 'write', size, bytesHashed: 0, existing, hashes: null, write: refuseToWrite }
}

/** Decides to adopt a torrent, with any changes that it needs. */
export function adopt(decision: TorrentDecision, existing: ExistingTorrent): TorrentDecision {
  if (decision.kind === 'write') return { ...decision, isAdopted: true }
  const { size, bytesHashed } = decision
  const hashes = existing.metainfo
  const isAdopted = true
  const write = () => Promise.resolve()
  return { kind: 'write', size, bytesHashed, existing, hashes, isAdopted, write }
}

function refuseToWrite(): Promise<void> {
  throw new Error('a dry run writes nothing')
}

const NOTHING = new Uint8Array(0)

/**
 * Obtains the data of a torrent, and reads content that is not known.
 * @throws BtkitError if the content cannot be read or the torrent could not be written
 */
export function obtain(entry: UndecidedTorrent): Promise<Obtained> {
  const { infoRequest, run } = entry
  const { hashContext, request } = run
  if (request.dryRun) {
    const recalled = recallInfo(infoRequest, hashContext.cacheAccess)
    return Promise.resolve({ ...unread(entry), core: 'info' in recalled ? recalled : null })
  }
  checkPlace(entry)
  return obtainInfo(infoRequest, hashContext).then((core) => {
    forgetOldInfo(entry)
    return { entry, core, bytesHashed: core.bytesHashed, isSettled: core.isSettled }
  })
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

/** Returns an entry whose torrent needs no data. */
export function unread(entry: UndecidedTorrent): Obtained {
  return { entry, core: null, bytesHashed: 0, isSettled: true }
}
