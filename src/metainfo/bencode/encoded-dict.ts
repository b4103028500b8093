import { decodeBencode } from './decode.js'
import type { BencodeValue, Span } from './value.js'

/** A dictionary in checked bytes. A value is decoded when it is requested, and is not kept. */
export class EncodedDict {
  readonly bytes: Uint8Array
  /** The positions of its entries in `bytes`, by key. */
  readonly spans: ReadonlyMap<string, Span>

  constructor(bytes: Uint8Array, spans: ReadonlyMap<string, Span>) {
    this.bytes = bytes
    this.spans = spans
  }

  has(key: string): boolean {
    return this.spans.has(key)
  }

  get(key: string): BencodeValue | undefined {
    const span = this.spans.get(key)
    return span && decodeBencode(this.bytes, span.start)
  }
}
