import { checkTarget } from '../../files/write/check-target.js'
import { writeAtomically, type WriteOptions } from '../../files/write/atomically.js'
import { infoHashOf } from '../../metainfo/build/info.js'
import { buildTorrent, type TorrentParts } from '../../metainfo/build/torrent.js'
import {
  cutIntoPieces,
  planContent,
  type Content,
  type ContentRequest,
} from '../digests/content.js'
import { composeInfo, infoRequest, obtainInfo, type InfoOptions } from '../digests/info.js'
import type { HashContext } from '../digests/hash-content.js'
import { checkReplaceable } from '../check-replaceable.js'
import { DIGEST } from '../digests/piece-table.js'

/** When a torrent says that it was made: at a moment, in seconds since 1970, or with its files. */
export type CreationDate = number | 'mtime' | null

export interface MakeRequest extends ContentRequest, InfoOptions {
  readonly parts: Omit<TorrentParts, 'creationDate'>
  readonly creationDate: CreationDate
  readonly write: Omit<WriteOptions, 'checkReplaceable'>
  /** Whether to replace even a file that is no torrent. */
  readonly force?: boolean
  /**
   * Bytes of a .torrent above which the automatic piece length is taken, if that is longer than
   * `pieceLength`; undefined for never.
   */
  readonly automaticAbove?: number
}

/** A torrent of which all but the digests is decided: nothing has been read yet. */
export interface TorrentPlan {
  readonly request: MakeRequest
  readonly content: Content
  /** Why the pieces are longer than asked for; null when they are not. */
  readonly tooLarge: TooLarge | null
}

/** A torrent that would have been too large, in bytes. */
export interface TooLarge {
  readonly pieceLength: number
  readonly torrentSize: number
}

export interface MadeTorrent {
  readonly bytes: Uint8Array
  /** In hexadecimal. */
  readonly infoHash: string
  /** Bytes that were read; the digests of all others were in the cache. */
  readonly bytesHashed: number
}

/**
 * Decides what a torrent will hold and makes sure that it could be written.
 * @throws BtkitError those of planContent and checkTarget
 */
export async function planTorrent(request: MakeRequest): Promise<TorrentPlan> {
  const content = await planContent(request)
  if (request.torrent !== null) checkTarget(request.torrent, writeOptions(request))
  return limitSize({ request, content, tooLarge: null })
}

/** Takes the automatic piece length if the .torrent would be larger than the request allows. */
function limitSize(plan: TorrentPlan): TorrentPlan {
  const { request, content } = plan
  const limit = request.automaticAbove ?? Infinity
  const automatic = cutIntoPieces(content, 'auto')
  // Measuring is slow with many files, so it comes after the quick checks
  if (limit === Infinity || automatic.pieceLength <= content.pieceLength) return plan
  const torrentSize = measureTorrent(plan)
  if (torrentSize <= limit) return plan
  return {
    request,
    content: automatic,
    tooLarge: { pieceLength: content.pieceLength, torrentSize },
  }
}

/** The bytes that a planned .torrent will have. */
export function measureTorrent({
  request,
  content,
}: Pick<TorrentPlan, 'request' | 'content'>): number {
  const blank = composeInfo(content, request, new Uint8Array(0))
  const digests = content.pieceCount * DIGEST
  // `blank` has an empty string of digests, whose length is the single digit 0
  return composeTorrent(request, content, blank).length + digests + `${digests}`.length - 1
}

/**
 * Makes a torrent, and writes it where the request says. Either the whole torrent is there in the
 * end, or an error is raised and nothing has changed.
 * @throws BtkitError those of obtainInfo and writeAtomically
 */
export async function makeTorrent(
  plan: TorrentPlan,
  hashContext: HashContext,
): Promise<MadeTorrent> {
  const { torrent } = plan.request
  const { trust } = hashContext.cacheAccess
  const wanted = infoRequest(plan.content, plan.request, trust)
  const { info, bytesHashed } = await obtainInfo(wanted, hashContext)
  const bytes = composeTorrent(plan.request, plan.content, info)
  if (torrent !== null) await writeAtomically(torrent, bytes, writeOptions(plan.request))
  return { bytes, infoHash: infoHashOf(info), bytesHashed }
}

function writeOptions({ write, force }: MakeRequest): WriteOptions {
  return force ? write : { ...write, checkReplaceable }
}

/** Encodes a torrent around its `info`. */
export function composeTorrent(
  { parts, creationDate }: Pick<MakeRequest, 'parts' | 'creationDate'>,
  content: Content,
  info: Uint8Array,
): Uint8Array {
  return buildTorrent({ ...parts, creationDate: settleDate(creationDate, content) }, info)
}

/**
 * The creation date in seconds since 1970. The newest file's time stands for that of a directory.
 */
export function settleDate(date: CreationDate, { files }: Content): number | null {
  if (date !== 'mtime') return date
  const newest = files.reduce((latest, { fingerprint: { mtimeNs } }) => {
    return mtimeNs > latest ? mtimeNs : latest
  }, files[0]?.fingerprint.mtimeNs ?? 0n)
  return Number(newest / 1_000_000_000n)
}
