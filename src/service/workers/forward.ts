import {
  request as ask,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { isSecure } from '../../web/make-server.js'
import { refuseBusy, refuseFailed } from '../../web/refuse-connection.js'
import type { HandedFile } from './handed-file.js'
import { ASKED, neededHeaders } from './internal-headers.js'
import { MainAgent } from './main-agent.js'
import { readPassedAnswer, type PassedAnswer } from './passed-answer.js'

/** Bytes of the header of an answer: it may hold long paths. */
const MAX_HEADER = 256 * 1024

export interface ForwarderParts {
  /** The Unix socket at which the main process answers. */
  readonly mainPath: string
  /** The client's address; null where nobody knows it. */
  readonly addressOf: (request: IncomingMessage) => string | null
  /** Hears which route a request took. */
  readonly onRoute: (request: IncomingMessage, route: string) => void
  /** Hears of an answer that may be given to others as well. */
  readonly onKeepable: (request: IncomingMessage, answer: KeepableAnswer) => void
  /** Sends a file as the body of an answer that `begin` begins; false when it is not there any more. */
  readonly sendFile: (
    file: HandedFile,
    response: ServerResponse,
    begin: () => void,
  ) => Promise<boolean>
  /** Milliseconds on a clock that is never set. */
  readonly monotonic: () => number
  /** Hears of what goes wrong between the processes. */
  readonly onError: (error: unknown) => void
}

/** An answer that may be given to others as well, until a time on the clock that is never set. */
export interface KeepableAnswer extends Pick<PassedAnswer, 'headers' | 'torrent'> {
  readonly body: Buffer
  readonly until: number
}

/** Passes requests on to the main process, and its answers to the clients. */
export class Forwarder {
  readonly #parts: ForwarderParts
  readonly #agent: MainAgent

  constructor(parts: ForwarderParts) {
    this.#parts = parts
    this.#agent = new MainAgent(parts.mainPath)
  }

  /** Has a request answered; the main process hears of it when the client leaves. */
  forward(request: IncomingMessage, response: ServerResponse): void {
    this.#ask(request, response, [])
  }

  /** Closes the connections to the main process. */
  close(): void {
    this.#agent.destroy()
  }

  #ask(request: IncomingMessage, response: ServerResponse, added: readonly string[]): void {
    const { onError, monotonic } = this.#parts
    const askedAt = monotonic()
    const asked = this.#begin(request, response, added)
    if (asked === null) return
    const leave = () => {
      asked.destroy()
    }
    response.once('close', leave)
    asked.on('response', (answer) => {
      this.#pass({ request, response, answer, askedAt }).catch((error: unknown) => {
        if (!response.destroyed) onError(error)
        response.destroy()
      })
    })
    asked.on('error', (error) => {
      if (response.destroyed) return
      onError(error)
      if (response.headersSent) response.destroy()
      else refuseBusy(response)
    })
    if (hasBody(request)) passBody(request, response, asked)
    else asked.end()
  }

  /** The request to the main process; null when there can't be one, which the client is then told. */
  #begin(
    request: IncomingMessage,
    response: ServerResponse,
    added: readonly string[],
  ): ClientRequest | null {
    const { method = 'GET', url = '/', rawHeaders, httpVersion } = request
    const version = httpVersion === '1.1' ? [] : [ASKED.version, httpVersion]
    const secure = isSecure(request) ? [ASKED.secure, '1'] : []
    const client = this.#parts.addressOf(request) ?? ''
    const own = [ASKED.client, client, ...version, ...secure, ...added]
    // The types know no list of names and values, which alone keeps what is said twice
    const headers = [...neededHeaders(rawHeaders), ...own] as unknown as Record<string, string>
    try {
      return ask({ agent: this.#agent, method, path: url, headers, maxHeaderSize: MAX_HEADER })
    } catch (error) {
      // Nothing that a client says may end the process
      this.#parts.onError(error)
      refuseFailed(response)
      return null
    }
  }

  async #pass({ request, response, answer, askedAt }: Answered): Promise<void> {
    const { onRoute, onKeepable, sendFile } = this.#parts
    const passed = readPassedAnswer(answer)
    if (passed.route !== null) onRoute(request, passed.route)
    const begin = () => {
      response.writeHead(passed.status, passed.statusMessage, [...passed.headers])
    }
    if (passed.file) {
      answer.resume()
      if (await sendFile(passed.file, response, begin)) return
      this.#ask(request, response, [ASKED.whole, '1'])
    } else if (passed.again > 0) {
      const body = await buffer(answer)
      onKeepable(request, { ...passed, body, until: askedAt + passed.again })
      begin()
      response.end(body)
    } else {
      begin()
      pipeline(answer, response, () => undefined)
    }
  }
}

/** A request, and what the main process answers to it. */
interface Answered {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly answer: IncomingMessage
  readonly askedAt: number
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
}

/** Passes a body on as it comes; what comes of it after the answer is dropped, as Node does by itself. */
function passBody(request: IncomingMessage, response: ServerResponse, asked: ClientRequest): void {
  // The answer may not need it
  asked.flushHeaders()
  request.pipe(asked)
  response.once('close', () => {
    request.unpipe(asked)
    request.resume()
  })
}
