import { BtkitError } from '../../errors.js'
import {
  encodeFingerprint,
  readFingerprint,
  readFingerprintIfThere,
} from '../../files/fingerprint.js'
import { hasPermissions, setPermissions } from '../../files/write/permissions.js'
import { infoHashOf } from '../../metainfo/build/info.js'
import type { TorrentDigests, TorrentRecord } from '../../state/torrents/record.js'
import type { Content } from '../digests/content.js'
import type { InfoRequest } from '../digests/info.js'
import { isEqual, type CompleteDigests, type ExistingTorrent } from './existing-torrent.js'
import type { CompleteRun } from './request.js'
import type { TargetDirectory } from './targets.js'

/** An entry whose torrent is missing, or may no longer be right. */
export interface UndecidedTorrent {
  readonly target: TargetDirectory
  /** The name of the torrent in the target. */
  readonly file: string
  /** The real path of the torrent. */
  readonly path: string
  /** The path of the entry. */
  readonly source: string
  readonly content: Content
  readonly infoRequest: InfoRequest
  /** All that the torrent depends on. */
  readonly input: Uint8Array
  readonly existing: ExistingTorrent | null
  /** What is known of the torrent at that path. */
  readonly record: TorrentRecord | null
  readonly run: CompleteRun
}

/** An entry with what its torrent is made of. */
export interface Obtained extends UndecidedTorrent {
  /** Null in a dry run that would have to read content, and where it is not needed. */
  readonly info: Uint8Array | null
  readonly bytesHashed: number
}

/** Why a torrent that is there is left as it is. */
export type LeftReason = 'foreign' | 'outdated' | 'edited' | 'content not read'

/** What becomes of a torrent, with what it took to know that. Sizes are in bytes. */
export type TorrentDecision = { readonly size: number; readonly bytesHashed: number } & (
  | { readonly kind: 'keep' }
  | { readonly kind: 'skip'; readonly reason: LeftReason }
  | {
      readonly kind: 'write'
      readonly existing: ExistingTorrent | null
      /** Null in a dry run that would have to read content. */
      readonly infoHash: string | null
      readonly write: () => Promise<void>
    }
)

const NOTHING = new Uint8Array(0)

/** Leaves a torrent alone that is not ours to write. */
export function skip(
  { content, bytesHashed }: Pick<Obtained, 'content' | 'bytesHashed'>,
  reason: LeftReason,
): TorrentDecision {
  return { kind: 'skip', reason, size: content.size, bytesHashed }
}

/** Leaves a torrent that is right as it stands, but for its permissions perhaps. */
export function keep(
  entry: Obtained,
  existing: ExistingTorrent,
  written: CompleteDigests,
): TorrentDecision {
  const { content, bytesHashed, input, path, run } = entry
  const { dryRun, common } = run.request
  const head = { size: content.size, bytesHashed }
  const remember = (fingerprint: Uint8Array) => {
    note(entry, { input, fingerprint, written, replaced: null })
  }
  if (hasPermissions(path, common.write)) {
    if (!dryRun) remember(existing.fingerprint)
    return { ...head, kind: 'keep' }
  }
  const write = () => {
    setPermissions(path, common.write)
    remember(fingerprintOf(path))
    return Promise.resolve()
  }
  return { ...head, kind: 'write', existing, infoHash: existing.metainfo?.infoHash ?? null, write }
}

/** A torrent to write. */
export interface NewTorrent {
  readonly info: Uint8Array
  readonly bytes: Uint8Array
  readonly written: TorrentDigests
  /** What stands there, when that is ours. */
  readonly replaced: TorrentDigests | null
}

/** Writes a torrent, and sees to it that whichever one a kill leaves is known as ours. */
export function write(entry: Obtained, torrent: NewTorrent): TorrentDecision {
  const { content, bytesHashed, input, path, existing, target, run } = entry
  const { info, bytes, written, replaced } = torrent
  const writeNow = async () => {
    requireUntouched(path, existing)
    note(entry, { input: NOTHING, fingerprint: NOTHING, written, replaced })
    await target.log.flush()
    await run.writer.write(path, bytes, run.request.common.write)
    note(entry, { input, fingerprint: fingerprintOf(path), written, replaced: null })
  }
  const infoHash = infoHashOf(info)
  return { kind: 'write', size: content.size, bytesHashed, existing, infoHash, write: writeNow }
}

/** What was decided holds only for what was seen, and hashing may have taken hours since then. */
function requireUntouched(path: string, existing: ExistingTorrent | null): void {
  const fingerprint = readFingerprintIfThere(path)
  const isSame =
    fingerprint && existing
      ? isEqual(encodeFingerprint(fingerprint), existing.fingerprint)
      : !fingerprint && !existing
  if (isSame) return
  const what = existing ? 'changed' : 'was made by something else'
  throw new BtkitError('changed', `${path}: ${what} while its content was read, so it is left`)
}

/** Says that a torrent would be written, or found right, once its content was read. */
export function writeUnread({ content, existing, bytesHashed }: Obtained): TorrentDecision {
  const size = content.size
  return { kind: 'write', size, bytesHashed, existing, infoHash: null, write: refuseToWrite }
}

function refuseToWrite(): Promise<void> {
  throw new Error('a dry run writes nothing')
}

function note({ target, file, source }: Obtained, record: Omit<TorrentRecord, 'source'>): void {
  target.log.put(file, { source, ...record })
}

function fingerprintOf(path: string): Uint8Array {
  return encodeFingerprint(readFingerprint(path))
}
