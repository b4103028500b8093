import { ServerResponse, type IncomingMessage } from 'node:http'

type Chunk = string | Uint8Array
type Done = (error?: Error | null) => void

/** A response that counts the bytes of its body. */
export class CountedResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  #bytes = 0

  /** Bytes of the body so far, including those the system has not accepted yet. */
  get bodyBytes(): number {
    return this.#bytes
  }

  override write(chunk: Chunk, encoding?: BufferEncoding | Done, done?: Done): boolean {
    this.#count(chunk, encoding)
    return super.write(chunk, encoding as BufferEncoding, done)
  }

  override end(chunk?: Chunk | Done, encoding?: BufferEncoding | Done, done?: Done): this {
    if (typeof chunk !== 'function') this.#count(chunk, encoding)
    return super.end(chunk, encoding as BufferEncoding, done as () => void)
  }

  #count(chunk: Chunk | null | undefined, encoding?: BufferEncoding | Done): void {
    // Node sends no body to HEAD
    if (chunk == null || this.req.method === 'HEAD') return
    if (typeof chunk !== 'string') this.#bytes += chunk.byteLength
    else this.#bytes += Buffer.byteLength(chunk, encoding as BufferEncoding)
  }
}
