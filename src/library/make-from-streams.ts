import type { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import type { StreamedBytes, StreamedFile } from '../core/make/streamed-file.js'
import { makeGroup, type Reading } from '../core/make/make-group.js'
import { BtkitError } from '../base/errors.js'
import { checkName } from '../metainfo/name.js'
import { requireArray, requirePath } from '../base/require.js'
import { hashContextOf, startTask, type Task, type TellProgress } from './task.js'
import {
  describeMade,
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
 * choose or order files do not apply; those that bound the number of pieces do if all lengths are
 * known.
 */
export function makeFromStreams(source: StreamedContent, options: MakeOptions): Task<MadeTorrent> {
  return startTask(options, async (signal, tell) => {
    checkContent(source)
    const name = checkName(options.name ?? source.name)
    const { creationDate, ...request } = makeRequestOf(name, options)
    const isDirectory = 'files' in source
    const given = isDirectory ? [...source.files] : [{ ...source, path: name }]
    for (const file of given) checkFile(file)
    for (const { content } of given) holdError(content)
    const files = given.map((file) => withOwnBytes(file, signal))
    const known = files.reduce((sum, { length = 0 }) => sum + length, 0)
    const tellMore: TellProgress = ({ bytesDone, path }) => {
      tell({ bytesDone, bytesTotal: Math.max(known, bytesDone), path })
    }
    const reading: Reading = (_, work) =>
      work(hashContextOf(options, { signal, tell: tellMore, bytesTotal: () => known }))
    // Bytes that are on no disk have no date
    const dated = {
      ...request,
      name,
      order: undefined,
      creationDate: creationDate === 'mtime' ? null : creationDate,
    }
    const arrival = { place: name, isDirectory, files }
    return describeMade(await makeGroup({ torrents: [dated], checksums: [], arrival }, { reading }))
  })
}

/** Most bytes of the caller that are copied at once: several of the longest usual pieces. */
const COPIED = 32 * 1024 * 1024

/** A file whose bytes are copied as they are read: the caller may transfer its memory meanwhile. */
function withOwnBytes(file: StreamedFile, signal: AbortSignal): StreamedFile {
  const { content, range } = file
  const length = content instanceof Uint8Array ? content.length : undefined
  return {
    ...file,
    length: file.length ?? length,
    content: copiesOf(content, signal),
    range: range && ((start, end) => copiesOf(range(start, end), signal)),
  }
}

async function* copiesOf(content: StreamedBytes, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const { destroy, readableEnded } = content as Partial<Readable>
  if (readableEnded === true)
    throw new BtkitError('usage', 'content: its stream was read before; give a new one')
  // A stream from which nothing comes would keep its file or connection
  const close = () => destroy?.call(content)
  signal.addEventListener('abort', close)
  try {
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      if (!((chunk as unknown) instanceof Uint8Array)) throw notBytes()
      for (let at = 0; at < chunk.length; at += COPIED)
        yield new Uint8Array(chunk.subarray(at, at + COPIED))
    }
  } finally {
    signal.removeEventListener('abort', close)
  }
}

/** @throws BtkitError `usage` for what only callers without types give */
function checkContent(source: unknown): void {
  const isNamed = typeof source === 'object' && source !== null && 'name' in source
  if (!isNamed)
    throw new BtkitError('usage', 'content: neither a path nor a name with its bytes or files')
  if ('files' in source && !isIterable(source.files)) requireArray(source.files, 'files')
}

/** @throws BtkitError `usage` for what only callers without types give, and for odd lengths */
function checkFile({ path, content, length }: StreamedFile): void {
  requirePath(path, 'path')
  if (!isIterable(content)) throw notBytes()
  if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0))
    throw new BtkitError('usage', `${path}: length ${length}: not a number of bytes`)
}

function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Symbol.iterator in value || Symbol.asyncIterator in value
}

function notBytes(): BtkitError {
  return new BtkitError('usage', 'content: not bytes; give a Uint8Array, or a stream of them')
}

/** Lets a stream fail before its turn: whoever reads it gets the error then. */
function holdError(content: StreamedBytes): void {
  const { on } = content as Partial<Pick<EventEmitter, 'on'>>
  on?.call(content, 'error', () => undefined)
}
