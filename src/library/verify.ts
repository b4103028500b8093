import { bytesToRead, planVerify, verifyTorrent as verify } from '../core/verify/verify-torrent.js'
import type { VerifyReport } from '../core/verify/verify-report.js'
import { requirePath } from './check-options.js'
import { labelOf, readInput, type TorrentInput } from './read.js'
import { startTask, type Task } from './task.js'
import { withHashContext, type WorkOptions } from './work.js'

/** Options for checking files against a torrent. */
export interface VerifyOptions extends WorkOptions {
  /** Whether to read the files, and not only compare their sizes (default: true). */
  readonly checkHashes?: boolean | undefined
  /** Whether to report files that are not in the torrent (default: false). */
  readonly extra?: boolean | undefined
  /** Whether `path` must be the directory that holds the content, never itself (default: false). */
  readonly byName?: boolean | undefined
  /** Maximum bytes of the .torrent (default: 64 MiB). */
  readonly maxSize?: number | undefined
}

/**
 * Checks files against a torrent. `path` is the content, or the directory that holds it under the
 * torrent's name. Files that are missing, damaged or unreadable are part of the report.
 * @throws BtkitError `unsafe-path` for a torrent with paths that lead out of its directory, those
 *   of readTorrent, and `interrupted`
 */
export function verifyTorrent(
  torrent: TorrentInput,
  path: string,
  options: VerifyOptions = {},
): Task<VerifyReport> {
  return startTask(options, async (signal, tell) => {
    requirePath(path, 'content')
    const { checkHashes = true, extra = false, byName = false } = options
    const metainfo = readInput(torrent, options)
    const what = labelOf(torrent, metainfo)
    const plan = await planVerify({ metainfo, torrent: what, path, byName, checkHashes, extra })
    const bytesTotal = bytesToRead(plan)
    const running = { signal, tell, bytesTotal: () => bytesTotal }
    const report = await withHashContext(options, running, (context) => verify(plan, context))
    tell({ bytesDone: bytesTotal, bytesTotal, path })
    return report
  })
}
