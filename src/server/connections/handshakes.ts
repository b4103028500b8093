import type { Socket } from 'node:net'
import type { Server } from 'node:tls'
import { Shares } from './shares.js'

/** Milliseconds before a handshake must be complete, however slowly the client sends. */
const TIMEOUT = 10_000

/** Most handshakes under way; each takes about 50 KB of memory. */
const LIMITS = { all: 1000, perClient: 100, perNetwork: 250 }

/** A connection whose handshake is under way; `end` removes it from the count. */
interface Handshake {
  readonly socket: Socket
  readonly end: () => void
}

const handshakes = new WeakMap<object, Map<string, Handshake>>()

/** Key of a connection's client; null for a connection that many clients share. */
export type KeyOf = (socket: Socket) => string | null

/**
 * Bounds the cost of connections that do not complete their handshake: of all together, and of each
 * client unless many clients share the connection's address.
 */
export function limitHandshakes(server: Server, keyOf: KeyOf): void {
  const underWay = new Map<string, Handshake>()
  const shares = new Shares(LIMITS)
  handshakes.set(server, underWay)
  server.on('connection', (socket: Socket) => {
    const place = placeOf(socket)
    const client = keyOf(socket)
    if (!shares.take(client)) {
      socket.destroy()
      return
    }
    const timer = setTimeout(() => socket.destroy(), TIMEOUT).unref()
    const end = () => {
      if (underWay.get(place)?.socket !== socket) return
      underWay.delete(place)
      clearTimeout(timer)
      shares.give(client)
    }
    underWay.set(place, { socket, end })
    socket.once('close', end)
  })
  // The event has another object than the connection below it
  server.on('secureConnection', (socket) => {
    underWay.get(placeOf(socket))?.end()
  })
}

/** The connections of a server whose handshakes are under way. */
export function connectionsInHandshake(server: object): Socket[] {
  return [...(handshakes.get(server)?.values() ?? [])].map(({ socket }) => socket)
}

/** Distinguishes a connection from all others of a server. */
function placeOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''} ${localAddress ?? ''}`
}
