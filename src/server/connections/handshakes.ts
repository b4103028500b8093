import type { Socket } from 'node:net'
import type { Server } from 'node:tls'
import { Shares } from './shares.js'

/** Milliseconds that a handshake may take in all, however slowly the client sends. */
const TIMEOUT = 10_000

/** Handshakes under way; each takes some 50 KB of memory. */
const LIMITS = { all: 1000, perClient: 100, perNetwork: 250 }

/** A connection whose handshake is under way, and what is to be done when it no longer is. */
interface Handshake {
  readonly socket: Socket
  readonly end: () => void
}

const handshakes = new WeakMap<object, Map<string, Handshake>>()

/** What stands for the client of a connection; null for one through which many clients come. */
export type KeyOf = (socket: Socket) => string | null

/**
 * Bounds what those can cost who connect and do not come to an end with the handshake: all together,
 * and each client unless many come through it.
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
  // It is another object than the connection that it came to be on
  server.on('secureConnection', (socket) => {
    underWay.get(placeOf(socket))?.end()
  })
}

/** The connections of a server whose handshakes are under way. */
export function connectionsInHandshake(server: object): Socket[] {
  return [...(handshakes.get(server)?.values() ?? [])].map(({ socket }) => socket)
}

/** What tells a connection from all others of a server. */
function placeOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''} ${localAddress ?? ''}`
}
