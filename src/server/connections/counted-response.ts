import { type IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Client } from './fair-queue.js'
import { inTurn } from './turns.js'
import type { UnreadBytes } from './unread-bytes.js'

type Chunk = string | Uint8Array
type Done = (error?: Error | null) => void

/** Bytes of a large body given to the connection at a time. TLS keeps an encrypted copy of them. */
const SLICE = 64 * 1024

/**
 * Bytes of a body that is sent as a whole, as most torrents are: a second slice takes half as long
 * as the whole answer. The connection keeps the body itself, which others may share.
 */
export const WHOLE = 128 * 1024

/**
 * A response that counts the bytes of its body, and those that its client has not read. A large
 * body is sent in slices, so that it is not copied for each client, and no client holds up the
 * others.
 */
export class CountedResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  /** Counts the unread bytes; null if nothing does. */
  unread: UnreadBytes | null = null
  /** In whose turns a large body is sent. */
  client: Client = null
  /** Why the request is refused, for the log; null if it is not. */
  refusal: string | null = null
  /** Bytes of the body so far, including those the system has not accepted yet. */
  bodyBytes = 0
  /** Bytes of the body that the system had accepted when that was last known. */
  bytesTaken = 0
  #body: Uint8Array | null = null
  #isHeld = false

  /** Whether a body of so many bytes is sent in slices. */
  isLarge({ length }: { readonly length: number }): boolean {
    const { encrypted = false } = this.req.socket as Partial<TLSSocket>
    return length > (encrypted ? SLICE : WHOLE)
  }

  override write(chunk: Chunk, encoding?: BufferEncoding | Done, done?: Done): boolean {
    this.#count(chunk, encoding)
    const isTaken = super.write(chunk, encoding as BufferEncoding, done)
    if (!isTaken) this.#hold()
    return isTaken
  }

  override end(chunk?: Chunk | Done, encoding?: BufferEncoding | Done, done?: Done): this {
    const isBody = chunk != null && chunk !== '' && typeof chunk !== 'function'
    if (isBody && this.isLarge(chunk) && this.req.method !== 'HEAD') {
      const code = typeof encoding === 'string' ? encoding : 'utf8'
      this.#endInSlices(typeof chunk === 'string' ? Buffer.from(chunk, code) : chunk)
      return this
    }
    if (isBody) this.#count(chunk, encoding)
    super.end(chunk, encoding as BufferEncoding, done as () => void)
    this.#hold()
    return this
  }

  /**
   * Ends with a large body in parts. The largest of them may be shared with other responses; the
   * length must be in the header.
   */
  endInParts(parts: readonly Uint8Array[]): void {
    if (this.destroyed) return
    if (this.req.method === 'HEAD') {
      super.end()
      return
    }
    this.#body = parts.reduce((largest, part) => (part.length > largest.length ? part : largest))
    this.#writeNext(parts.flatMap(slicesOf))
  }

  /**
   * Ends an answer, whose header was given by `writeHead`, with a whole body; in a string, each
   * character is a byte (latin1). `end` alone would hand the system header, body and an empty
   * last piece together, as pieces of one list: a short answer takes a quarter more time then. Here
   * header and a string go as one piece, and nothing is left to send when the answer ends. Calls
   * `done` when the system has the body, unless that is large.
   */
  endAtOnce(body: Chunk, done?: () => void): void {
    if (this.isLarge(body)) {
      this.end(body, 'latin1')
      return
    }
    this.#count(body, 'latin1')
    // Not before: a server that stops closes the connections of responses that have ended
    this.#writeAtOnce(body, (error) => {
      done?.()
      if (!error && !this.writableEnded) super.end()
    })
    if (this.writableLength === 0) super.end()
    // Only now it is known what the system has not accepted
    this.#hold()
  }

  /** Else the connection would hold back what is written until the end of the turn. */
  #writeAtOnce(chunk: Chunk, done?: Done): void {
    const { socket } = this
    socket?.cork()
    super.write(chunk, 'latin1', done)
    socket?.uncork()
  }

  /**
   * Writes a part of the body at once. Resolves to true when the system has accepted it, to false
   * when the connection has ended; null if the system has it already.
   */
  writePart(part: Uint8Array): Promise<boolean> | null {
    const { socket } = this
    // The response would drop the part without a word
    if (socket?.destroyed) return Promise.resolve(false)
    const written = new Promise<boolean>((resolve) => {
      this.bodyBytes += part.length
      this.#writeAtOnce(part, (error) => {
        resolve(!error)
      })
      this.#hold()
    })
    return socket?.writableLength === 0 && !socket.destroyed ? null : written
  }

  #writeLater(slices: readonly Uint8Array[]): void {
    inTurn(() => {
      // Its client may have left, or the write failed
      if (!this.destroyed) this.#writeNext(slices)
    }, this.client)
  }

  #endInSlices(body: Uint8Array): void {
    if (this.destroyed) return
    if (!this.headersSent && !this.hasHeader('content-length'))
      this.setHeader('Content-Length', body.length)
    this.endInParts([body])
  }

  #writeNext([slice = NOTHING, ...others]: readonly Uint8Array[]): void {
    if (others.length === 0) {
      this.endAtOnce(slice)
      return
    }
    this.bodyBytes += slice.length
    this.#writeAtOnce(slice, () => {
      this.#writeLater(others)
    })
    this.#hold()
  }

  /** Counts what the system has not accepted of the response, now and after each change. */
  #hold(): void {
    const { unread, socket, writableLength: waiting } = this
    if (!socket || socket.destroyed) return
    this.bytesTaken = Math.max(this.bytesTaken, this.bodyBytes - waiting)
    if (waiting === 0 && !this.#isHeld && !this.#body) return
    if (!this.#isHeld) {
      this.on('drain', () => {
        this.#hold()
      })
    }
    this.#isHeld = true
    unread?.hold(this, socket, { body: this.#body, waiting })
  }

  #count(chunk: Chunk, encoding?: BufferEncoding | Done): void {
    // Node sends no body to HEAD
    if (this.req.method === 'HEAD') return
    if (typeof chunk !== 'string') this.bodyBytes += chunk.byteLength
    else this.bodyBytes += Buffer.byteLength(chunk, encoding as BufferEncoding)
  }
}

const NOTHING = new Uint8Array(0)

function slicesOf(part: Uint8Array): Uint8Array[] {
  const count = Math.ceil(part.length / SLICE)
  return Array.from({ length: count }, (_, i) => part.subarray(i * SLICE, (i + 1) * SLICE))
}
