import type { Socket } from 'node:net'

export interface ClientThrottleRules {
  /** What stands for the client of a connection; null for one through which many clients come. */
  readonly keyOf: (socket: Socket) => string | null
  /** How many requests of a client may wait before its connections are read one at a time. */
  readonly maxWaiting: number
  readonly held: HeldSockets
}

/** A client, and how its connections are read. */
interface Client {
  readonly key: string
  readonly sockets: Set<Socket>
  /** Those that are not read, in the order in which they will be. */
  readonly queue: Set<Socket>
  /** Requests that wait for their turn. */
  waiting: number
  /** How many have had it, or were left. */
  begun: number
  /** Whether its connections are read one at a time. */
  isHeldBack: boolean
  /** Runs until the next of them is read, if as many wait as before. */
  timer: NodeJS.Timeout | null
  isScheduled: boolean
  /** Until when none of them is read, in milliseconds on the clock of `performance`. */
  restsUntil: number
}

/**
 * How long a client's next connection waits while none of its requests begins, in milliseconds: what is
 * ahead of it may be a long download, or have been left, which nobody hears of a connection that is
 * not read.
 */
const PATIENCE = 100

/**
 * How many times as long as a turn of reading took all connections of the client then rest: others
 * have most of the time, and each of their connections is taken in a turn of its own (libuv).
 */
const REST = 4

/**
 * Sees to it that a client which pipelines on many connections waits for itself, and not everybody for
 * it. What is read at once, 64 KiB, may hold 2,000 requests, which take 30 ms, and the system may
 * have as much ready of each connection: while many of a client's requests wait, no more than one
 * of its connections is read before all others have had their turn.
 */
export class ClientThrottle {
  readonly #rules: ClientThrottleRules
  readonly #clients = new Map<string, Client>()
  readonly #clientOf = new Map<Socket, Client>()

  constructor(rules: ClientThrottleRules) {
    this.#rules = rules
  }

  /** Takes up a connection. */
  follow(socket: Socket): void {
    const key = this.#rules.keyOf(socket)
    if (key === null) return
    const client = this.#clients.get(key) ?? this.#add(key)
    this.#clientOf.set(socket, client)
    client.sockets.add(socket)
    if (client.isHeldBack) this.#hold(client, socket)
  }

  /** Lets go of one that has closed. */
  leave(socket: Socket): void {
    const client = this.#clientOf.get(socket)
    if (!client) return
    this.#clientOf.delete(socket)
    client.sockets.delete(socket)
    client.queue.delete(socket)
    if (client.sockets.size === 0) this.#clients.delete(client.key)
  }

  /** Hears of requests of a connection that wait for their turn from now on, or, below 0, no more. */
  note(socket: Socket, change: number): void {
    const client = this.#clientOf.get(socket)
    if (!client) return
    client.waiting += change
    if (change < 0) client.begun -= change
    const isMuch = client.waiting > this.#rules.maxWaiting
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
    this.#rules.held.hold(socket, this)
  }

  #goOnLater(client: Client): void {
    const { begun } = client
    client.timer = setTimeout(() => {
      client.timer = null
      if (client.begun === begun) this.#goOnSoon(client)
      else this.#goOnLater(client)
    }, PATIENCE).unref()
  }

  /** Goes on when all others have had their turn, and the client its rest. */
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

  /** Has the next connection read. */
  #goOn(client: Client): void {
    if (client.timer) clearTimeout(client.timer)
    client.timer = null
    const [next] = client.queue
    if (next) {
      client.queue.delete(next)
      this.#rules.held.release(next, this)
      restAfterTurn(client)
    }
    client.isHeldBack = client.queue.size > 0
    if (!client.isHeldBack) return
    this.#goOnLater(client)
    if (client.waiting <= this.#rules.maxWaiting) this.#goOnSoon(client)
  }
}

/** Has a client rest after what is read next. */
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

/** Connections of a server of HTTP that are not read for a while. */
export class HeldSockets {
  readonly #holders = new WeakMap<Socket, Set<object>>()

  /** Reads nothing more of a connection for a holder's sake; what was read already still comes. */
  hold(socket: Socket, holder: object): void {
    this.#holdersOf(socket).add(holder)
    socket.pause()
  }

  /** Reads it again, unless another holder is against it. */
  release(socket: Socket, holder: object): void {
    const holders = this.#holdersOf(socket)
    if (holders.delete(holder) && holders.size === 0) socket.resume()
  }

  #holdersOf(socket: Socket): Set<object> {
    const known = this.#holders.get(socket)
    if (known) return known
    const holders = new Set<object>()
    this.#holders.set(socket, holders)
    // Node has reasons of its own to stop and to go on, such as each request that ends
    socket.on('resume', () => {
      if (holders.size === 0) return
      // The event may come late, of a socket that is paused by now, and have it read all the same
      if (socket.isPaused()) socket.emit('pause')
      else socket.pause()
    })
    return holders
  }
}
