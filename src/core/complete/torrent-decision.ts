import { checkTarget } from '../../files/write/check-target.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import { infoHashesOf, type InfoHashes } from '../../metainfo/info-hashes.js'
import type { TorrentDigests } from '../../state/torrents/record.js'
import { bytesOf, type Content } from '../digests/content.js'
import { obtainInfo, recallInfo, type ContentInfo, type InfoRequest } from '../digests/info.js'
import { isEqual, type CompleteDigests, type ExistingTorrent } from './existing-torrent.js'
import { keepOwn, writeOwn, type OwnFile } from './own-file.js'
import type { TargetDirectory } from './targets.js'
import { infoInputOf } from './unchanged.js'

/** An entry whose torrent is missing, or may no longer be right. */
export interface UndecidedTorrent extends OwnFile {
  readonly content: Content
  readonly infoRequest: InfoRequest
  readonly existing: ExistingTorrent | null
}

/** An entry with what its torrent is made of. */
export interface Obtained extends UndecidedTorrent {
  /** Null in a dry run that would have to read content, and where it is not needed. */
  readonly core: TorrentCore | null
  readonly bytesHashed: number
}

/** Why a torrent that is there is left as it is. */
export type LeftReason = 'foreign' | 'outdated' | 'edited' | 'content not read'

/** What becomes of a torrent, with what it took to know that. Sizes are in bytes. */
export type TorrentDecision = { readonly size: number; readonly bytesHashed: number } & (
  | { readonly kind: 'keep' }
  | {
      readonly kind: 'skip'
      readonly reason: LeftReason
      /** Of a foreign torrent that may be adopted: how long its pieces are, in bytes. */
      readonly pieceLength?: number
    }
  | {
      readonly kind: 'write'
      readonly existing: ExistingTorrent | null
      /** Whether it was not ours until now, and keeps its `info`. */
      readonly isAdopted?: boolean
      /** Null in a dry run that would have to read content. */
      readonly hashes: InfoHashes | null
      readonly write: () => Promise<void>
    }
)

export type WriteDecision = TorrentDecision & { readonly kind: 'write' }

/** Leaves a torrent alone that is not ours to write. */
export function skip(
  { content, bytesHashed }: Pick<Obtained, 'content' | 'bytesHashed'>,
  reason: LeftReason,
  pieceLength?: number,
): TorrentDecision {
  const skipped = { kind: 'skip', reason, size: bytesOf(content), bytesHashed } as const
  return pieceLength === undefined ? skipped : { ...skipped, pieceLength }
}

/** Leaves a torrent that is right as it stands, but for its permissions perhaps. */
export function keep(
  entry: Obtained,
  existing: ExistingTorrent,
  written: CompleteDigests,
): TorrentDecision {
  const { content, bytesHashed } = entry
  const head = { size: bytesOf(content), bytesHashed }
  const write = keepOwn(entry, existing, written)
  if (!write) return { ...head, kind: 'keep' }
  return { ...head, kind: 'write', existing, hashes: existing.metainfo, write }
}

/** A torrent to write. */
export interface NewTorrent {
  readonly core: TorrentCore
  readonly bytes: Uint8Array
  readonly written: TorrentDigests
  /** What stands there, when that is ours. */
  readonly replaced: TorrentDigests | null
}

/** Writes a torrent, and sees to it that whichever one a kill leaves is known as ours. */
export function write(entry: Obtained, torrent: NewTorrent): TorrentDecision {
  const { content, bytesHashed, existing } = entry
  const { core, bytes, written, replaced } = torrent
  const hashes = infoHashesOf(core.info, content.version)
  const own = ownFileOf(entry)
  const writeNow = () => writeOwn(own, bytes, { written, replaced })
  return { kind: 'write', size: bytesOf(content), bytesHashed, existing, hashes, write: writeNow }
}

/** All of an entry that is to stay in memory until its turn to be written comes. */
function ownFileOf(entry: OwnFile): OwnFile {
  const { target, file, path, source, input, existing, record, run } = entry
  return { target, file, path, source, input, existing, record, run }
}

/** Says that a torrent would be written, or found right, once its content was read. */
export function writeUnread({ content, existing, bytesHashed }: Obtained): WriteDecision {
  const size = bytesOf(content)
  return { kind: 'write', size, bytesHashed, existing, hashes: null, write: refuseToWrite }
}

/** Takes a torrent over, whatever it takes to make it what is wanted. */
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
 * Obtains what a torrent is made of, by reading content where that is not known.
 * @throws BtkitError when the content can't be read or the torrent could not be written
 */
export function obtain(entry: UndecidedTorrent): Promise<Obtained> {
  const { infoRequest, run } = entry
  const { hashContext, request } = run
  if (request.dryRun) {
    const recalled = recallInfo(infoRequest, hashContext.cacheAccess)
    return Promise.resolve(withCore(entry, 'info' in recalled ? recalled : null, 0))
  }
  checkPlace(entry)
  return obtainInfo(infoRequest, hashContext).then((core) => {
    forgetOldInfo(entry)
    return obtained(entry, core, core)
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

/** An entry with what its torrent is made of, and what it took to know that. */
export function obtained(
  entry: UndecidedTorrent,
  core: TorrentCore,
  { bytesHashed, isSettled }: Pick<ContentInfo, 'bytesHashed' | 'isSettled'>,
): Obtained {
  const all = withCore(entry, core, bytesHashed)
  return isSettled ? all : { ...all, input: NOTHING }
}

/** An entry for whose torrent nothing is needed. */
export function unread(entry: UndecidedTorrent): Obtained {
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
