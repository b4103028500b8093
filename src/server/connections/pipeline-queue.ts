import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { CountedResponse } from './counted-response.js'
import type { ConnectionFollower } from './connections.js'
import { ClientThrottle, type ClientThrottleRules, HeldSockets } from './client-throttle.js'
import { Greediest } from './greediest.js'

/** What was begun last on a connection; of a map of all, each request would make an entry. */
const BEGUN = Symbol('begun')

interface Begun extends Socket {
  [BEGUN]?: CountedResponse
}

export type Handler = (request: IncomingMessage, response: CountedResponse) => void

export interface PipelineRules {
  /** Hears of requests that were not begun when their connection closed. */
  readonly onLeft: (request: IncomingMessage) => void
  /**
   * How many requests of a connection may wait for their turn before it is not read until all of
   * them have begun. What is read at once, 64 KiB, may hold more in any case.
   */
  readonly maxWaiting: number
  /** How many may wait on all connections together: beyond, that on which most wait is closed. */
  readonly maxOfAll?: number
  /** What stands for the client of a connection; null for one through which many clients come. */
  readonly keyOf: ClientThrottleRules['keyOf']
  /** How many may wait of a client before its connections are read one at a time. */
  readonly maxOfClient?: number
}

/** Each takes about 2 KB. */
const MAX_OF_ALL = 20_000

/** Several clients of BitTorrent behind one address, each of which pipelines a piece of many files. */
const MAX_OF_CLIENT = 1000

/** Begins pipelined requests of the connections of a server one after the other. */
export class PipelineQueue implements ConnectionFollower {
  readonly #rules: PipelineRules
  readonly #held = new HeldSockets()
  readonly #waiting = new Map<Socket, Set<IncomingMessage>>()
  readonly #clients: ClientThrottle
  readonly #greediest = new Greediest<Socket>()
  #count = 0

  constructor(rules: PipelineRules) {
    this.#rules = rules
    const { keyOf, maxOfClient = MAX_OF_CLIENT } = rules
    this.#clients = new ClientThrottle({ keyOf, maxWaiting: maxOfClient, held: this.#held })
  }

  /** Takes up a connection of a server on which requests have their turns. */
  readonly come = (socket: Socket): void => {
    this.#clients.follow(socket)
  }

  /** Forgets one that has closed, and what was asked on it. */
  readonly gone = (socket: Socket): void => {
    this.#leave(socket)
    this.#clients.leave(socket)
  }

  /**
   * Makes a handler that begins a pipelined request only when the answers before its own are sent.
   * What is begun then has the connection, so its response emits `close` when the client leaves. The
   * requests that were not begun by then are never begun, and onLeft hears of each. Between two
   * requests of a connection those of all others have their turn.
   */
  inTurn(handler: Handler): Handler {
    const begin: Handler = (request, response) => {
      ;(request.socket as Begun)[BEGUN] = response
      handler(request, response)
    }
    return (request, response) => {
      // Node gives it to one response after the other
      if (response.socket) begin(request, response)
      else this.#wait(request, response, begin)
    }
  }

  /** Whether an answer is on its way, which bytes sent now would be taken for a part of. */
  isAnswering(socket: Socket): boolean {
    const response = (socket as Begun)[BEGUN]
    // Node takes it from a response whose answer is sent
    return response?.socket === socket && response.headersSent
  }

  /** Whether requests of a connection wait for their turn. */
  isAwaited(socket: Socket): boolean {
    return (this.#waiting.get(socket)?.size ?? 0) > 0
  }

  #wait(request: IncomingMessage, response: CountedResponse, handler: Handler): void {
    const { socket } = request
    if (socket.destroyed) return
    const requests = this.#of(socket).add(request)
    this.#count++
    this.#greediest.set(socket, requests.size)
    this.#clients.note(socket, 1)
    if (requests.size > this.#rules.maxWaiting) this.#held.hold(socket, this)
    if (this.#count > (this.#rules.maxOfAll ?? MAX_OF_ALL)) this.#closeGreediest()
    const begin = () => {
      if (socket.destroyed || !requests.delete(request)) return
      this.#count--
      this.#greediest.set(socket, requests.size)
      this.#clients.note(socket, -1)
      if (requests.size === 0) this.#held.release(socket, this)
      handler(request, response)
    }
    // Node has yet to finish handing the connection over
    response.once('socket', () => {
      setImmediate(begin)
    })
  }

  #of(socket: Socket): Set<IncomingMessage> {
    const known = this.#waiting.get(socket)
    if (known) return known
    const requests = new Set<IncomingMessage>()
    this.#waiting.set(socket, requests)
    return requests
  }

  #closeGreediest(): void {
    const socket = this.#greediest.first
    if (socket) this.#close(socket)
  }

  #close(socket: Socket): void {
    socket.destroy()
    this.#leave(socket)
  }

  /** Forgets what a client that is gone still waited for. */
  #leave(socket: Socket): void {
    const requests = this.#waiting.get(socket)
    if (!requests) return
    this.#waiting.delete(socket)
    this.#greediest.set(socket, 0)
    this.#count -= requests.size
    this.#clients.note(socket, -requests.size)
    for (const request of requests) this.#rules.onLeft(request)
    requests.clear()
  }
}
