import type { Server, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'

/** Key of a connection's client; null for a connection that many clients share. */
export type KeyOf<Connection = Socket> = (connection: Connection) => string | null

/** A connection of which only the peer is known yet. */
export type ConnectionPeer = Pick<Socket, 'remoteAddress'>

/** Receives each connection when it opens and when it has closed. */
export interface ConnectionFollower {
  readonly come?: (socket: Socket) => void
  readonly gone?: (socket: Socket) => void
}

type ServerEvent = 'connection' | 'secureConnection'

/**
 * The connections of a server. All followers share one listener per connection: a listener for each
 * would make connections with few requests 10% slower.
 */
class Connections {
  /** The open connections. */
  readonly open: ReadonlySet<Socket>
  readonly #comers: ((socket: Socket) => void)[] = []
  readonly #leavers: ((socket: Socket) => void)[] = []

  constructor(server: Server, event: ServerEvent) {
    const leavers = this.#leavers
    const open = new Set<Socket>()
    this.open = open
    // One function for all sockets, called as a method of each
    function leave(this: Socket): void {
      open.delete(this)
      for (const gone of leavers) gone(this)
    }
    server.on(event, (socket: Socket) => {
      if (isReset(socket)) {
        socket.destroy()
        return
      }
      open.add(socket)
      socket.on('close', leave)
      for (const come of this.#comers) come(socket)
    })
  }

  follow({ come, gone }: ConnectionFollower): void {
    if (come) this.#comers.push(come)
    if (gone) this.#leavers.push(gone)
  }
}

/**
 * Whether a client has reset its connection before its address was asked for. Its request may still
 * be read, and without an address would count as one from a Unix socket. A closed connection knows
 * its address only if it was asked for before, as here.
 */
export function isReset(socket: Socket): boolean {
  // A Unix socket has neither address. The own one is asked for only if the other is missing.
  return socket.remoteAddress === undefined && socket.localAddress !== undefined
}

const known = new WeakMap<Server, Map<string, Connections>>()

/**
 * The connections of a server that can carry requests: over TLS, after the handshake. With the
 * event `connection`, all that it accepts, from their beginning.
 */
export function connectionsOf(
  server: Server,
  event: ServerEvent = server instanceof TlsServer ? 'secureConnection' : 'connection',
): Connections {
  const byEvent = known.get(server) ?? new Map<string, Connections>()
  known.set(server, byEvent)
  const connections = byEvent.get(event) ?? new Connections(server, event)
  byEvent.set(event, connections)
  return connections
}

/**
 * Closes connections whose client does not read its answer, after about twice `standstill`
 * milliseconds without progress. Node's `server.setTimeout` starts a timer for each request, which
 * costs a good part of a short answer. Here a timer starts only if a connection has the same number
 * of unsent bytes in two checks.
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
