import { makeTorrent as make, planTorrent } from '../core/make/make-torrent.js'
import { makeFromStreams, type StreamedContent } from './make-from-streams.js'
import { startTask, type Task } from './task.js'
import { makeRequestOf, type MadeTorrent, type MakeOptions } from './torrent-options.js'
import { withHashContext } from './work.js'

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
    const plan = await planTorrent(makeRequestOf(source, options))
    const bytesTotal = plan.content.size
    const running = { signal, tell, bytesTotal: () => bytesTotal }
    const made = await withHashContext(options, running, (context) => make(plan, context))
    tell({ bytesDone: bytesTotal, bytesTotal, path: source })
    const { bytes, infoHash, infoHashV2, bytesHashed } = made
    return { bytes, infoHash, infoHashV2, bytesHashed }
  })
}
