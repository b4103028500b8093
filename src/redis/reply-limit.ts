/** Most bytes of one reply, and the bytes that each of its items counts for besides its own. */
const MOST_MIB = 64
const ITEM_BYTES = 64

const [CR, STRING, ARRAY] = [13, 36, 42]

/** First bytes of items in RESP2: `+`, `-`, `:`, `$` and `*`. */
const TYPES: readonly number[] = [43, 45, 58, STRING, ARRAY]

/** A length has at most so many digits. Any number of them would need memory. */
const MOST_DIGITS = 10

/**
 * Follows the replies of a server without keeping them, to find those that are too large. The reader
 * of replies would reserve memory for any length that a server announces.
 */
export class ReplyLimit {
  /** Bytes of the reply so far, with those that it announced. */
  #bytes = 0
  /** Bytes until the next item begins, or that a line begins with. */
  #ahead = 0
  /** First byte of the line that is being read; 0 between lines. */
  #type = 0
  #digits = ''

  /**
   * Follows the next bytes of the connection.
   * @throws Error if a reply is too large, or is not RESP2
   */
  follow(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#ahead > 0) {
        const passed = Math.min(this.#ahead, chunk.length - at)
        this.#ahead -= passed
        at += passed
      } else this.#readByte(chunk[at++] ?? 0)
    }
    if (this.#bytes > MOST_MIB * 2 ** 20)
      throw new Error(`the server sent a reply of more than ${MOST_MIB} MiB`)
  }

  /** Starts to count again: a reply is complete. */
  reset(): void {
    this.#bytes = 0
  }

  #readByte(byte: number): void {
    this.#bytes++
    if (this.#type === 0) {
      if (!TYPES.includes(byte)) throw new Error('the server does not speak the protocol of Redis')
      this.#bytes += ITEM_BYTES
      this.#type = byte
    } else if (byte === CR) this.#endLine()
    else if (this.#isLength() && this.#digits.length <= MOST_DIGITS)
      this.#digits += String.fromCharCode(byte)
  }

  #isLength(): boolean {
    return this.#type === STRING || this.#type === ARRAY
  }

  #endLine(): void {
    // The line feed
    this.#ahead = 1
    if (this.#isLength() && this.#digits !== '-1') this.#announce()
    this.#type = 0
    this.#digits = ''
  }

  #announce(): void {
    const isValid = /^\d+$/.test(this.#digits) && this.#digits.length <= MOST_DIGITS
    if (!isValid) throw new Error('the server sent a length that is none')
    const length = Number(this.#digits)
    if (this.#type === STRING) this.#ahead += length + 2
    this.#bytes += this.#type === STRING ? length : length * ITEM_BYTES
  }
}
