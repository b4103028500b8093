import { sep } from 'node:path'
import { BtkitError, osCodeOf } from '../../errors.js'
import { readFingerprint, sameFingerprint, type Fingerprint } from '../../files/fingerprint.js'
import { quoteText } from '../../text/escape.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { BACKSLASH } from '../../metainfo/parse/unsafe-path.js'
import type { HashContext } from '../digests/hash-content.js'
import { foundLength, streamTorrent, type FoundFile, type TorrentStream } from './content.js'
import { findExtraFiles } from './extra.js'
import { markDamaged } from './hashes.js'
import { locateContent } from './location.js'
import { markedRanges, RangeCutter } from './ranges.js'
import type { VerifiedFile, VerifyReport } from './report.js'
import { judgeFile } from './status.js'

/** What to check, and how. */
export interface VerifyRequest {
  readonly metainfo: Metainfo
  /** What the torrent is called in errors. */
  readonly torrent: string
  /** The content, or the directory that holds it. */
  readonly path: string
  /** Whether to read the files, rather than look at their sizes alone. */
  readonly checkHashes: boolean
  /** Whether to name files beside those of the torrent. */
  readonly extra: boolean
}

/** A check that only needs reading: what stands where is settled. */
export interface VerifyPlan {
  readonly request: VerifyRequest
  /** The SHA-1 digests of the pieces. */
  readonly pieces: Uint8Array
  /** In stream order, with pad files. */
  readonly files: readonly FoundFile[]
  readonly content: TorrentStream
  readonly extra: readonly VerifiedFile[]
}

/**
 * Looks for the files of a torrent, and opens none.
 * @throws BtkitError `unsafe-path` for a torrent that must not be let near a disk, `metainfo` for
 * one of version 2 alone, and those of locateContent and scanTree
 */
export async function planVerify(request: VerifyRequest): Promise<VerifyPlan> {
  const { metainfo, torrent } = request
  refuseUnsafePaths(metainfo, torrent)
  const pieces = requirePieces(metainfo, torrent)
  const { directory, find } = locateContent(metainfo, request.path)
  const files = metainfo.files.map((file): FoundFile => {
    return { file, found: file.padding ? { kind: 'missing' } : find(file.path) }
  })
  const wantsExtra = request.extra && directory !== null
  const extra = wantsExtra ? await findExtraFiles(directory, metainfo.files) : []
  return { request, pieces, files, content: streamTorrent(files, metainfo.pieceLength), extra }
}

/** A backslash is part of a name where it does not part components. */
function refuseUnsafePaths({ unsafePaths }: Metainfo, torrent: string): void {
  const unsafe = unsafePaths.find(({ reason }) => reason !== BACKSLASH || sep === '\\')
  if (unsafe === undefined) return
  const path = quoteText(unsafe.path.join('/'))
  throw new BtkitError('unsafe-path', `${torrent}: path ${path}: ${unsafe.reason}`)
}

function requirePieces({ pieces }: Metainfo, torrent: string): Uint8Array {
  if (pieces !== null) return pieces
  throw new BtkitError('metainfo', `${torrent}: v2-only torrents can't be verified yet`)
}

/** The bytes that verifyTorrent will read. */
export function bytesToRead({ request, content }: VerifyPlan): number {
  const { pieceLength, size } = request.metainfo
  if (!request.checkHashes) return 0
  const absent = markedRanges(content.marks, pieceLength, size)
  return absent.reduce((rest, [from, to]) => rest - (to - from), size)
}

/**
 * Reads what there is of a torrent's content and says what is wrong with it. A piece that runs
 * through a file that is not whole counts as bad for all the files in it.
 * @throws BtkitError `changed` for a file that changed meanwhile, and those of hashStream
 */
export async function verifyTorrent(
  plan: VerifyPlan,
  hashContext: HashContext,
): Promise<VerifyReport> {
  const { request, files, content, extra } = plan
  if (request.checkHashes) {
    await markDamaged(content, plan.pieces, hashContext)
    files.forEach(refuseChanged)
  }
  const judged = judgeFiles(plan)
  const badPieces = content.marks.reduce((sum, mark) => sum + mark, 0)
  return {
    ok: badPieces === 0 && judged.every(({ status }) => status === 'ok'),
    pieces: content.marks.length,
    badPieces,
    files: [...judged, ...extra],
  }
}

function refuseChanged({ found }: FoundFile): void {
  if (found.kind !== 'file' || isUnchanged(found.path, found.fingerprint)) return
  throw new BtkitError('changed', `${found.path}: changed while it was read`)
}

function isUnchanged(path: string, fingerprint: Fingerprint): boolean {
  try {
    return sameFingerprint(readFingerprint(path), fingerprint)
  } catch (error) {
    // A file that is gone has changed
    if (osCodeOf(error) === undefined) throw error
    return false
  }
}

function judgeFiles({ request, files, content }: VerifyPlan): VerifiedFile[] {
  const { pieceLength, size } = request.metainfo
  const cutter = new RangeCutter(markedRanges(content.marks, pieceLength, size))
  return files
    .map((found) => ({ found, ranges: cutter.cut(found.file.length) }))
    .filter(({ found }) => !found.file.padding)
    .map(({ found, ranges }) => {
      // By sizes alone, nothing is known of the neighbours of what is not there
      const isKnown = request.checkHashes || foundLength(found) < found.file.length
      return judgeFile(found, isKnown ? ranges : [])
    })
}
