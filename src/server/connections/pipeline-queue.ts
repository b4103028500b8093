import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionFollower, KeyOf } from './connections.js'
import type { CountedResponse } from './counted-response.js'
import { inTurn, isTurnOver } from './turns.js'

/**
 * The last response that was started on a connection. It is a property of the socket, because a map
 * would get an entry for each request.
 */
const BEGUN = Symbol('begun')

/** The client of a connection; missing if many clients share it. */
const CLIENT = Symbol('client')

interface Followed extends Socket {
  [BEGUN]?: CountedResponse
  [CLIENT]?: Client
}

/** The connections of a client, and its waiting requests. */
interface Client {
  readonly key: string
  /** The connection that was read last is the last one. */
  readonly sockets: Set<Socket>
  waiting: number
  /** Whether none of its connections is read. */
  isHeld: boolean
  /** Whether a request of it has begun while they were not. */
  isMoving: boolean
}

export type Handler = (request: IncomingMessage, response: CountedResponse) => void

/**
 * Most waiting requests of all connections, about 2 KB each; beyond, the connection with the most
 * is closed.
 */
const MAX_OF_ALL = 10_000

/**
 * Most waiting requests of a client before none of its connections is read until half of them have
 * begun, or none begins for a while. Each read of each connection may bring hundreds, so that
 * reading all would take seconds. A single connection has fewer: nobody's neighbours wait for one
 * slow download.
 */
const MAX_OF_CLIENT = 2000

/**
 * Milliseconds of that while for each client to which this happens: clients behind one address do
 * not wait for one that reads no answers, nor those at other addresses for all that such ones ask.
 */
const HOLD = 100

/** A client with at most so many connections never waits for the requests of others. */
const FEW = 32

/**
 * Calls a function when the answers before a response are sent: never, if the client leaves first.
 * Only from then on, the response emits `close` when the client leaves.
 */
function whenFirst(response: ServerResponse, act: () => void): void {
  if (response.socket) act()
  // Node gives the socket to one response after the other; at the event it has not finished that
  else response.once('socket', () => setImmediate(act))
}

/** Begins the pipelined requests of a server's connections one after the other. */
export class PipelineQueue implements ConnectionFollower {
  readonly #held = new HeldSockets()
  readonly #waiting = new Map<Socket, Set<IncomingMessage>>()
  readonly #clients = new Map<string, Client>()
  #count = 0
  #heldClients = 0

  /**
   * `onLeft` receives requests that had not begun when their connection closed. With `maxWaiting`
   * requests, the reading of a connection stops until all of them have begun. One read of 64 KiB
   * may hold more in any case.
   */
  constructor(
    private readonly onLeft: (request: IncomingMessage) => void,
    private readonly keyOf: KeyOf,
    private readonly maxWaiting: number,
  ) {}

  readonly come = (socket: Followed): void => {
    const key = this.keyOf(socket)
    if (key === null) return
    const none = { sockets: new Set<Socket>(), waiting: 0, isHeld: false, isMoving: false }
    const client = this.#clients.get(key) ?? { key, ...none }
    this.#clients.set(key, client)
    client.sockets.add(socket)
    socket[CLIENT] = client
    if (client.isHeld) this.#held.hold(socket)
  }

  /** Forgets a closed connection and its requests. */
  readonly gone = (socket: Followed): void => {
    if (this.#waiting.has(socket)) this.#leave(socket)
    const client = socket[CLIENT]
    if (client?.sockets.delete(socket) && client.sockets.size === 0)
      this.#clients.delete(client.key)
  }

  /**
   * Makes a handler that begins a pipelined request only after the answers before it are sent. A
   * request that has begun owns the connection, so its response emits `close` when the client
   * leaves. Requests that have not begun by then never begin; `onLeft` receives each of them.
   * Between two requests of a connection, all other connections have their turn. While the event
   * loop is busy, the requests of a client with many connections begin in its turns.
   */
  inTurn(handler: Handler): Handler {
    const begin: Handler = (request, response) => {
      ;(request.socket as Followed)[BEGUN] = response
      handler(request, response)
    }
    return (request, response) => {
      const { key = null, sockets } = (request.socket as Followed)[CLIENT] ?? {}
      const hasMany = sockets !== undefined && sockets.size > FEW
      if (response.socket && !(hasMany && isTurnOver())) {
        begin(request, response)
        return
      }
      this.#wait(request, begin.bind(null, request, response), (act) => {
        whenFirst(response, hasMany ? inTurn.bind(null, act, key) : act)
      })
    }
  }

  /** Whether an answer is being sent, so that the client would take other bytes for part of it. */
  isAnswering(socket: Followed): boolean {
    const response = socket[BEGUN]
    // Node removes the socket from a response whose answer is sent
    return response?.socket === socket && response.headersSent
  }

  /** Whether a request of a connection has no whole answer yet. */
  isBusy(socket: Followed): boolean {
    return socket[BEGUN]?.socket === socket || this.isAwaited(socket)
  }

  /** Whether requests of a connection wait for their turn. */
  isAwaited(socket: Socket): boolean {
    return (this.#waiting.get(socket)?.size ?? 0) > 0
  }

  /** Lets a request wait until `schedule` calls the function that it is given. */
  #wait(request: IncomingMessage, begin: () => void, schedule: (act: () => void) => void): void {
    const socket: Followed = request.socket
    if (socket.destroyed) return
    const requests = this.#waiting.get(socket) ?? new Set()
    this.#waiting.set(socket, requests.add(request))
    this.#add(socket, 1)
    if (requests.size > this.maxWaiting) this.#held.hold(socket)
    if (this.#count > MAX_OF_ALL) this.#closeLargest()
    schedule(() => {
      if (socket.destroyed || !requests.delete(request)) return
      this.#add(socket, -1)
      if (requests.size === 0 && !socket[CLIENT]?.isHeld) this.#held.release(socket)
      begin()
    })
  }

  /** Counts waiting requests, and reads the connections of a client as long as it has few. */
  #add(socket: Followed, change: number): void {
    this.#count += change
    const client = socket[CLIENT]
    if (!client) return
    client.waiting += change
    client.isMoving ||= change < 0
    if (change > 0 && client.waiting > MAX_OF_CLIENT) this.#hold(client, socket)
  }

  #hold(client: Client, last: Socket): void {
    if (client.isHeld) return
    client.isHeld = true
    client.sockets.delete(last)
    client.sockets.add(last)
    for (const each of client.sockets) this.#held.hold(each)
    this.#heldClients++
    this.#readLater(client)
  }

  #readLater(client: Client): void {
    client.isMoving = false
    setTimeout(() => {
      if (client.isMoving && client.waiting > MAX_OF_CLIENT / 2) {
        this.#readLater(client)
        return
      }
      client.isHeld = false
      this.#heldClients--
      for (const each of client.sockets) if (!this.isAwaited(each)) this.#held.release(each)
    }, HOLD * this.#heldClients).unref()
  }

  #closeLargest(): void {
    let [largest, most] = [null as Followed | null, 0]
    for (const [socket, { size }] of this.#waiting) {
      if (size > most) [largest, most] = [socket, size]
    }
    if (!largest) return
    // Its client would at once have others read in its place
    if (largest[CLIENT]) this.#hold(largest[CLIENT], largest)
    largest.destroy()
    this.#leave(largest)
  }

  /** Forgets the requests of a client that has left. */
  #leave(socket: Socket): void {
    const requests = this.#waiting.get(socket)
    if (!requests) return
    this.#waiting.delete(socket)
    this.#add(socket, -requests.size)
    for (const request of requests) this.onLeft(request)
    requests.clear()
  }
}

/** Connections that are temporarily not read. */
class HeldSockets {
  readonly #isHeld = new WeakMap<Socket, boolean>()

  /** Stops reading a connection; bytes that were read already still arrive. */
  hold(socket: Socket): void {
    const isKnown = this.#isHeld.has(socket)
    this.#isHeld.set(socket, true)
    socket.pause()
    if (isKnown) return
    // Node also pauses and resumes by itself, for example when a request ends
    socket.on('resume', () => {
      if (!this.#isHeld.get(socket)) return
      // A late event of a socket that is paused again would start reading nevertheless
      if (socket.isPaused()) socket.emit('pause')
      else socket.pause()
    })
  }

  /** Reads the connection again. */
  release(socket: Socket): void {
    if (!this.#isHeld.get(socket)) return
    this.#isHeld.set(socket, false)
    socket.resume()
  }
}
