import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'

/** Hears of each connection as it comes, and once more when it has closed. */
export interface ConnectionFollower {
  readonly come?: (socket: Socket) => void
  readonly gone?: (socket: Socket) => void
}

/**
 * The connections of a server. All who follow them share one listener of each: with one for each of
 * them, a connection on which little is asked would take a tenth more time.
 */
class Connections {
  readonly #open = new Set<Socket>()
  readonly #comers: ((socket: Socket) => void)[] = []
  readonly #leavers: ((socket: Socket) => void)[] = []

  constructor(server: Server, event: 'connection' | 'secureConnection') {
    const [open, leavers] = [this.#open, this.#leavers]
    // One function for all sockets: each calls it as its own
    function leave(this: Socket): void {
      open.delete(this)
      for (const gone of leavers) gone(this)
    }
    server.on(event, (socket: Socket) => {
      open.add(socket)
      socket.on('close', leave)
      for (const come of this.#comers) come(socket)
    })
  }

  /** Those that are open. */
  get open(): ReadonlySet<Socket> {
    return this.#open
  }

  follow({ come, gone }: ConnectionFollower): void {
    if (come) this.#comers.push(come)
    if (gone) this.#leavers.push(gone)
  }
}

const known = new WeakMap<Server, Map<string, Connections>>()

/** The connections of a server on which requests can come: over TLS, those that are agreed on. */
export function connectionsOf(server: Server): Connections {
  return connectionsBy(server, server instanceof TlsServer ? 'secureConnection' : 'connection')
}

/** All that a server takes, from their beginning. */
export function connectionsTaken(server: Server): Connections {
  return connectionsBy(server, 'connection')
}

function connectionsBy(server: Server, event: 'connection' | 'secureConnection'): Connections {
  const byEvent = known.get(server) ?? new Map<string, Connections>()
  known.set(server, byEvent)
  const connections = byEvent.get(event) ?? new Connections(server, event)
  byEvent.set(event, connections)
  return connections
}

/**
 * Closes connections whose client does not take its answer, after about twice `standstill`
 * milliseconds in which nothing moves. What Node has for this, `server.setTimeout`, sets a timer anew
 * for each request, which takes as long as a good part of a short answer; here only those are
 * timed that were twice seen with as much waiting to be sent.
 */
export function closeStalled(server: Server, standstill: number): void {
  const { open } = connectionsOf(server)
  let before = new Map<Socket, number>()
  const look = () => {
    const waiting = new Map<Socket, number>()
    for (const socket of open) {
      const now = socket.writableLength
      if (now === 0) continue
      if (now === before.get(socket) && socket.timeout !== standstill) socket.setTimeout(standstill)
      waiting.set(socket, now)
    }
    before = waiting
  }
  const timer = setInterval(look, standstill / 2).unref()
  server.once('close', () => {
    clearInterval(timer)
  })
}
