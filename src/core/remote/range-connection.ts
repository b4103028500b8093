import type { Socket } from 'node:net'
import { connectDirectly } from './http-connection.js'
import { HEADERS_MS, PROGRESS, type HttpResponse } from './http-request.js'

/** Longest head of an answer in bytes. */
const LONGEST_HEAD = 16 * 1024

/** A line of a head: a name and a value, which may have blanks around it. */
const FIELD = /^([!#$%&'*+.^`|~\w-]+):([\t\x20-\x7e\x80-\xff]*)$/

/** The status and headers of an answer. */
export interface AnswerHead extends Pick<HttpResponse, 'status'> {
  readonly headers: Pick<HttpResponse['headers'], 'get'>
}

/** A range that is asked for. */
interface Asked {
  readonly headers: Readonly<Record<string, string>>
  /** The memory for exactly its bytes, and how many of them have come. */
  readonly part: { readonly room: Uint8Array; filled: number }
  /** Throws for an answer that has other bytes. */
  readonly check: (head: AnswerHead) => void
}

/**
 * A connection that receives ranges in the memory where they are hashed. Node's own requests copy
 * all bytes, in chunks of 64 KiB, and take twice the processor time; they are for all that does not
 * come as usual.
 */
export class RangeConnection {
  readonly #head = Buffer.allocUnsafeSlow(LONGEST_HEAD)
  /** The memory that bytes are read into: the head, or that for the body. */
  #room: Uint8Array = this.#head
  #filled = 0
  #asked: Asked | null = null
  #end: () => void = () => undefined
  #socket: Socket | null = null
  #isOdd = false

  /** It ends with `signal`. */
  constructor(
    private readonly address: URL,
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves when a range has come, or as much of it as comes in this way. */
  async receive(asked: Asked): Promise<void> {
    const { host, pathname, search } = this.address
    const lines = Object.entries({ host, ...asked.headers }).map((field) => field.join(': '))
    if (this.#isOdd || !lines.every((line) => FIELD.test(line))) return
    if (!this.#socket?.writable) await this.#open()
    if (!this.#socket?.writable) return
    let before = 0
    const watch = setInterval(() => {
      if (asked.part.filled - before < PROGRESS) this.#giveUp()
      before = asked.part.filled
    }, HEADERS_MS)
    this.#asked = asked
    await new Promise<void>((resolve) => {
      this.#end = resolve
      const request = [`GET ${pathname}${search} HTTP/1.1`, ...lines, '', '']
      this.#socket?.write(request.join('\r\n'), 'latin1')
    })
    clearInterval(watch)
  }

  async #open(): Promise<void> {
    ;[this.#room, this.#filled] = [this.#head, 0]
    const buffer = () => this.#room.subarray(this.#filled)
    const callback = (count: number) => {
      if (count > 0 && !this.#isOdd) this.#take(count)
      return !this.#isOdd
    }
    const how = { onread: { buffer, callback }, signal: this.signal }
    this.#socket = await connectDirectly(this.address, how).catch(() => null)
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
    const { part, check } = this.#asked ?? {}
    if (!part || !check) {
      this.#giveUp()
      return
    }
    const { room } = part
    if (this.#room !== room) {
      const end = this.#head.subarray(0, this.#filled).indexOf('\r\n\r\n')
      if (end < 0 && this.#filled < LONGEST_HEAD) return
      const rest = this.#head.subarray(end + 4, this.#filled)
      const head = end < 0 ? null : parseHead(this.#head.toString('latin1', 0, end))
      if (!head || rest.length > room.length || !isUsual(head, room.length, check)) {
        this.#giveUp()
        return
      }
      room.set(rest)
      ;[this.#room, this.#filled] = [room, rest.length]
    }
    part.filled = this.#filled
    if (part.filled < room.length) return
    ;[this.#room, this.#filled, this.#asked] = [this.#head, 0, null]
    this.#end()
  }
}

function isUsual({ status, headers }: AnswerHead, length: number, check: Asked['check']): boolean {
  const isPlain = /^(identity)?$/.test(headers.get('content-encoding') ?? '')
  const isWhole = headers.get('content-length') === `${length}` && !headers.get('transfer-encoding')
  try {
    check({ status, headers })
    return status === 206 && isPlain && isWhole
  } catch {
    return false
  }
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
