import { setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import { connectDirectly } from './http-connection.js'
import { HEADERS_MS, PROGRESS, type HttpResponse } from './http-request.js'

/** Longest head of an answer in bytes. */
const LONGEST_HEAD = 16 * 1024

/** A line of a head: a name and a value, which may have blanks around it. */
const FIELD = /^([!#$%&'*+.^`|~\w-]+):([\t\x20-\x7e\x80-\xff]*)$/

/** Bytes that small files have at most, which come with their states. */
export const SMALL = 16 * 1024

/** Most bytes that are held until somebody reads them. */
const MOST_HELD = 32 * 1024 * 1024

/** The status and headers of an answer. */
export interface AnswerHead extends Pick<HttpResponse, 'status'> {
  readonly headers: Pick<HttpResponse['headers'], 'get'>
}

/** A range or a whole file that is asked for, or only its head. */
interface Asked {
  readonly address: URL
  readonly isHead?: boolean
  /** Whether any answer counts whose bytes have room. */
  readonly isAny?: boolean
  readonly headers: Readonly<Record<string, string>>
  /** The memory for exactly its bytes, and how many of them have come. Of a head there are none. */
  readonly part: { readonly room: Uint8Array; filled: number }
  /** Throws for an answer that has other bytes. */
  readonly check: (head: AnswerHead) => void
}

/** A request that was sent, and the head of its answer once that has come. */
interface Exchange {
  readonly asked: Asked
  head: AnswerHead | null
}

/** An answer with all bytes of its body. */
export interface SmallAnswer extends AnswerHead {
  readonly bytes: Uint8Array
}

/**
 * Connections for many small requests, each by the first that is free. Once an answer of a server
 * was not as usual, nothing more is asked in this way.
 */
export class KeptConnections {
  readonly #idle = new Map<string, RangeConnection[]>()
  readonly #odd = new Set<string>()
  /** Servers that send more than the bytes they are asked for. */
  readonly #large = new Set<string>()
  readonly #rooms: Uint8Array[] = []
  /** Files that came with their states. */
  readonly #held = new WeakMap<object, Uint8Array>()
  #heldBytes = 0

  /** They end with `signal`; unused, they do not keep the process alive. */
  constructor(private readonly signal: AbortSignal) {
    // Of a signal that many connections share, Node would warn
    setMaxListeners(0, signal)
  }

  /** Returns the head of the answer when all has come; null if it does not come in this way. */
  async receive(asked: Asked): Promise<AnswerHead | null> {
    const { origin } = asked.address
    if (this.#odd.has(origin)) return null
    const idle = this.#idle.get(origin) ?? []
    this.#idle.set(origin, idle)
    const own = idle.pop() ?? new RangeConnection(this.signal)
    const head = await own.receive(asked)
    if (!own.isOdd) idle.push(own)
    else if (asked.isAny) this.#large.add(origin)
    else this.#odd.add(origin)
    return head
  }

  /**
   * Asks for the first bytes of a file. Returns the answer; null if it does not come in this way,
   * or there is no room to hold its bytes.
   */
  async receiveSmall({
    headers,
    ...asked
  }: Pick<Asked, 'address' | 'headers' | 'check'>): Promise<SmallAnswer | null> {
    if (this.#large.has(asked.address.origin) || this.#heldBytes >= MOST_HELD) return null
    const room = this.#rooms.pop() ?? new Uint8Array(SMALL)
    const part = { room, filled: 0 }
    const ranged = { ...headers, range: `bytes=0-${SMALL - 1}` }
    const head = await this.receive({ ...asked, isAny: true, headers: ranged, part })
    const bytes = Buffer.from(room.subarray(0, part.filled))
    this.#rooms.push(room)
    return head && { ...head, bytes }
  }

  /** Holds the bytes of a file until they are taken. */
  hold(file: object, bytes: Uint8Array): void {
    this.#held.set(file, bytes)
    this.#heldBytes += bytes.length
  }

  /** Returns the bytes of a file if they are held, and forgets them. */
  take(file: object): Uint8Array | null {
    const bytes = this.#held.get(file) ?? null
    this.#held.delete(file)
    this.#heldBytes -= bytes?.length ?? 0
    return bytes
  }
}

/**
 * A connection to one server that receives ranges in the memory where they are hashed. Node's own
 * requests copy all bytes, in chunks of 64 KiB, and take twice the processor time, and many times
 * that of a small file; they are for all that does not come as usual.
 */
export class RangeConnection {
  readonly #head = Buffer.allocUnsafeSlow(LONGEST_HEAD)
  /** The memory that bytes are read into: the head, or that for the body. */
  #room: Uint8Array = this.#head
  #filled = 0
  #exchange: Exchange | null = null
  #end: () => void = () => undefined
  #socket: Socket | null = null
  #isOdd = false

  /** It ends with `signal`. */
  constructor(private readonly signal: AbortSignal) {}

  /** Whether nothing more comes in this way. */
  get isOdd(): boolean {
    return this.#isOdd
  }

  /**
   * Resolves when a range has come, or as much of it as comes in this way: with the head of the
   * answer, or null.
   */
  async receive(asked: Asked): Promise<AnswerHead | null> {
    const { address, isHead = false, headers } = asked
    const { host, pathname, search } = address
    const lines = Object.entries({ host, ...headers }).map((field) => field.join(': '))
    if (this.#isOdd || !lines.every((line) => FIELD.test(line))) return null
    if (!this.#socket?.writable) await this.#open(address)
    if (!this.#socket?.writable) return null
    let before = 0
    const watch = setInterval(() => {
      if (asked.part.filled - before < PROGRESS) this.#giveUp()
      before = asked.part.filled
    }, HEADERS_MS)
    const exchange: Exchange = { asked, head: null }
    this.#exchange = exchange
    this.#socket.ref()
    await new Promise<void>((resolve) => {
      this.#end = resolve
      const method = isHead ? 'HEAD' : 'GET'
      const request = [`${method} ${pathname}${search} HTTP/1.1`, ...lines, '', '']
      this.#socket?.write(request.join('\r\n'), 'latin1')
    })
    clearInterval(watch)
    this.#socket.unref()
    return exchange.head
  }

  async #open(address: URL): Promise<void> {
    ;[this.#room, this.#filled] = [this.#head, 0]
    const buffer = () => this.#room.subarray(this.#filled)
    const callback = (count: number) => {
      if (count > 0 && !this.#isOdd) this.#take(count)
      return !this.#isOdd
    }
    const how = { onread: { buffer, callback }, signal: this.signal }
    this.#socket = await connectDirectly(address, how).catch(() => null)
    // Through a proxy, by an address that cannot be reached, or to a server that spoke first
    if (!this.#socket || this.#isOdd) this.#giveUp()
    this.#socket?.once('close', () => {
      this.#end()
    })
  }

  #giveUp(): void {
    this.#isOdd = true
    this.#socket?.destroy()
    // TLS asks for memory again and again while it gets none, and then never says that the socket
    // is closed
    ;[this.#room, this.#filled] = [this.#head, 0]
    this.#end()
  }

  #take(count: number): void {
    this.#filled += count
    if (!this.#exchange) {
      this.#giveUp()
      return
    }
    const { asked, head } = this.#exchange
    if (head === null && !this.#takeHead(this.#exchange)) return
    asked.part.filled = this.#filled
    if (this.#filled < this.#room.length) return
    ;[this.#room, this.#filled, this.#exchange] = [this.#head, 0, null]
    this.#end()
  }

  /** Returns whether the head has come, and is as usual. */
  #takeHead(exchange: Exchange): boolean {
    const { asked } = exchange
    const end = this.#head.subarray(0, this.#filled).indexOf('\r\n\r\n')
    if (end < 0 && this.#filled < LONGEST_HEAD) return false
    const rest = this.#head.subarray(end + 4, this.#filled)
    const head = end < 0 ? null : parseHead(this.#head.toString('latin1', 0, end))
    const length = head && lengthOf(head, asked)
    if (length === null || rest.length > length) {
      this.#giveUp()
      return false
    }
    const room = asked.part.room.subarray(0, length)
    room.set(rest)
    exchange.head = head
    ;[this.#room, this.#filled] = [room, rest.length]
    return true
  }
}

/** The length of a body in bytes; null for an answer that is not as usual. */
function lengthOf(head: AnswerHead, { isHead, isAny, part, check }: Asked): number | null {
  const { status, headers } = head
  const isPlain = /^(identity)?$/.test(headers.get('content-encoding') ?? '')
  if (!isPlain || headers.get('transfer-encoding')) return null
  try {
    check(head)
  } catch {
    return null
  }
  if (isHead) return status >= 200 ? 0 : null
  const told = headers.get('content-length') ?? ''
  const length = /^\d{1,15}$/.test(told) ? Number(told) : Infinity
  const { length: room } = part.room
  if (isAny) return status >= 200 && length <= room ? length : null
  return [200, 206].includes(status) && length === room ? room : null
}

/** Null if it is none of HTTP/1.1. */
function parseHead(text: string): AnswerHead | null {
  const [first = '', ...lines] = text.split('\r\n')
  const [, status] = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first) ?? []
  const fields = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', value = ''] = FIELD.exec(line) ?? []
    const before = fields.get(name.toLowerCase())
    fields.set(name.toLowerCase(), (before === undefined ? '' : `${before}, `) + value.trim())
  }
  const get = (name: string) => fields.get(name) ?? null
  return status === undefined || fields.has('')
    ? null
    : { status: Number(status), headers: { get } }
}
