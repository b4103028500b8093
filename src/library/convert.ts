import { checkReplaceable } from '../core/check-replaceable.js'
import {
  bytesToConvert,
  convertTorrent as convert,
  planConversion,
  type Conversion,
} from '../core/convert/convert-torrent.js'
import { writeAtomically } from '../files/write/atomically.js'
import { checkTarget } from '../files/write/check-target.js'
import type { MetainfoVersion } from '../metainfo/metainfo.js'
import { requirePath } from './check-options.js'
import { labelOf, readInput, type TorrentInput } from './read.js'
import { startTask, type Task } from './task.js'
import { checkPieceLength, checkVersion } from './torrent-options.js'
import { hashContextOf, withHashContext, type WorkOptions } from './work.js'

/** Options for converting a torrent. */
export interface ConvertOptions extends WorkOptions {
  /** The version of the new torrent: `v1` is BEP 3, `v2` is BEP 52, `hybrid` is both. */
  readonly version: MetainfoVersion
  /** Bytes of a piece, a power of two, or `auto`, by size (default: as before, if possible). */
  readonly pieceLength?: number | 'auto' | undefined
  /** Path of the .torrent to write (default: none is written). */
  readonly output?: string | undefined
  /** Whether `output` may replace a file that is not a torrent (default: false). */
  readonly force?: boolean | undefined
  /** Maximum bytes of the .torrent (default: 64 MiB). */
  readonly maxSize?: number | undefined
}

/**
 * Turns a torrent into one of another version. `path` is the content, or the directory that holds
 * it under the torrent's name. The content is read twice: to check it, and to hash it. If it is not
 * whole, the result has the report of verifyTorrent and no torrent, and nothing is written.
 * @throws BtkitError `metainfo` if the torrent has that version already, `exists`, those of
 *   verifyTorrent, and `interrupted`
 */
export function convertTorrent(
  torrent: TorrentInput,
  path: string,
  options: ConvertOptions,
): Task<Conversion> {
  return startTask(options, async (signal, tell) => {
    requirePath(path, 'content')
    const { output, force } = options
    const version = checkVersion(options.version)
    const pieceLength =
      options.pieceLength === undefined ? null : checkPieceLength(options.pieceLength)
    const written = force ? {} : { checkReplaceable }
    if (output !== undefined) checkTarget(output, written)
    const metainfo = readInput(torrent, options)
    const what = labelOf(torrent, metainfo)
    const plan = await planConversion({ metainfo, torrent: what, path, version, pieceLength })
    const bytesTotal = bytesToConvert(plan)
    const running = { signal, tell, bytesTotal: () => bytesTotal }
    // Digests in the cache are no proof that the content is whole now
    const check = hashContextOf({ ...options, cache: undefined }, running)
    const conversion = await withHashContext(options, running, (make) =>
      convert(plan, { check, make }),
    )
    tell({ bytesDone: bytesTotal, bytesTotal, path })
    if (conversion.after && output !== undefined) {
      await writeAtomically(output, conversion.after.bytes, written)
    }
    return conversion
  })
}
