import { createHash } from 'node:crypto'
import type { OutputRecord } from '../../cache/records/output.js'
import { checkTarget } from '../../files/write/check-target.js'
import { encodeFingerprint, readFingerprint } from '../../files/fingerprint.js'
import { infoHashOf } from '../../metainfo/build/info.js'
import { buildTorrent } from '../../metainfo/build/torrent.js'
import { isSameCreator } from './input.js'
import type { CompleteRun } from './run.js'
import { obtainInfo, recallInfo, type InfoRequest } from '../digests/info.js'
import { composeTorrent } from '../make/make-torrent.js'
import { noneIsRacy } from '../digests/racy.js'
import type { ExistingTorrent } from './torrent-owner.js'

/** An entry whose torrent is missing, or may no longer be right. */
export interface UndecidedTorrent {
  /** The real path of the torrent. */
  readonly path: string
  /** The path of the entry. */
  readonly source: string
  readonly info: InfoRequest
  /** All that the torrent depends on. */
  readonly input: Uint8Array
  readonly existing: ExistingTorrent | null
}

/** A torrent that is right as it stands, or one to write. Sizes are in bytes. */
export type TorrentDecision =
  | { readonly kind: 'keep'; readonly size: number; readonly bytesHashed: number }
  | {
      readonly kind: 'write'
      readonly size: number
      readonly bytesHashed: number
      readonly existing: ExistingTorrent | null
      /** Null in a dry run that would have to read content. */
      readonly infoHash: string | null
      readonly write: () => Promise<void>
    }

/**
 * Obtains the torrent of an entry, and compares it with the one that stands there.
 * @throws BtkitError when the content can't be read or the torrent could not be written
 */
export async function decideTorrent(
  entry: UndecidedTorrent,
  run: CompleteRun,
): Promise<TorrentDecision> {
  const { path, existing } = entry
  const { content } = entry.info
  const { hashContext, request } = run
  const startedMs = hashContext.cacheAccess.now()
  const made = await obtain(entry, run)
  const head = { size: content.size, bytesHashed: made?.bytesHashed ?? content.size }
  if (!made) return { ...head, kind: 'write', existing, infoHash: null, write: refuseToWrite }
  const remember = (record: Partial<OutputRecord> & Pick<OutputRecord, 'written'>) => {
    if (!request.dryRun)
      hashContext.cacheAccess.cache.rememberOutput(path, { ...blankRecord(entry), ...record })
  }
  const input = noneIsRacy(content.files, startedMs, run.trust) ? entry.input : NOTHING
  if (existing && isSame(existing, made.info, run)) {
    remember({ input, fingerprint: existing.fingerprint, written: existing.digest })
    return { ...head, kind: 'keep' }
  }
  const bytes = composeTorrent(request.common, content, made.info)
  const written = createHash('sha256').update(bytes).digest()
  const write = async () => {
    // Before the rename, so that whichever torrent a kill leaves is known as ours
    remember({ written, replaced: existing?.digest ?? null })
    await hashContext.cacheAccess.cache.flush()
    await run.writer.write(path, bytes, request.common.write)
    remember({ input, fingerprint: encodeFingerprint(readFingerprint(path)), written })
  }
  return { ...head, kind: 'write', existing, infoHash: infoHashOf(made.info), write }
}

function obtain({ path, info }: UndecidedTorrent, { request, hashContext }: CompleteRun) {
  if (!request.dryRun) {
    checkTarget(path, {})
    return obtainInfo(info, hashContext)
  }
  const recalled = recallInfo(info, hashContext.cacheAccess)
  return 'info' in recalled ? { info: recalled.info, bytesHashed: 0 } : null
}

const NOTHING = new Uint8Array(0)

function blankRecord({ source }: UndecidedTorrent): Omit<OutputRecord, 'written'> {
  return { source, input: NOTHING, fingerprint: NOTHING, replaced: null }
}

/** Whether a torrent around `info` would differ from an existing one in its date alone. */
function isSame({ bytes, metainfo }: ExistingTorrent, info: Uint8Array, run: CompleteRun): boolean {
  if (!metainfo) return false
  const { parts } = run.request.common
  const { createdBy, creationDate } = metainfo
  const creator = isSameCreator(createdBy, parts.createdBy) ? createdBy : parts.createdBy
  const like = buildTorrent({ ...parts, createdBy: creator, creationDate }, info)
  return Buffer.compare(bytes, like) === 0
}

function refuseToWrite(): Promise<void> {
  throw new Error('a dry run writes nothing')
}
