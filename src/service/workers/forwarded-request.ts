import type { IncomingMessage, ServerResponse } from 'node:http'
import { markSecure } from '../../web/make-server.js'
import { encodeHandedFile, type HandedFile } from './handed-file.js'
import { ASKED, TOLD } from './internal-headers.js'

/** A request that came to a worker, which passed it on to the main process. */
export class ForwardedRequest {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
  }

  /** The address of the client; null where nobody knows it. */
  get client(): string | null {
    return this.#field(ASKED.client) || null
  }

  /** Which version of HTTP the client speaks. */
  get httpVersion(): string {
    return this.#field(ASKED.version) ?? '1.1'
  }

  /** Whether the client speaks TLS. */
  get isSecure(): boolean {
    return this.#field(ASKED.secure) !== undefined
  }

  /** Whether the worker can send a file itself. */
  get takesFiles(): boolean {
    return this.#field(ASKED.whole) === undefined
  }

  /** Tells the worker which route it took. */
  tellRoute(route: string): void {
    this.#response.setHeader(TOLD.route, route)
  }

  /**
   * Lets the worker give the answer, until so many milliseconds from now, to others as well, which
   * counts as requests for the torrent of that info hash.
   */
  allowAgain(milliseconds: number, infoHash: string): void {
    if (milliseconds <= 0) return
    this.#response.setHeader(TOLD.again, String(milliseconds))
    this.#response.setHeader(TOLD.torrent, infoHash)
  }

  /** Has the worker send a stretch of a file in place of the answer's body. */
  handOver(file: HandedFile): void {
    this.#response.setHeader(TOLD.file, encodeHandedFile(file))
  }

  /**
   * Has the client's connection closed after the answer. What still comes of the request is dropped:
   * were the worker's connection closed instead, it might lose the answer on it.
   */
  closeClient(): void {
    this.#response.setHeader(TOLD.close, '1')
    this.#request.resume()
  }

  #field(name: string): string | undefined {
    const value = this.#request.headers[name]
    return typeof value === 'string' ? value : undefined
  }
}

const forwarded = new WeakMap<IncomingMessage, ForwardedRequest>()

/** Takes a request for one that a worker passed on: to be called where no stranger can ask. */
export function takeForwarded(
  request: IncomingMessage,
  response: ServerResponse,
): ForwardedRequest {
  const taken = new ForwardedRequest(request, response)
  forwarded.set(request, taken)
  request.httpVersion = taken.httpVersion
  if (taken.isSecure) markSecure(request)
  return taken
}

/** What a worker told of a request; undefined when it came from a client itself. */
export function forwardedOf(request: IncomingMessage): ForwardedRequest | undefined {
  return forwarded.get(request)
}
