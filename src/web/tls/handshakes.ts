import type { Socket } from 'node:net'
import type { Server } from 'node:tls'
import { clientKey } from '../client-address.js'

/** Milliseconds that a handshake may take in all, however slowly the client sends. */
const TIMEOUT = 10_000

/** Handshakes under way; each takes some 50 KB of memory. */
const MAX = 1000
const MAX_PER_CLIENT = 100

/** A connection whose handshake is under way, and what is to be done when it no longer is. */
interface Handshake {
  readonly socket: Socket
  readonly end: () => void
}

const handshakes = new WeakMap<object, Map<string, Handshake>>()

/** Bounds what those can cost who connect and do not come to an end with the handshake. */
export function limitHandshakes(server: Server): void {
  const underWay = new Map<string, Handshake>()
  const counts = new Map<string, number>()
  handshakes.set(server, underWay)
  server.on('connection', (socket: Socket) => {
    const place = placeOf(socket)
    const client = clientKey(socket.remoteAddress ?? '')
    const count = counts.get(client) ?? 0
    if (underWay.size >= MAX || count >= MAX_PER_CLIENT) {
      socket.destroy()
      return
    }
    counts.set(client, count + 1)
    const timer = setTimeout(() => socket.destroy(), TIMEOUT).unref()
    const end = () => {
      if (underWay.get(place)?.socket !== socket) return
      underWay.delete(place)
      clearTimeout(timer)
      const left = (counts.get(client) ?? 0) - 1
      if (left > 0) counts.set(client, left)
      else counts.delete(client)
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
