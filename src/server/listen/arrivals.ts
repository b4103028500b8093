import type { Server, Socket } from 'node:net'
import { acceptWaiting } from './accept-waiting.js'

/** A client whose connections come faster than they are read. */
interface Client {
  /** Those that are not read yet, each with what begins to. */
  readonly waiting: Map<Socket, () => void>
  /** Those that are, and on which nothing came yet; since when, on the clock of `performance`. */
  readonly unasked: Map<Socket, number>
}

/** A server that reads nothing of a connection before it is told to. */
interface PausingServer extends Server {
  pauseOnConnect: boolean
}

/** How long connections are accepted in a turn of the event loop, in milliseconds. */
const ACCEPTING = 4

/** Clients of which nothing waits that are read in a turn as soon as they have come. */
const NEWCOMERS = 16

/** Connections that are read in a turn. */
const READ_TOGETHER = 8

/**
 * Connections of a client that are read before anything came on them, and for how long such a one
 * counts, in milliseconds: all may be asked on at the same moment.
 */
const MAX_UNASKED = 8
const PATIENCE = 50

/**
 * Has servers accept the connections that wait before they read those that they have. libuv accepts
 * one in each turn of the event loop: if each turn also answered a request, a client that opens a
 * thousand connections would keep everybody else's waiting for as long as a thousand answers take.
 * Of connections not read yet, each client has a few read in turn.
 */
export class Arrivals {
  readonly #keyOf: (socket: Socket) => string | null
  /** Those that came lately, by what stands for them. */
  readonly #clients = new Map<string, Client>()
  /** Servers that somebody came to in this turn. */
  readonly #visited = new Set<Server>()
  #isPressing = false
  #isWatching = false
  /** Clients that were read in this turn as soon as they had come. */
  #newcomers = 0
  /** When a connection was last read, on the clock of `performance`; null: not in the last turn. */
  #readAt: number | null = null
  /** Until when others are accepted before the next one is read. */
  #restsUntil = 0

  /** `keyOf` tells what stands for the client of a connection; null for many. */
  constructor(keyOf: (socket: Socket) => string | null) {
    this.#keyOf = keyOf
  }

  /** Whether more connections came in the last turn of the event loop than could be accepted. */
  get isPressing(): boolean {
    return this.#isPressing
  }

  /** Has connections of a server come here before the listeners hear of them that it has by now. */
  receive(server: Server): void {
    const listeners = server.listeners('connection')
    server.removeAllListeners('connection')
    const pausing = server as PausingServer
    pausing.pauseOnConnect = true
    server.on('connection', (socket: Socket) => {
      this.#visited.add(server)
      this.#come(socket, () => {
        // That of TLS would not begin the handshake
        pausing.pauseOnConnect = false
        for (const listener of listeners) listener.call(server, socket)
        pausing.pauseOnConnect = true
        socket.resume()
      })
    })
  }

  #come(socket: Socket, read: () => void): void {
    this.#watch()
    const key = this.#keyOf(socket)
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

  /** Called when a turn of the event loop has accepted and read all that it will. */
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

  /** Goes on when somebody may have asked. */
  #watchSoon(): void {
    this.#isWatching = true
    setTimeout(this.#turn, 1).unref()
  }

  /** Whether more may wait. */
  #acceptMore(until: number): boolean {
    const visited = [...this.#visited]
    this.#visited.clear()
    return visited.map((server) => acceptWaiting(server, until)).includes(true)
  }

  /**
   * Reads the next connection of clients that have few on which nothing came yet; returns whether
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
      // Behind all others
      this.#clients.delete(key)
      this.#clients.set(key, client)
      unasked.set(socket, now)
      count++
      read()
    }
    return count > 0
  }
}
