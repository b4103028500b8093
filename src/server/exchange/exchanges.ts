import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsOf } from '../connections/connections.js'
import type { CountedResponse } from '../connections/counted-response.js'
import { isAwaited } from '../connections/request-turns.js'
import type { ServerContext } from '../context.js'

/** A connection, with its request that is being answered: the next one begins behind it. */
interface Followed extends Socket {
  [UNDER_WAY]?: OpenExchange | undefined
}

const UNDER_WAY = Symbol('under way')

/** Follows each request until its answer is sent or its client has left. */
export class Exchanges {
  /** The open connections of each server. */
  readonly #open: ReadonlySet<Followed>[] = []

  /** Calls `report` once for each exchange, when it is over. */
  constructor(
    private readonly report: (exchange: Exchange) => void,
    private readonly clock: Pick<ServerContext, 'monotonic'>,
  ) {}

  /** Number of open connections. */
  get connections(): number {
    return this.#open.reduce((sum, { size }) => sum + size, 0)
  }

  /** Number of requests that are being answered. */
  get underWay(): number {
    return this.#open.flatMap((open) => [...open]).filter((socket) => socket[UNDER_WAY]).length
  }

  /** Connections that have sent something, all of which had its turn. */
  asked(): Set<Socket> {
    const open = this.#open.flatMap((each) => [...each])
    return new Set(open.filter((socket) => socket.bytesRead > 0 && !isAwaited(socket)))
  }

  /** Follows the connections of a server. */
  follow(server: Server): void {
    const connections = connectionsOf(server)
    this.#open.push(connections.open)
    const gone = (socket: Followed) => {
      if (socket[UNDER_WAY]) this.#end(socket[UNDER_WAY], false)
    }
    connections.follow({ gone })
  }

  /** Begins to follow a request. If the system has taken the whole answer already, it is over. */
  begin(
    request: IncomingMessage,
    response: CountedResponse,
    route = NO_ROUTE,
    startedAt = this.clock.monotonic(),
  ): void {
    const exchange = { request, response, startedAt, route }
    ;(request.socket as Followed)[UNDER_WAY] = exchange
    if (response.writableEnded && response.socket?.writableLength === 0) {
      this.#end(exchange, true)
      return
    }
    response.once('finish', () => {
      // Node also emits this for an aborted answer, which is reported when its connection closes
      if (!response.destroyed) this.#end(exchange, true)
    })
  }

  /** Records the route of a request. */
  readonly setRoute = (request: IncomingMessage, route: string): void => {
    const exchange = (request.socket as Followed)[UNDER_WAY]
    if (exchange?.request === request) exchange.route = route
  }

  /** Reports a request that never began, because its client left first. */
  readonly reportLeft = (request: IncomingMessage): void => {
    const outcome = { status: CLIENT_LEFT, bytes: 0, milliseconds: 0, isComplete: false }
    this.report({ request, route: NO_ROUTE, ...outcome })
  }

  /**
   * Reports bytes that were not a request, or one for a tunnel, and were refused with a line of
   * text.
   */
  refuse(
    socket: Followed,
    { status, bytes }: Pick<Exchange, 'status' | 'bytes'>,
    tunnel?: IncomingMessage,
  ): void {
    const first = socket[UNDER_WAY]
    socket[UNDER_WAY] = undefined
    const request = tunnel ??
      first?.request ?? { socket, headers: {}, method: undefined, url: undefined }
    const milliseconds = first ? this.clock.monotonic() - first.startedAt : 0
    const route = first?.route ?? NO_ROUTE
    this.report({ request, route, status, bytes, milliseconds, isComplete: true })
  }

  #end(exchange: OpenExchange, isComplete: boolean): void {
    const { request, response, startedAt, route } = exchange
    const socket: Followed = request.socket
    if (socket[UNDER_WAY] !== exchange) return
    socket[UNDER_WAY] = undefined
    this.report({
      request,
      route,
      status: response.headersSent ? response.statusCode : CLIENT_LEFT,
      bytes: isComplete ? response.bodyBytes : response.bytesTaken,
      milliseconds: this.clock.monotonic() - startedAt,
      isComplete,
      refusal: response.refusal,
    })
  }
}

const NO_ROUTE = 'none'

/** A request whose answer is not complete yet. */
export interface OpenExchange {
  readonly request: IncomingMessage
  readonly response: CountedResponse
  readonly startedAt: number
  route: string
}

/** A request and its result. */
export interface Exchange {
  /** Of an unreadable request only the connection is known. */
  readonly request: Pick<IncomingMessage, 'socket' | 'headers' | 'method' | 'url'>
  /** The router's name of its route. */
  readonly route: string
  /** 499 if the client left before there was an answer. */
  readonly status: number
  /** Bytes of the body that the system accepted; for an interrupted answer, accurate to 256 KiB. */
  readonly bytes: number
  readonly milliseconds: number
  /** Whether the system accepted the whole answer. */
  readonly isComplete: boolean
  /** See `CountedResponse`. */
  readonly refusal?: string | null
}

/** nginx's status for a client that left without an answer; HTTP has none. */
const CLIENT_LEFT = 499
