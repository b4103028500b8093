import { measureTorrent, planTorrent as plan } from '../core/make/make-torrent.js'
import { bytesOf } from '../core/digests/content.js'
import { isPad } from '../core/digests/pad-files.js'
import { startTask, type Task } from './task.js'
import { makeRequestOf, type MakeOptions } from './torrent-options.js'

/** A torrent that was not made yet. */
export interface PlannedTorrent {
  readonly name: string
  /** Number of files, without pad files. */
  readonly files: number
  /** Bytes of the files. */
  readonly size: number
  readonly pieceLength: number
  readonly pieceCount: number
  /** Bytes of the .torrent; fewer if files have the same content. */
  readonly torrentSize: number
  /** Entries that are left out, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

/**
 * Plans the torrent that makeTorrent would make. Lists the files, but does not read them.
 * @throws BtkitError as makeTorrent
 */
export function planTorrent(source: string, options: MakeOptions = {}): Task<PlannedTorrent> {
  return startTask(options, async () => {
    const request = makeRequestOf(source, options)
    const { content } = await plan(request)
    return {
      name: content.name,
      files: content.files.filter((file) => !isPad(file)).length,
      size: bytesOf(content),
      pieceLength: content.pieceLength,
      pieceCount: content.pieceCount,
      torrentSize: measureTorrent({ request, content }),
      skipped: content.skipped,
    }
  })
}
