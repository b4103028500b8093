import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { BtkitError, refuseAborted } from '../../base/errors.js'
import { count } from '../../base/text/quantity.js'
import {
  askedRange,
  PassingFault,
  remoteError,
  request,
  requireStatus,
  shownUrl,
  type RemoteAccess,
  type RemoteFile,
} from './remote-file.js'

/** Connections to a server at once. */
const CONNECTIONS = 4

/** Bytes that a connection is asked for. All connections together may hold so many each in memory. */
const PART = 8 * 1024 * 1024

/** Most bytes of a file whose length no server tells: one that never ends would be read for ever. */
const MOST_UNTOLD = 64 * 1024 ** 3

/** Milliseconds before the next try after a connection broke; the last pause repeats no more. */
const PAUSES = [500, 1000, 2000, 4000, 8000, 16_000, 32_000]

/**
 * Yields the bytes of a file in order, each once, as `file` describes it. A server that sends parts is
 * asked over several connections, and asked again for what is missing when one breaks.
 * @throws BtkitError `changed` if the file is another one than before, `io` with the URL, `interrupted`
 */
export async function* readRemote(
  file: RemoteFile,
  access: RemoteAccess,
): AsyncGenerator<Uint8Array> {
  const { size, validator, hasRanges } = file
  if (size === null || validator === null || !hasRanges) {
    yield* readRange(file, null, access)
    return
  }
  const ending = new AbortController()
  const signal = AbortSignal.any([access.signal, ending.signal])
  const parts: Readable[] = []
  let next = 0
  try {
    while (next < size || parts.length > 0) {
      for (; parts.length < CONNECTIONS && next < size; next += PART) {
        const end = Math.min(next + PART, size)
        parts.push(arriving(readRange(file, [next, end], { ...access, signal })))
      }
      const [first] = parts
      if (first) yield* first
      parts.shift()
    }
  } finally {
    ending.abort()
  }
}

/** Bytes that are received whether or not anybody reads them yet. */
function arriving(bytes: AsyncIterable<Uint8Array>): Readable {
  const stream = Readable.from(bytes, { objectMode: false, highWaterMark: PART })
  // Whoever reads gets the error, too
  stream.on('error', () => undefined)
  stream.read(0)
  return stream
}

/**
 * Yields the bytes from `start` to before `end`, over as many connections as that takes; or all of a file
 * that can be had only from its beginning.
 * @throws BtkitError as readRemote
 */
async function* readRange(
  { url, size, validator }: RemoteFile,
  range: readonly [start: number, end: number] | null,
  access: RemoteAccess,
): AsyncGenerator<Uint8Array> {
  const [start, end] = range ?? [0, size ?? MOST_UNTOLD]
  const tagName = validator?.startsWith('"') ? 'etag' : 'last-modified'
  let at = start
  for (let failures = 0; at < end;) {
    const before = at
    try {
      const asked = { range: `bytes=${at}-${end - 1}`, 'if-range': validator ?? '' }
      const response = await request(url, access, range ? { headers: asked } : {})
      try {
        const { status, headers, body } = response
        requireStatus(url, response, range ? [206, 200, 416, 412] : [200])
        const tag = headers.get(tagName)
        if ((range && status !== 206) || (validator !== null && tag !== null && tag !== validator))
          throw changed(url, 'changed while it was read')
        if (range && askedRange(headers) !== `${at}-${end - 1}/${size ?? ''}`)
          throw wrong(url, 'sends another range than it was asked for')
        for await (const bytes of body) {
          if (at + bytes.length > end) throw changed(url, `has more than ${count(end, 'byte')}`)
          at += bytes.length
          yield bytes
        }
      } finally {
        response.end()
      }
      if (size === null) return
      if (at < end)
        throw new PassingFault(
          'io',
          `${shownUrl(url)}: the connection broke off after ${count(at, 'byte')}`,
        )
    } catch (error) {
      const why = remoteError(error, url, access.signal)
      failures = at > before ? 1 : failures + 1
      const pause = PAUSES[failures - 1]
      if (!range || !(why instanceof PassingFault) || pause === undefined) throw why
      await setTimeout(pause, undefined, { signal: access.signal }).catch(() => undefined)
      refuseAborted(access.signal)
    }
  }
}

function changed(url: string, how: string): BtkitError {
  return new BtkitError('changed', `${shownUrl(url)}: ${how}`)
}

function wrong(url: string, what: string): BtkitError {
  return new BtkitError('io', `${shownUrl(url)}: the server ${what}`)
}
