import { createHash } from 'node:crypto'
import type { OutputRecord } from '../cache/output-record.js'
import { checkTarget } from '../files/check-target.js'
import { readFingerprint } from '../files/fingerprint.js'
import { infoHashOf } from '../metainfo/build-info.js'
import { buildTorrent } from '../metainfo/build-torrent.js'
import { isSameCreator } from './complete-input.js'
import type { CompleteRun } from './complete-run.js'
import type { Content } from './content.js'
import { obtainInfo, recallInfo } from './content-info.js'
import { composeTorrent } from './make-torrent.js'
import { areSettled, stampOf } from './stamp.js'
import type { ExistingTorrent } from './torrent-owner.js'

/** An entry whose torrent is missing, or may no longer be right. */
export interface Unsettled {
  /** The real path of the torrent. */
  readonly path: string
  /** The path of the entry. */
  readonly source: string
  readonly content: Content
  /** All that the torrent depends on. */
  readonly input: Uint8Array
  readonly existing: ExistingTorrent | null
}

/** A torrent that is right as it stands, or one to write. Sizes are in bytes. */
export type Settled =
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
export async function settleTorrent(entry: Unsettled, run: CompleteRun): Promise<Settled> {
  const { path, content, existing } = entry
  const { means, request } = run
  const startedMs = means.memory.now()
  const made = await obtain(entry, run)
  const head = { size: content.size, bytesHashed: made?.bytesHashed ?? content.size }
  if (!made) return { ...head, kind: 'write', existing, infoHash: null, write: refuseToWrite }
  const remember = (record: Partial<OutputRecord> & Pick<OutputRecord, 'written'>) => {
    if (!request.dryRun)
      means.memory.cache.rememberOutput(path, { ...blankRecord(entry), ...record })
  }
  const input = areSettled(content.files, startedMs, run.trust) ? entry.input : NOTHING
  if (existing && isSame(existing, made.info, run)) {
    remember({ input, stamp: existing.stamp, written: existing.digest })
    return { ...head, kind: 'keep' }
  }
  const bytes = composeTorrent(request.common, content, made.info)
  const written = createHash('sha256').update(bytes).digest()
  const write = async () => {
    // Before the rename, so that whichever torrent a kill leaves is known as ours
    remember({ written, replaced: existing?.digest ?? null })
    await means.memory.cache.flush()
    await run.writer.write(path, bytes, request.common.write)
    remember({ input, stamp: stampOf(readFingerprint(path)), written })
  }
  return { ...head, kind: 'write', existing, infoHash: infoHashOf(made.info), write }
}

function obtain({ path, content }: Unsettled, { request, means }: CompleteRun) {
  const { common, dryRun } = request
  if (dryRun) return recallInfo(content, common, means.memory)
  checkTarget(path, {})
  return obtainInfo(content, common, means)
}

const NOTHING = new Uint8Array(0)

function blankRecord({ source }: Unsettled): Omit<OutputRecord, 'written'> {
  return { source, input: NOTHING, stamp: NOTHING, replaced: null }
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
