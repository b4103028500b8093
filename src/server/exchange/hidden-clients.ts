import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ClientAddresses } from '../connections/client-address.js'

/** A connection of which a request was looked at. */
interface Seen extends Socket {
  [SEEN]?: true
}

const SEEN = Symbol('seen')

/** The clients of services, of which a warning told. */
const told = new WeakSet<ClientAddresses>()

/**
 * Returns a function that looks at the first request of each connection, and warns once if a proxy
 * nearby that is not trusted hides its clients. `isLocal` is whether an address is nearby.
 */
export function hiddenClients(
  clients: ClientAddresses,
  isLocal: (address: string) => boolean,
  warn: (message: string) => void,
): (request: IncomingMessage) => void {
  return (request) => {
    const socket: Seen = request.socket
    if (socket[SEEN]) return
    socket[SEEN] = true
    if (told.has(clients) || clients.isFromProxy(request) || clients.isOwnRequest(request)) return
    const client = clients.of(request)
    const { headers } = request
    const isForwarded = (headers['x-forwarded-for'] ?? headers.forwarded) !== undefined
    if (client === null ? !isForwarded : !isLocal(client)) return
    told.add(clients)
    const needed = `X-Forwarded-For from it, and --trust-proxy ${client ?? 'unix'}`
    warn(
      `clients of the proxy at ${client ?? 'a Unix socket'} look like one client; they need ${needed}`,
    )
  }
}
