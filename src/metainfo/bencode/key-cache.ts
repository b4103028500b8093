import { Buffer } from 'node:buffer'

const SLOTS = 256

/** Longer keys are rare, and comparing them would cost more than making them. */
const LONGEST = 32

/** What all readers know: to make it anew takes longer than to read a small torrent. */
const slots = new Array<string>(SLOTS).fill('')

/**
 * Turns the bytes of dictionary keys into latin1 strings. A torrent of a million files spells
 * `length` and `path` a million times; remembering the last few keys saves both time and memory.
 */
export class KeyCache {
  readonly #whole: Buffer

  /** `whole` is the array that all keys are views of. */
  constructor(whole: Uint8Array) {
    this.#whole = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
  }

  /** The latin1 string of `bytes`. */
  textOf(bytes: Uint8Array): string {
    const { length } = bytes
    if (length > LONGEST) return this.#latin1(bytes)
    const slot = (length * 31 + (bytes[0] ?? 0) * 7 + (bytes[length - 1] ?? 0)) % SLOTS
    const known = slots[slot]
    if (known !== undefined && isSame(known, bytes)) return known
    const text = this.#latin1(bytes)
    slots[slot] = text
    return text
  }

  #latin1({ byteOffset, byteLength }: Uint8Array): string {
    const start = byteOffset - this.#whole.byteOffset
    return this.#whole.toString('latin1', start, start + byteLength)
  }
}

function isSame(text: string, bytes: Uint8Array): boolean {
  if (text.length !== bytes.length) return false
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) !== bytes[at]) return false
  }
  return true
}
