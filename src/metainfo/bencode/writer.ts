import { Buffer } from 'node:buffer'
import { bencodeText } from './encode.js'

const FIRST_ROOM = 1024

/** Longer texts are written by one call; for shorter ones the call takes longer than the bytes. */
const SHORT = 64

/** Collects the bytes of a long value. Many small buffers, or one long text, would take several times as long. */
export class ByteWriter {
  #bytes: Buffer
  /** The number of bytes; may be lowered to take back the last ones. */
  length = 0

  /** `room` is a number of bytes that will probably do. */
  constructor(room = FIRST_ROOM) {
    this.#bytes = Buffer.allocUnsafeSlow(room)
  }

  /** Adds a text in which each character is a byte. */
  text(text: string): void {
    const { length } = text
    this.#reserve(length)
    if (length > SHORT) {
      this.length += this.#bytes.write(text, this.length, 'latin1')
      return
    }
    for (let at = 0; at < length; at++) this.#bytes[this.length++] = text.charCodeAt(at)
  }

  /** Adds a range of bytes. */
  bytes(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#reserve(to - from)
    if (to - from > SHORT) {
      this.#bytes.set(bytes.subarray(from, to), this.length)
      this.length += to - from
      return
    }
    for (let at = from; at < to; at++) this.#bytes[this.length++] = bytes[at] ?? 0
  }

  /** Adds a length and a range of bytes, as a string of bencode. */
  string(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.text(`${to - from}:`)
    this.bytes(bytes, from, to)
  }

  /**
   * Adds an integer.
   * @throws BtkitError `bencode` as encodeBencode
   */
  integer(integer: number): void {
    this.text(bencodeText(integer))
  }

  /** Returns what was added. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.length + bytes))
    larger.set(this.#bytes.subarray(0, this.length))
    this.#bytes = larger
  }
}
