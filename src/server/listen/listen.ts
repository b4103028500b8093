import type { Server, ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsOf } from '../connections/connections.js'
import type { KeyOf } from '../connections/handshakes.js'
import { PipelineQueue, type Handler } from '../connections/pipeline-queue.js'
import {
  refuseConnection,
  refuseExpectation,
  refuseUnread,
} from '../connections/refuse-connection.js'
import type { UnreadBytes } from '../connections/unread-bytes.js'
import type { Exchanges } from '../exchange/exchanges.js'
import { lateRefusal } from '../exchange/late-requests.js'
import { makeCloser } from '../lifecycle/close.js'
import { makeWebServer } from './make-server.js'
import { isUnixPlace, openServer, type ListenPlace } from './open-server.js'
import type { TlsKeys } from './tls-keys.js'
import type { ServerContext } from '../context.js'

/** Rules of a program's servers for connections and requests; times are in milliseconds. */
export interface ServerRules {
  /** Node's timeouts and sizes. */
  readonly options: ServerOptions
  /** Most pipelined requests that wait on a connection before its reading stops. */
  readonly maxWaiting: number
  /** Time that a request has to arrive after its connection was not read. */
  readonly grace: number
  /** Adds further limits to a server; called before its first connection. */
  readonly prepare: (server: Server) => void
}

/** The parts that every server needs. */
export interface ListenParts extends Pick<ServerContext, 'onError'> {
  readonly handler: Handler
  readonly exchanges: Exchanges
  readonly rules: ServerRules
  /** Key of a connection's client; null for a connection that many clients share. */
  readonly keyOf: KeyOf
  /** Keys for TLS; null for plain HTTP. A Unix socket always has plain HTTP. */
  readonly tls: TlsKeys | null
  /** Counts what clients have not read of all responses. */
  readonly unread: UnreadBytes
  /** Bounds the connections of the server. */
  readonly limitConnections: (server: Server) => void
}

/** A server that listens. */
export interface Listener {
  /** URL without a slash at its end; for a Unix socket, its path. */
  readonly address: string
  /** Null on a Unix socket. */
  readonly port: number | null
  /** Stops accepting connections; resolves when the requests under way are over. */
  readonly close: () => Promise<void>
}

/** Milliseconds between checks for slow clients. */
const CHECK_INTERVAL = 1000

/**
 * Opens a server that gives its requests to the handler.
 * @throws BtkitError if it cannot listen there
 */
export async function listen(place: ListenPlace, parts: ListenParts): Promise<Listener> {
  const server = makeServer({ ...parts, tls: isUnixPlace(place) ? null : parts.tls })
  const close = makeCloser(server)
  const address = await openServer(server, place)
  // For example, no descriptor is left for a connection
  server.on('error', parts.onError)
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : null
  return { address, port, close }
}

/** Makes a server that does not listen yet. */
export function makeServer(parts: Omit<ListenParts, 'onError'>): Server {
  const { handler, exchanges, rules, keyOf, tls, unread } = parts
  const onLeft = exchanges.reportLeft
  const turns = new PipelineQueue({ onLeft, keyOf, maxWaiting: rules.maxWaiting })
  const admit: Handler = (request, response) => {
    response.unread = unread
    if (!unread.isFull(request.socket)) {
      handler(request, response)
      return
    }
    exchanges.begin(request, response)
    refuseUnread(response)
  }
  const server = makeWebServer(
    {
      connectionsCheckingInterval: CHECK_INTERVAL,
      // The handler refuses this with a message
      requireHostHeader: false,
      ...rules.options,
    },
    { keys: tls, keyOf },
    turns.inTurn(admit),
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
