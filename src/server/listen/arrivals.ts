import type { Server, Socket } from 'node:net'
import { acceptWaiting } from './accept-waiting.js'

/** A client whose connections arrive faster than they are read. */
interface Client {
  /** Connections that are not read yet, each with the function that begins to. */
  readonly waiting: Map<Socket, () => void>
  /** Connections being read without a byte so far, each with its start (`performance.now`). */
  readonly unasked: Map<Socket, number>
}

/** A server whose new connections are not read until it is asked to. */
interface PausingServer extends Server {
  pauseOnConnect: boolean
}

/** Milliseconds of accepting connections in one turn of the event loop. */
const ACCEPTING = 4

/** Most clients per turn whose first connection is read at once. */
const NEWCOMERS = 16

/** Connections read in a turn. */
const READ_TOGETHER = 8

/**
 * Most connections of a client that are read before any byte has come on them, because requests may
 * come on all of them at once. After `PATIENCE` milliseconds a connection no longer counts.
 */
const MAX_UNASKED = 8
const PATIENCE = 50

/**
 * Makes servers accept waiting connections before they read those they have. libuv accepts one
 * connection in each turn of the event loop. If each turn also answered a request, a client that
 * opens a thousand connections would delay all others by a thousand answers. Of the connections not
 * read yet, a few of each client are read in turn.
 */
export class Arrivals {
  /** Recent clients by their key. */
  readonly #clients = new Map<string, Client>()
  /** Servers with a new connection in this turn. */
  readonly #visited = new Set<Server>()
  #isPressing = false
  #isWatching = false
  /** Clients whose first connection was read at once in this turn. */
  #newcomers = 0
  /** When the last turn read a connection (`performance.now`); null if it read none. */
  #readAt: number | null = null
  /** Until this time connections are accepted before the next one is read. */
  #restsUntil = 0

  /** `keyOf` returns the key of a connection's client; null if many clients share it. */
  constructor(private readonly keyOf: (socket: Socket) => string | null) {}

  /** Whether more connections arrived in the last turn than could be accepted. */
  get isPressing(): boolean {
    return this.#isPressing
  }

  /** Receives a server's connections before its current listeners do. */
  receive(server: Server): void {
    const listeners = server.listeners('connection')
    server.removeAllListeners('connection')
    const pausing = server as PausingServer
    pausing.pauseOnConnect = true
    server.on('connection', (socket: Socket) => {
      this.#visited.add(server)
      this.#come(socket, () => {
        // A paused TLS connection would not begin its handshake
        pausing.pauseOnConnect = false
        for (const listener of listeners) listener.call(server, socket)
        pausing.pauseOnConnect = true
        socket.resume()
      })
    })
  }

  #come(socket: Socket, read: () => void): void {
    this.#watch()
    const key = this.keyOf(socket)
    if (key === null) {
      read()
      return
    }
    const known = this.#clients.get(key)
    const client: Client = known ?? { waiting: new Map(), unasked: new Map() }
    if (!known) this.#clients.set(key, client)
    if (!known && this.#newcomers++ < NEWCOMERS) {
      client.unasked.set(socket, performance.now())
      read()
      return
    }
    client.waiting.set(socket, read)
    socket.once('close', () => {
      client.waiting.delete(socket)
    })
  }

  #watch(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    setImmediate(this.#turn)
  }

  /** Runs after a turn of the event loop has accepted and read its connections. */
  readonly #turn = (): void => {
    const now = performance.now()
    if (this.#readAt !== null) this.#restsUntil = now + (now - this.#readAt)
    this.#readAt = null
    this.#newcomers = 0
    this.#isPressing = this.#acceptMore(now + ACCEPTING)
    this.#isWatching = false
    const hasRead = (!this.#isPressing || now >= this.#restsUntil) && this.#readNext(now)
    if (hasRead) this.#readAt = now
    if (this.#isPressing || hasRead) this.#watch()
    else if (this.#clients.size > 0) this.#watchSoon()
  }

  /** Continues when a client may have sent a request. */
  #watchSoon(): void {
    this.#isWatching = true
    setTimeout(this.#turn, 1).unref()
  }

  /** Accepts more connections; returns whether more may wait. */
  #acceptMore(until: number): boolean {
    const visited = [...this.#visited]
    this.#visited.clear()
    return visited.map((server) => acceptWaiting(server, until)).includes(true)
  }

  /**
   * Reads the next connection of each client that has few without a byte so far. Returns whether
   * there was any.
   */
  #readNext(now: number): boolean {
    let count = 0
    for (const [key, client] of this.#clients) {
      if (count === READ_TOGETHER) break
      const { waiting, unasked } = client
      for (const [socket, since] of unasked) {
        if (socket.destroyed || socket.bytesRead > 0 || now - since > PATIENCE)
          unasked.delete(socket)
      }
      const [next] = waiting
      if (!next) {
        if (unasked.size === 0) this.#clients.delete(key)
        continue
      }
      if (unasked.size >= MAX_UNASKED) continue
      const [socket, read] = next
      waiting.delete(socket)
      if (socket.destroyed) continue
      // Moves the client behind all others
      this.#clients.delete(key)
      this.#clients.set(key, client)
      unasked.set(socket, now)
      count++
      read()
    }
    return count > 0
  }
}
