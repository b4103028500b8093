import type { VerifiedFile, VerifyReport } from '../core/verify/verify-report.js'
import { readTorrent } from '../library/read.js'
import { verifyTorrent } from '../library/verify.js'
import { mapPieces, type PieceMap } from './piece-map.js'
import type { WorkContext } from './work-context.js'

/** A torrent, and where its files are. */
interface CheckRequest {
  readonly torrent: string
  readonly data: string
  readonly threads: number | undefined
}

/** The result of a check, as its page shows it. */
export interface Checked {
  readonly report: Pick<VerifyReport, 'ok' | 'pieces' | 'badPieces' | 'uncheckedPieces'>
  /** Number of all files. */
  readonly files: number
  /** The files that are listed: bad ones first. */
  readonly listed: readonly VerifiedFile[]
  readonly map: PieceMap
  /** The states that any file is in. */
  readonly states: ReadonlySet<VerifiedFile['status']>
}

/** The most files that are listed. */
const MOST_LISTED = 1000

/**
 * Compares files with their torrent.
 * @throws BtkitError as readTorrent and verifyTorrent
 */
export async function checkFiles(
  { torrent, data, threads }: CheckRequest,
  { cache, signal, tell }: WorkContext,
): Promise<Checked> {
  const metainfo = await readTorrent(torrent, { signal })
  const options = { cache, threads, signal, onProgress: tell }
  const { files, ...report } = await verifyTorrent(metainfo, data, options)
  const unsure = files.filter(({ status }) => status === 'unchecked')
  const good = files.filter(({ status }) => status === 'ok')
  const bad = files.filter(({ status }) => status !== 'ok' && status !== 'unchecked')
  const { ok, pieces, badPieces, uncheckedPieces } = report
  return {
    report: { ok, pieces, badPieces, uncheckedPieces },
    files: files.length,
    listed: [...bad, ...unsure, ...good].slice(0, MOST_LISTED),
    map: mapPieces(metainfo, files),
    states: new Set(files.map(({ status }) => status)),
  }
}
