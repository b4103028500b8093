import { join } from '../metainfo/bencode/encode.js'
import { readStreams, type StreamedFile } from '../core/checksums/make-from-streams.js'
import { bytesOf } from '../core/digests/content.js'
import { writeTorrent } from '../core/make/make-torrent.js'
import { BtkitError } from '../base/errors.js'
import { createThrottle } from '../disk/hash/jobs/job.js'
import { chooseKernel } from '../disk/hash/kernels.js'
import { checkName } from '../metainfo/name.js'
import { requirePath } from './check-options.js'
import { startTask, type Task } from './task.js'
import {
  describeContent,
  type MadeTorrent,
  type MakeOptions,
  makeRequestOf,
} from './torrent-options.js'

/** Content that is not on a disk: a single file, or files below a name. */
export type StreamedContent =
  | (Omit<StreamedFile, 'path'> & { readonly name: string })
  | { readonly name: string; readonly files: Iterable<StreamedFile> }

/**
 * Makes a torrent of streams. They are read one after another, in the torrent's order. Options that
 * choose files, order them or bound the number of pieces do not apply.
 */
export function makeFromStreams(source: StreamedContent, options: MakeOptions): Task<MadeTorrent> {
  return startTask(options, async (signal, tell) => {
    checkContent(source)
    const name = checkName(options.name ?? source.name)
    const { creationDate, ...request } = makeRequestOf(name, options)
    const isDirectory = 'files' in source
    const files = isDirectory ? [...source.files] : [{ ...source, path: name }]
    for (const { path } of files) requirePath(path, 'path')
    const known = files.reduce((sum, { content, length = 0 }) => {
      return sum + (content instanceof Uint8Array ? content.length : length)
    }, 0)
    const { maxRate } = options
    const engine = {
      signal,
      kernel: chooseKernel().name,
      throttle: maxRate === undefined ? undefined : createThrottle(maxRate),
      onProgress: ({
        bytesDone,
        currentPath: path,
      }: {
        bytesDone: number
        currentPath: string
      }) => {
        tell({ bytesDone, bytesTotal: Math.max(known, bytesDone), path })
      },
    }
    // Bytes that are on no disk have no date
    const dated = { ...request, name, creationDate: creationDate === 'mtime' ? null : creationDate }
    const arrival = { place: name, isDirectory, files, engine, checksums: [] }
    const { plan, core } = await readStreams(dated, arrival)
    const made = await writeTorrent(plan, { core, bytesHashed: bytesOf(plan.content) })
    const { infoHash, infoHashV2, bytesHashed } = made
    const bytes = join(made.parts)
    return { ...describeContent(plan.content), bytes, infoHash, infoHashV2, bytesHashed }
  })
}

/** @throws BtkitError `usage` for what only callers without types give */
function checkContent(source: unknown): void {
  const isNamed = typeof source === 'object' && source !== null && 'name' in source
  if (!isNamed)
    throw new BtkitError('usage', 'content: neither a path nor a name with its bytes or files')
}
