import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { LargestHolder } from './connection-limits.js'
import type { ConnectionFollower } from './connections.js'
import type { CountedResponse } from './counted-response.js'

/** The last response begun on a connection; of a map of all, each request would make an entry. */
const BEGUN = Symbol('begun')

interface Begun extends Socket {
  [BEGUN]?: CountedResponse
}

export type Handler = (request: IncomingMessage, response: CountedResponse) => void

export interface PipelineRules {
  /** Receives requests that had not begun when their connection closed. */
  readonly onLeft: (request: IncomingMessage) => void
  /**
   * Most waiting requests of a connection before its reading stops until all of them have begun.
   * One read of 64 KiB may hold more in any case.
   */
  readonly maxWaiting: number
  /** Most waiting requests of all connections; beyond, the connection with the most is closed. */
  readonly maxOfAll?: number
  /** Key of a connection's client; null for a connection that many clients share. */
  readonly keyOf: ClientThrottleRules['keyOf']
  /** Most waiting requests of a client before its connections are read one at a time. */
  readonly maxOfClient?: number
}

/** Waiting requests of all connections; each takes about 2 KB. */
const MAX_OF_ALL = 20_000

/**
 * Enough for several BitTorrent clients behind one address that each pipeline a piece of many
 * files.
 */
const MAX_OF_CLIENT = 1000

/** Begins the pipelined requests of a server's connections one after the other. */
export class PipelineQueue implements ConnectionFollower {
  readonly #held = new HeldSockets()
  readonly #waiting = new Map<Socket, Set<IncomingMessage>>()
  readonly #clients: ClientThrottle
  readonly #largest = new LargestHolder<Socket>()
  #count = 0

  constructor(private readonly rules: PipelineRules) {
    const { keyOf, maxOfClient = MAX_OF_CLIENT } = rules
    this.#clients = new ClientThrottle({ keyOf, maxWaiting: maxOfClient, held: this.#held })
  }

  /** Begins to follow a connection. */
  readonly come = (socket: Socket): void => {
    this.#clients.follow(socket)
  }

  /** Forgets a closed connection and its requests. */
  readonly gone = (socket: Socket): void => {
    this.#leave(socket)
    this.#clients.leave(socket)
  }

  /**
   * Makes a handler that begins a pipelined request only after the answers before it are sent. A
   * request that has begun owns the connection, so its response emits `close` when the client
   * leaves. Requests that have not begun by then never begin; `onLeft` receives each of them.
   * Between two requests of a connection, all other connections have their turn.
   */
  inTurn(handler: Handler): Handler {
    const begin: Handler = (request, response) => {
      ;(request.socket as Begun)[BEGUN] = response
      handler(request, response)
    }
    return (request, response) => {
      // Node gives the socket to one response after the other
      if (response.socket) begin(request, response)
      else this.#wait(request, response, begin)
    }
  }

  /** Whether an answer is being sent, so that the client would take other bytes for part of it. */
  isAnswering(socket: Socket): boolean {
    const response = (socket as Begun)[BEGUN]
    // Node removes the socket from a response whose answer is sent
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
    this.#largest.set(socket, requests.size)
    this.#clients.note(socket, 1)
    if (requests.size > this.rules.maxWaiting) this.#held.hold(socket, this)
    if (this.#count > (this.rules.maxOfAll ?? MAX_OF_ALL)) this.#closeLargest()
    const begin = () => {
      if (socket.destroyed || !requests.delete(request)) return
      this.#count--
      this.#largest.set(socket, requests.size)
      this.#clients.note(socket, -1)
      if (requests.size === 0) this.#held.release(socket, this)
      handler(request, response)
    }
    // Node has not finished handing over the connection
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

  #closeLargest(): void {
    const socket = this.#largest.first
    if (socket) this.#close(socket)
  }

  #close(socket: Socket): void {
    socket.destroy()
    this.#leave(socket)
  }

  /** Forgets the requests of a client that has left. */
  #leave(socket: Socket): void {
    const requests = this.#waiting.get(socket)
    if (!requests) return
    this.#waiting.delete(socket)
    this.#largest.set(socket, 0)
    this.#count -= requests.size
    this.#clients.note(socket, -requests.size)
    for (const request of requests) this.rules.onLeft(request)
    requests.clear()
  }
}

export interface ClientThrottleRules {
  /** Key of a connection's client; null for a connection that many clients share. */
  readonly keyOf: (socket: Socket) => string | null
  /** Most waiting requests of a client before its connections are read one at a time. */
  readonly maxWaiting: number
  readonly held: HeldSockets
}

/** A client and its connections. */
interface Client {
  readonly key: string
  readonly sockets: Set<Socket>
  /** Connections that are not read, in the order in which they will be. */
  readonly queue: Set<Socket>
  /** Requests that wait for their turn. */
  waiting: number
  /** Requests that were begun or abandoned. */
  begun: number
  /** Whether its connections are read one at a time. */
  isHeldBack: boolean
  /** Reads the next connection if no request has begun by then. */
  timer: NodeJS.Timeout | null
  isScheduled: boolean
  /** No connection is read before this time (milliseconds of `performance.now`). */
  restsUntil: number
}

/**
 * Longest wait of a client's next connection while none of its requests begins, in milliseconds.
 * The request ahead may be a long download. Its client may also have left, which is not noticed on
 * a connection that is not read.
 */
const PATIENCE = 100

/**
 * After a turn of reading, all connections of the client rest for this many times as long. So other
 * clients get most of the time; libuv reads each of their connections in its own turn.
 */
const REST = 4

/**
 * Makes a client that pipelines on many connections wait for itself, so that others need not. One
 * read returns up to 64 KiB, which may hold 2,000 requests that take 30 ms. While many of a
 * client's requests wait, only one of its connections is read in each round of all connections.
 */
export class ClientThrottle {
  readonly #clients = new Map<string, Client>()
  readonly #clientOf = new Map<Socket, Client>()

  constructor(private readonly rules: ClientThrottleRules) {}

  /** Begins to follow a connection. */
  follow(socket: Socket): void {
    const key = this.rules.keyOf(socket)
    if (key === null) return
    const client = this.#clients.get(key) ?? this.#add(key)
    this.#clientOf.set(socket, client)
    client.sockets.add(socket)
    if (client.isHeldBack) this.#hold(client, socket)
  }

  /** Forgets a closed connection. */
  leave(socket: Socket): void {
    const client = this.#clientOf.get(socket)
    if (!client) return
    this.#clientOf.delete(socket)
    client.sockets.delete(socket)
    client.queue.delete(socket)
    if (client.sockets.size === 0) this.#clients.delete(client.key)
  }

  /** Adds `change` to the number of a connection's waiting requests. */
  note(socket: Socket, change: number): void {
    const client = this.#clientOf.get(socket)
    if (!client) return
    client.waiting += change
    if (change < 0) client.begun -= change
    const isMuch = client.waiting > this.rules.maxWaiting
    if (isMuch && client.isHeldBack) this.#hold(client, socket)
    else if (isMuch) this.#holdAll(client)
    else if (client.isHeldBack) this.#goOnSoon(client)
  }

  #add(key: string): Client {
    const client = newClient(key)
    this.#clients.set(key, client)
    return client
  }

  #holdAll(client: Client): void {
    client.isHeldBack = true
    for (const socket of client.sockets) this.#hold(client, socket)
    this.#goOnLater(client)
  }

  #hold(client: Client, socket: Socket): void {
    if (socket.destroyed || client.queue.has(socket)) return
    client.queue.add(socket)
    this.rules.held.hold(socket, this)
  }

  #goOnLater(client: Client): void {
    const { begun } = client
    client.timer = setTimeout(() => {
      client.timer = null
      if (client.begun === begun) this.#goOnSoon(client)
      else this.#goOnLater(client)
    }, PATIENCE).unref()
  }

  /** Reads the next connection once all others had their turn and the client's rest is over. */
  #goOnSoon(client: Client): void {
    if (client.isScheduled) return
    client.isScheduled = true
    const goOn = () => {
      const rest = client.restsUntil - performance.now()
      if (rest > 0) {
        setTimeout(goOn, rest).unref()
        return
      }
      client.isScheduled = false
      this.#goOn(client)
    }
    setImmediate(goOn)
  }

  /** Reads the next connection. */
  #goOn(client: Client): void {
    if (client.timer) clearTimeout(client.timer)
    client.timer = null
    const [next] = client.queue
    if (next) {
      client.queue.delete(next)
      this.rules.held.release(next, this)
      restAfterTurn(client)
    }
    client.isHeldBack = client.queue.size > 0
    if (!client.isHeldBack) return
    this.#goOnLater(client)
    if (client.waiting <= this.rules.maxWaiting) this.#goOnSoon(client)
  }
}

/** Starts the client's rest after the next read. */
function restAfterTurn(client: Client): void {
  const began = performance.now()
  setImmediate(() => {
    const ended = performance.now()
    client.restsUntil = ended + REST * (ended - began)
  })
}

function newClient(key: string): Client {
  const state = {
    waiting: 0,
    begun: 0,
    isHeldBack: false,
    timer: null,
    isScheduled: false,
    restsUntil: 0,
  }
  return { key, sockets: new Set(), queue: new Set(), ...state }
}

/** Connections that are temporarily not read. */
export class HeldSockets {
  readonly #holders = new WeakMap<Socket, Set<object>>()

  /**
   * Stops reading a connection on behalf of a holder; bytes that were read already still arrive.
   */
  hold(socket: Socket, holder: object): void {
    this.#holdersOf(socket).add(holder)
    socket.pause()
  }

  /** Reads the connection again unless another holder still holds it. */
  release(socket: Socket, holder: object): void {
    const holders = this.#holdersOf(socket)
    if (holders.delete(holder) && holders.size === 0) socket.resume()
  }

  #holdersOf(socket: Socket): Set<object> {
    const known = this.#holders.get(socket)
    if (known) return known
    const holders = new Set<object>()
    this.#holders.set(socket, holders)
    // Node also pauses and resumes by itself, for example when a request ends
    socket.on('resume', () => {
      if (holders.size === 0) return
      // A late event of a socket that is paused again would start reading nevertheless
      if (socket.isPaused()) socket.emit('pause')
      else socket.pause()
    })
    return holders
  }
}
