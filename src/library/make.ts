import { join } from '../metainfo/bencode/encode.js'
import {
  type MakeRequest,
  makeTorrent as make,
  measureTorrent,
  planTorrent as planMake,
} from '../core/make/make-torrent.js'
import { makeFromStreams, type StreamedContent } from './make-from-streams.js'
import { startTask, type Task, withHashContext } from './task.js'
import {
  describeContent,
  type MadeTorrent,
  type MakeOptions,
  makeRequestOf,
  type TorrentContent,
} from './torrent-options.js'

/**
 * Makes a torrent of a file, of a directory, or of bytes from async iterables. A file that changes
 * while it is read is an error. `output` is written whole or not at all.
 * @throws BtkitError such as `usage` for bad options, `not-found`, `empty`, `changed`, `exists` for
 *   an `output` that must not be replaced, and `interrupted`
 */
export function makeTorrent(
  source: string | StreamedContent,
  options: MakeOptions = {},
): Task<MadeTorrent> {
  if (typeof source !== 'string') return makeFromStreams(source, options)
  return startTask(options, async (signal, tell) => {
    const plan = await planMake(endedBy(signal, makeRequestOf(source, options)))
    const bytesTotal = plan.content.size
    const running = { signal, tell, bytesTotal: () => bytesTotal }
    const made = await withHashContext(options, running, (context) => make(plan, context))
    tell({ bytesDone: bytesTotal, bytesTotal, path: source })
    const { infoHash, infoHashV2, bytesHashed } = made
    const bytes = join(made.parts)
    return { ...describeContent(plan.content), bytes, infoHash, infoHashV2, bytesHashed }
  })
}

/** A torrent that was not made yet. */
export interface PlannedTorrent extends TorrentContent {
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
  return startTask(options, async (signal) => {
    const request = endedBy(signal, makeRequestOf(source, options))
    const { content } = await planMake(request)
    return {
      ...describeContent(content),
      torrentSize: measureTorrent({ request, content }),
      skipped: content.skipped,
    }
  })
}

function endedBy(signal: AbortSignal, request: MakeRequest): MakeRequest {
  return { ...request, scan: { ...request.scan, signal } }
}
