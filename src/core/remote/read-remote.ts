import { setTimeout } from 'node:timers/promises'
import { finished } from 'node:stream/promises'
import { refuseAborted } from '../../base/errors.js'
import type { HttpResponse } from '../../base/http-request.js'
import { count } from '../../base/text/quantity.js'
import {
  askedRange,
  RemoteFault,
  remoteError,
  request,
  requireStatus,
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

/** The bytes of a file from `start` to before `end`. */
type Span = readonly [start: number, end: number]

/**
 * Yields the bytes of a file in order, each once, as `file` describes it; by default all. They may be
 * others after the next step. A server that sends parts is asked over several connections, and asked again
 * for what is missing when one breaks.
 * @throws RemoteFault, of the code `changed` if the file is another one than before; BtkitError
 *   `interrupted`
 */
export async function* readRemote(
  file: RemoteFile,
  access: RemoteAccess,
  span?: Span,
): AsyncGenerator<Uint8Array> {
  const { size, validator, hasRanges } = file
  const [start, end] = span ?? [0, size ?? MOST_UNTOLD]
  const isWhole = start === 0 && end === (size ?? MOST_UNTOLD)
  // Without a validator, parts of a whole file may be of two
  if (size === null || !hasRanges || (isWhole && validator === null)) {
    yield* readFromStart(file, access, [start, end])
    return
  }
  const ending = new AbortController()
  const signal = AbortSignal.any([access.signal, ending.signal])
  const parts: Part[] = []
  const unused: Uint8Array[] = []
  let next = start
  try {
    while (next < end || parts.length > 0) {
      for (; parts.length < CONNECTIONS && next < end; next += PART) {
        const bytes = unused.pop() ?? Buffer.allocUnsafeSlow(Math.min(PART, end - start))
        const own: Span = [next, Math.min(next + PART, end)]
        parts.push(new Part(file, { ...access, signal }, own, bytes))
      }
      const [first] = parts
      if (first) yield* first.read()
      if (first) unused.push(first.bytes)
      parts.shift()
    }
  } finally {
    ending.abort()
  }
}

/** Most milliseconds that bytes wait for others, with which they are hashed faster. */
const MOST_WAIT_MS = 200

/** A part of a file, which is received whether or not anybody reads it yet. */
class Part {
  #filled = 0
  readonly #received: Promise<void>

  constructor(
    file: RemoteFile,
    access: RemoteAccess,
    readonly span: Span,
    readonly bytes: Uint8Array,
  ) {
    this.#received = receiveRange(file, access, span, (arrived) => {
      bytes.set(arrived, this.#filled)
      this.#filled += arrived.length
    })
    // Whoever reads gets the error, too
    this.#received.catch(() => undefined)
  }

  async *read(): AsyncGenerator<Uint8Array> {
    const [start, end] = this.span
    for (let taken = 0; taken < end - start;) {
      const waiting = new AbortController()
      const { signal } = waiting
      const waited = setTimeout(MOST_WAIT_MS, undefined, { signal }).catch(() => undefined)
      await Promise.race([this.#received, waited])
      waiting.abort()
      const before = taken
      taken = this.#filled
      if (taken > before) yield this.bytes.subarray(before, taken)
    }
  }
}

/** Passes the bytes of a range on, over as many connections as that takes. */
async function receiveRange(
  file: RemoteFile,
  access: RemoteAccess,
  [start, end]: Span,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const { url } = file
  let at = start
  for (let failures = 0; at < end;) {
    const before = at
    try {
      const response = await request(url, access, { headers: rangeOf(file, [at, end]) })
      try {
        requireStatus(url, response, [206, 200, 416, 412])
        requireAsked(file, response, [at, end])
        await drain(response, (bytes) => {
          at += bytes.length
          if (at > end) throw tooLong(url, end)
          take(bytes)
        })
      } finally {
        response.end()
      }
      const detail = `ended after ${count(at - start, 'byte')} of ${end - start}`
      if (at < end) throw new RemoteFault(url, 'length', detail, { isPassing: true })
    } catch (error) {
      const why = remoteError(error, url, access.signal)
      failures = at > before ? 1 : failures + 1
      const pause = PAUSES[failures - 1]
      const isPassing = why instanceof RemoteFault && why.isPassing && !access.isOnce
      if (!isPassing || pause === undefined) throw why
      await setTimeout(pause, undefined, { signal: access.signal }).catch(() => undefined)
      refuseAborted(access.signal)
    }
  }
}

/** Passes all bytes of an answer on; an iteration would take twice the time. */
async function drain(
  { body, end }: HttpResponse,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const ended = finished(body)
  let fault: unknown = null
  body.on('data', (bytes: Uint8Array) => {
    try {
      if (fault === null) take(bytes)
    } catch (error) {
      fault = error
      end()
    }
  })
  await ended.catch((error: unknown) => {
    throw fault ?? error
  })
}

/** Yields bytes of a file that can be had only from its beginning. */
async function* readFromStart(
  file: RemoteFile,
  access: RemoteAccess,
  [start, end]: Span,
): AsyncGenerator<Uint8Array> {
  const { url, size } = file
  const response = await request(url, access, {})
  let at = 0
  try {
    requireStatus(url, response, [200])
    requireAsked(file, response, null)
    for await (const bytes of response.body) {
      const wanted = bytes.subarray(Math.max(start - at, 0), Math.max(end - at, 0))
      at += bytes.length
      if (at > (size ?? MOST_UNTOLD)) throw tooLong(url, size ?? MOST_UNTOLD)
      if (wanted.length > 0) yield wanted
      if (at >= end && end !== size) return
    }
  } catch (error) {
    throw remoteError(error, url, access.signal)
  } finally {
    response.end()
  }
  if (size !== null && at < size)
    throw new RemoteFault(url, 'length', `ended after ${count(at, 'byte')} of ${size}`)
}

function tooLong(url: string, size: number): RemoteFault {
  return new RemoteFault(url, 'length', `has more than ${count(size, 'byte')}`, { code: 'changed' })
}

function rangeOf({ validator }: RemoteFile, [at, end]: Span): Record<string, string> {
  const range = `bytes=${at}-${end - 1}`
  return validator === null ? { range } : { range, 'if-range': validator }
}

/** @throws RemoteFault unless an answer has the range of a file that is the same as before */
function requireAsked(
  { url, size, validator }: RemoteFile,
  { status, headers }: HttpResponse,
  range: Span | null,
): void {
  const tag = headers.get(validator?.startsWith('"') ? 'etag' : 'last-modified')
  const isOther = validator !== null && tag !== null && tag !== validator
  if (isOther || (range && status !== 206 && validator !== null))
    throw new RemoteFault(url, 'changed', 'changed while it was read', { code: 'changed' })
  if (!range || (status === 200 && range[0] === 0 && range[1] === size)) return
  if (status !== 206) {
    const isRefused = status === 200
    const detail = isRefused ? 'sends the whole file for a range' : `HTTP status ${status}`
    throw new RemoteFault(url, isRefused ? 'no ranges' : 'status', detail)
  }
  const [, asked, total] = /^(\d+-\d+)\/(\d+|\*)$/.exec(askedRange(headers)) ?? []
  if (asked !== `${range[0]}-${range[1] - 1}`)
    throw new RemoteFault(url, 'no ranges', 'the server sends another range than it was asked for')
  if (total !== '*' && total !== `${size}`)
    throw new RemoteFault(url, 'length', `has ${total} bytes, not ${size}`)
}
