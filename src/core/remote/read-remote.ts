import { createHash } from 'node:crypto'
import { headersFor, PROGRESS } from './http-request.js'
import { type AnswerHead, RangeConnection } from './range-connection.js'
import { monotonicNow } from '../../base/process.js'
import { count } from '../../base/text/quantity.js'
import {
  askedRange,
  askRemote,
  OTHER_RANGE,
  RemoteFault,
  pauseAfter,
  request,
  requireStatus,
  rulesOf,
  type RemoteAccess,
  type RemoteFile,
} from './remote-file.js'

/** Connections to a server at once. */
const CONNECTIONS = 4

/**
 * Bytes that a connection is asked for. All connections together may hold so many each in memory.
 */
const PART = 4 * 1024 * 1024

/** Fewest bytes for which connections of their own are opened. */
const LARGE = CONNECTIONS * PART

/**
 * Most bytes of a file whose length no server tells: one that never ends would be read for ever.
 */
const MOST_UNTOLD = 64 * 1024 ** 3

/** Milliseconds of reading in which a file is not expected to change. */
export const expected = { unchanged: 3000 }

/** The bytes of a file from `start` to before `end`. */
type Span = readonly [start: number, end: number]

/** Most mirrors that a file is read from. */
const MOST_MIRRORS = 4

/**
 * Yields the bytes of a file in order, each once, as `file` describes it; by default all. They may
 * be others after the next step. A server that sends parts is asked over several connections, and
 * asked again for what is missing when one breaks. Nodes of one server may have other tags for
 * equal bytes, which have the same date then. If the mirror of a redirect fails, another may have
 * other tags and dates: bytes that were read count, if it has them, too.
 * @throws RemoteFault, of the code `changed` if the file is another one than before; BtkitError
 *   `interrupted`
 */
export async function* readRemote(
  file: RemoteFile,
  access: RemoteAccess,
  [start, end]: Span = [0, file.size ?? MOST_UNTOLD],
): AsyncGenerator<Uint8Array> {
  const { url, size, source = url } = file
  const begun = monotonicNow()
  const passed = source === url ? null : createHash('sha256')
  let [at, from] = [start, file]
  for (let mirrors = 1; ; mirrors++) {
    try {
      for await (const bytes of readSame(from, access, [at, end])) {
        at += bytes.length
        passed?.update(bytes)
        yield bytes
      }
      break
    } catch (error) {
      const isOther = error instanceof RemoteFault && error.kind === 'changed'
      if (!isOther || mirrors === MOST_MIRRORS) throw error
      from = await askRemote(url, access)
      if (from.size !== size) throw error
      if (hasSameDate(file, from)) from = { ...from, validator: from.date ?? null }
      else if (!passed) throw error
      else if (!(await digestFrom(from, access, [start, at])).equals(passed.copy().digest()))
        throw error
    }
  }
  // An answer has the tag of its beginning
  if (passed || monotonicNow() - begun < expected.unchanged) return
  const now = await askRemote(url, access)
  const isSame = now.validator === file.validator || file.validator === null
  if (now.size !== size || !(isSame || hasSameDate(file, now))) throw changed(url)
}

/** Whether the states of a file are of nodes of its server, which may have other tags. */
function hasSameDate({ date }: RemoteFile, other: RemoteFile): boolean {
  return typeof date === 'string' && other.date === date
}

/** SHA-256 of the bytes that a mirror has. */
async function digestFrom(file: RemoteFile, access: RemoteAccess, span: Span): Promise<Buffer> {
  const digest = createHash('sha256')
  if (span[1] > span[0])
    for await (const bytes of readSame(file, access, span)) digest.update(bytes)
  return digest.digest()
}

/** Yields bytes of a file from servers that have it with the same tag. */
async function* readSame(
  file: RemoteFile,
  access: RemoteAccess,
  [start, end]: Span,
): AsyncGenerator<Uint8Array> {
  const { size, validator, hasRanges } = file
  // Without a validator, parts of a whole file may be of two
  const isRisky = validator === null && !access.isOnce && start === 0 && end === size
  let at = start
  if (size && hasRanges && !isRisky) {
    try {
      const isSmall = end - start <= PART
      const read = isSmall ? (access.kept ? readKept : readRange) : readParts
      for await (const bytes of read(file, access, [start, end])) {
        at += bytes.length
        yield bytes
      }
      return
    } catch (error) {
      const isUnknown = error instanceof RemoteFault && error.kind === 'no ranges'
      if (!isUnknown || access.isOnce || (validator === null && at > start)) throw error
    }
  }
  const whole = start === 0 && end === size && size <= PART ? await readWhole(file, access) : null
  if (whole) yield whole
  if (whole) return
  let passed = 0
  for await (const bytes of readRange(file, access, null)) {
    if (passed >= end && end !== size) return
    yield bytes.subarray(Math.max(at - passed, 0), Math.max(end - passed, 0))
    passed += bytes.length
  }
}

/** The bytes of a file. `begin` has them received before they are read, if they are few. */
export function earlyBytes(file: RemoteFile, access: RemoteAccess) {
  const { size } = file
  let [held, part]: [Uint8Array | null, Part | null] = [null, null]
  const begin = () => {
    held ??= access.kept?.take(file) ?? null
    if (held || part || !size || size > PART) return
    part = new Part(() => readRemote(file, access), Buffer.allocUnsafeSlow(size))
  }
  const read = async function* () {
    held ??= access.kept?.take(file) ?? null
    if (held) yield held
    else yield* part ? part.read() : readRemote(file, access)
    held = part = null
  }
  return { begin, content: read() }
}

/** Yields a range that comes over a kept connection, or as readRange does. */
async function* readKept(
  file: RemoteFile,
  access: RemoteAccess,
  [start, end]: Span,
): AsyncGenerator<Uint8Array> {
  const part = { room: Buffer.allocUnsafe(end - start), filled: 0 }
  await access.kept?.receive(askedOf(file, access, [start, end], part))
  if (part.filled > 0) yield part.room.subarray(0, part.filled)
  yield* readRange(file, access, [start + part.filled, end])
}

/** Returns a small file that its server sends only as a whole; null if it does not come so. */
async function readWhole(file: RemoteFile, access: RemoteAccess): Promise<Uint8Array | null> {
  if (!access.kept || !file.size) return null
  const part = { room: Buffer.allocUnsafe(file.size), filled: 0 }
  await access.kept.receive(askedOf(file, access, null, part))
  return part.filled === file.size ? part.room : null
}

/** A range, or the whole file, as it is asked for without Node's requests. */
function askedOf<T>(file: RemoteFile, access: RemoteAccess, span: Span | null, part: T) {
  const address = new URL(file.source ?? file.url)
  const range = span ? rangeHeaders(file, span) : {}
  const headers = headersFor(address, address, rulesOf(file, access, range))
  return { address, headers, part, check: requireAsked.bind(null, file, span) }
}

/** Yields the bytes of a file that its server sends in parts, over several connections. */
async function* readParts(
  file: RemoteFile,
  access: RemoteAccess,
  [start, end]: Span,
): AsyncGenerator<Uint8Array> {
  const ending = new AbortController()
  const signal = AbortSignal.any([access.signal, ending.signal])
  const parts: Part[] = []
  const unused: Uint8Array[] = []
  const idle: RangeConnection[] = []
  const arrive = async function* (part: Part, span: Span) {
    if (end - start >= LARGE) {
      const own = idle.pop() ?? new RangeConnection(signal)
      await own.receive(askedOf(file, access, span, part))
      idle.push(own)
    }
    yield* readRange(file, { ...access, signal }, [span[0] + part.filled, span[1]])
  }
  let next = start
  try {
    while (next < end || parts.length > 0) {
      for (; parts.length < CONNECTIONS && next < end; next += PART) {
        const span = [next, Math.min(next + PART, end)] as const
        const room = unused.pop() ?? Buffer.allocUnsafeSlow(PART)
        parts.push(new Part((part) => arrive(part, span), room.subarray(0, span[1] - next)))
      }
      const [first] = parts
      if (first) yield* first.read()
      if (first) unused.push(first.room)
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
  /** The bytes of `room` that were received. */
  filled = 0
  readonly #received: Promise<void>

  constructor(
    arrive: (part: Part) => AsyncIterable<Uint8Array>,
    readonly room: Uint8Array,
  ) {
    this.#received = this.#receive(arrive(this))
    // Whoever reads gets the error, too
    this.#received.catch(() => undefined)
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for (let taken = 0; taken < this.room.length;) {
      let timer: NodeJS.Timeout | undefined
      const waited = new Promise((resolve) => (timer = setTimeout(resolve, MOST_WAIT_MS)))
      await Promise.race([this.#received, waited]).finally(() => {
        clearTimeout(timer)
      })
      const before = taken
      taken = this.filled
      if (taken > before) yield this.room.subarray(before, taken)
    }
  }

  async #receive(arriving: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const bytes of arriving) {
      this.room.set(bytes, this.filled)
      this.filled += bytes.length
    }
  }
}

/**
 * Yields the bytes of a range, over as many connections as that takes; or all of a file that can be
 * had only from its beginning.
 * @throws as readRemote
 */
async function* readRange(
  file: RemoteFile,
  access: RemoteAccess,
  range: Span | null,
): AsyncGenerator<Uint8Array> {
  const { url, size } = file
  let { source = url } = file
  const [start, end] = range ?? [0, size ?? MOST_UNTOLD]
  let at = start
  // Even a file that is said to be empty is asked for
  for (let failures = 0; at < end || !range;) {
    const before = at
    try {
      const headers = range ? rangeHeaders(file, [at, end]) : {}
      const response = await request(url, access, { headers }, source)
      try {
        requireStatus(url, response, range ? [206, 200, 416, 412] : [200])
        requireAsked(file, range && [at, end], response)
        for await (const bytes of response.body) {
          if (at + bytes.length > end) {
            const isPart = size !== null && end !== size
            const asked = `sends more than ${count(end - before, 'byte')} for a range of so many`
            const detail = isPart ? asked : `has more than ${count(end, 'byte')}`
            throw new RemoteFault(url, 'length', detail, { code: 'changed' })
          }
          at += bytes.length
          yield bytes
        }
      } finally {
        response.end()
      }
      if (size === null || at === end) return
      const detail = `ended after ${count(at - start, 'byte')} of ${end - start}`
      throw new RemoteFault(url, 'length', detail, { wait: 0 })
    } catch (error) {
      // Addresses that redirects lead to may not stay
      const isMoved = source !== url && at === before && !access.signal.aborted
      source = url
      if (isMoved) continue
      failures = at - before >= PROGRESS ? 1 : failures + 1
      await pauseAfter(error, failures, { url, access, isResumed: range !== null })
    }
  }
}

function changed(url: string): RemoteFault {
  return new RemoteFault(url, 'changed', 'changed while it was read', { code: 'changed' })
}

/** The headers that ask for a range of a file as it was. */
function rangeHeaders(
  { validator }: RemoteFile,
  [start, end]: Span,
): Readonly<Record<string, string>> {
  return { range: `bytes=${start}-${end - 1}`, ...(validator && { 'if-range': validator }) }
}

/** @throws RemoteFault unless an answer has the range of a file that is the same as before */
function requireAsked(
  { url, size, validator }: RemoteFile,
  range: Span | null,
  { status, headers }: AnswerHead,
): void {
  const tag = headers.get(validator?.startsWith('"') ? 'etag' : 'last-modified')
  // A server that knows no ranges answers with the whole file, which has the same tag
  const isSame = tag === validator ? status <= 206 : tag === null && status === (range ? 206 : 200)
  if (validator !== null && !isSame) throw changed(url)
  if (!range || (status === 200 && range[0] === 0 && range[1] === size)) return
  if (status === 200) throw new RemoteFault(url, 'no ranges', 'sends the whole file for a range')
  if (status !== 206) throw new RemoteFault(url, 'status', `HTTP status ${status}`)
  const [, asked, total] = /^(\d+-\d+)\/(\d+|\*)$/.exec(askedRange(headers)) ?? []
  if (asked !== `${range[0]}-${range[1] - 1}`) throw new RemoteFault(url, 'no ranges', OTHER_RANGE)
  if (total !== '*' && total !== `${size}`)
    throw new RemoteFault(url, 'length', `has ${total} bytes, not ${size}`)
}
