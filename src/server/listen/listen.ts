import type { Server, ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsOf } from '../connections/connections.js'
import type { KeyOf } from '../connections/handshakes.js'
import { PipelineQueue, type Handler } from '../connections/pipeline-queue.js'
import { refuseConnection, refuseExpectation } from '../connections/refuse-connection.js'
import type { Exchanges } from '../exchange/exchanges.js'
import { lateRefusal } from '../exchange/late-requests.js'
import { makeCloser } from '../lifecycle/close.js'
import { makeWebServer } from './make-server.js'
import { isUnixPlace, openServer, type ListenPlace } from './open-server.js'
import type { TlsKeys } from './tls-keys.js'
import type { ServerContext } from '../context.js'

/** How a program's servers treat connections and requests; times are in milliseconds. */
export interface ServerRules {
  /** Timeouts and sizes, as Node has them. */
  readonly options: ServerOptions
  /** Pipelined requests that wait for their turn on a connection before no more of it are read. */
  readonly maxWaiting: number
  /** How long a request may still take to come when it was not read before. */
  readonly grace: number
  /** Adds what else bounds a server's connections; called before any of them comes. */
  readonly prepare: (server: Server) => void
}

/** What every server is given. */
export interface ListenParts extends Pick<ServerContext, 'onError'> {
  readonly handler: Handler
  readonly exchanges: Exchanges
  readonly rules: ServerRules
  /** What stands for the client of a connection; null for one through which many clients come. */
  readonly keyOf: KeyOf
  /** What TLS is spoken with; null for plain HTTP, which a Unix socket has always. */
  readonly tls: TlsKeys | null
  /** Bounds how many connections the server takes. */
  readonly limitConnections: (server: Server) => void
}

/** A server that listens. */
export interface Listener {
  /** Without a slash at its end; that of a Unix socket is its path. */
  readonly address: string
  /** Null on a Unix socket. */
  readonly port: number | null
  /** Takes no further connections, and resolves when the requests under way are over. */
  readonly close: () => Promise<void>
}

/** How often clients that are too slow are looked for, in milliseconds. */
const CHECK_INTERVAL = 1000

/**
 * Opens a server that gives the handler its requests.
 * @throws BtkitError when it can't listen there
 */
export async function listen(place: ListenPlace, parts: ListenParts): Promise<Listener> {
  const server = makeServer({ ...parts, tls: isUnixPlace(place) ? null : parts.tls })
  const close = makeCloser(server)
  const address = await openServer(server, place)
  // Such as a connection that can't be taken, for want of descriptors
  server.on('error', parts.onError)
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : null
  return { address, port, close }
}

/** A server that listens nowhere yet. */
export function makeServer(parts: Omit<ListenParts, 'onError'>): Server {
  const { handler, exchanges, rules, keyOf, tls } = parts
  const onLeft = exchanges.reportLeft
  const turns = new PipelineQueue({ onLeft, keyOf, maxWaiting: rules.maxWaiting })
  const server = makeWebServer(
    {
      connectionsCheckingInterval: CHECK_INTERVAL,
      // Refused by the handler, in words
      requireHostHeader: false,
      ...rules.options,
    },
    { keys: tls, keyOf },
    turns.inTurn(handler),
  )
  rules.prepare(server)
  parts.limitConnections(server)
  exchanges.follow(server)
  connectionsOf(server).follow(turns)
  const refuse = (error: NodeJS.ErrnoException, socket: Socket) => {
    const refusal = refuseConnection(error, socket, turns.isAnswering(socket))
    if (refusal) exchanges.refuse(socket, refusal)
  }
  const refuseLate = lateRefusal({ exchanges, turns, refuse, grace: rules.grace })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuseLate(error, socket)
    else refuse(error, socket)
  })
  const refuseInTurn = turns.inTurn((request, response) => {
    exchanges.begin(request, response)
    refuseExpectation(request, response)
  })
  server.on('checkExpectation', refuseInTurn)
  return server
}
