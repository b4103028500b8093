import { Buffer } from 'node:buffer'
import { bencodeText, join } from './encode.js'

const FIRST_ROOM = 1024

/** Bytes of a value that is not copied to memory of exactly its length. */
const LONG = 64 * 1024

/** Longer texts are written by one call; for shorter ones the call takes longer than the bytes. */
const SHORT = 64

/**
 * Receives the bytes of a long value. Many small buffers, or one long text, would take several
 * times as long.
 */
export abstract class ByteSink {
  /** Adds a text in which each character is a byte. */
  abstract text(text: string): void

  /** Adds a range of bytes. */
  abstract bytes(bytes: Uint8Array, from?: number, to?: number): void

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
}

/** Collects the bytes. */
export class ByteWriter extends ByteSink {
  #bytes: Buffer
  /** The number of bytes; may be lowered to take back the last ones. */
  length = 0

  /** `room` is a number of bytes that will probably do. */
  constructor(room = FIRST_ROOM) {
    super()
    // Small ones share memory until they are finished
    this.#bytes = Buffer.allocUnsafe(room)
  }

  override text(text: string): void {
    const { length } = text
    this.#reserve(length)
    if (length > SHORT) {
      this.length += this.#bytes.write(text, this.length, 'latin1')
      return
    }
    for (let at = 0; at < length; at++) this.#bytes[this.length++] = text.charCodeAt(at)
  }

  override bytes(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#reserve(to - from)
    if (to - from > SHORT) {
      this.#bytes.set(bytes.subarray(from, to), this.length)
      this.length += to - from
      return
    }
    for (let at = from; at < to; at++) this.#bytes[this.length++] = bytes[at] ?? 0
  }

  /** Returns what was added. */
  finish(): Uint8Array {
    const written = this.#bytes.subarray(0, this.length)
    return this.length < LONG ? join([written]) : written
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.length + bytes))
    larger.set(this.#bytes.subarray(0, this.length))
    this.#bytes = larger
  }
}

/** Compares the bytes with an expected value, which takes no memory. */
export class ByteComparer extends ByteSink {
  #at = 0
  #isEqual = true

  constructor(private readonly expected: Uint8Array) {
    super()
  }

  /** Whether all was added, and nothing else. */
  get isEqual(): boolean {
    return this.#isEqual && this.#at === this.expected.length
  }

  override text(text: string): void {
    for (let at = 0; at < text.length && this.#isEqual; at++) this.#next(text.charCodeAt(at))
  }

  override bytes(bytes: Uint8Array, from = 0, to = bytes.length): void {
    for (let at = from; at < to && this.#isEqual; at++) this.#next(bytes[at])
  }

  #next(byte: number | undefined): void {
    if (this.expected[this.#at++] !== byte) this.#isEqual = false
  }
}
