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
export class Connections {
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
