import { checkTarget } from '../files/check-target.js'
import { writeAtomically, type WriteOptions } from '../files/write-atomically.js'
import { buildInfo, infoHashOf } from '../metainfo/build-info.js'
import { buildTorrent, type TorrentParts } from '../metainfo/build-torrent.js'
import { planContent, type Content, type ContentRequest } from './content.js'
import { hashContent, type Engine } from './hash-content.js'

/** When a torrent says that it was made: at a moment, in seconds since 1970, or with its files. */
export type CreationDate = number | 'mtime' | null

export interface MakeRequest extends ContentRequest {
  readonly private: boolean
  /** `info.source`. */
  readonly sourceTag: string | null
  readonly parts: Omit<TorrentParts, 'creationDate'>
  readonly creationDate: CreationDate
  readonly write: WriteOptions
}

/** A torrent that is settled but for its digests: nothing has been read yet. */
export interface TorrentPlan {
  readonly request: MakeRequest
  readonly content: Content
}

export interface MadeTorrent {
  readonly bytes: Uint8Array
  /** In hexadecimal. */
  readonly infoHash: string
}

/**
 * Settles what a torrent will hold and makes sure that it could be written.
 * @throws BtkitError
 */
export async function planTorrent(request: MakeRequest): Promise<TorrentPlan> {
  const content = await planContent(request)
  if (request.torrent !== null) checkTarget(request.torrent, request.write)
  return { request, content }
}

/** The bytes that a planned .torrent will have. */
export function measureTorrent(plan: TorrentPlan): number {
  return composeTorrent(plan, new Uint8Array(plan.content.pieceCount * 20)).bytes.length
}

/**
 * Makes a torrent, and writes it where the request says. Either the whole torrent is there in the
 * end, or an error is raised and nothing has changed.
 * @throws BtkitError
 */
export async function makeTorrent(plan: TorrentPlan, engine: Engine): Promise<MadeTorrent> {
  const { torrent, write } = plan.request
  const made = composeTorrent(plan, await hashContent(plan.content, engine))
  if (torrent !== null) await writeAtomically(torrent, made.bytes, write)
  return made
}

function composeTorrent({ request, content }: TorrentPlan, pieces: Uint8Array): MadeTorrent {
  const info = buildInfo({
    name: content.name,
    content: content.isDirectory ? content.files.map(pathAndLength) : content.size,
    pieceLength: content.pieceLength,
    pieces,
    private: request.private,
    source: request.sourceTag,
  })
  const creationDate = settleDate(request.creationDate, content)
  return {
    bytes: buildTorrent({ ...request.parts, creationDate }, info),
    infoHash: infoHashOf(info),
  }
}

function pathAndLength(file: Content['files'][number]) {
  return { path: file.path, length: file.fingerprint.size }
}

/** The newest file's time stands for that of a directory. */
function settleDate(date: CreationDate, { files }: Content): number | null {
  if (date !== 'mtime') return date
  const newest = files.reduce((latest, { fingerprint: { mtimeNs } }) => {
    return mtimeNs > latest ? mtimeNs : latest
  }, files[0]?.fingerprint.mtimeNs ?? 0n)
  return Number(newest / 1_000_000_000n)
}
