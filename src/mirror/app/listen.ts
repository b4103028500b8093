import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { makeCloser } from '../../server/connections/close.js'
import type { Arrivals } from '../../server/listen/arrivals.js'
import type { ClientAddresses } from '../../server/connections/client-address.js'
import { connectionsOf } from '../../server/connections/connections.js'
import { makeWebServer } from '../../server/listen/make-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import { isUnixPlace, openServer, type ListenPlace } from '../../server/listen/open-server.js'
import { answerHalfClosed } from '../../server/exchange/half-closed.js'
import { PipelineQueue, type Handler } from '../../server/connections/pipeline-queue.js'
import { lateRefusal } from '../../server/exchange/late-requests.js'
import type { Exchanges } from '../../server/exchange/exchanges.js'
import { refuseConnection, refuseExpectation } from '../../server/connections/refuse-connection.js'
import type { ServiceLimits } from '../options.js'

/** What every server is given. */
export interface ListenParts {
  readonly handler: Handler
  readonly exchanges: Exchanges
  readonly limits: Pick<ServiceLimits, 'headerTimeout' | 'bodyTimeout' | 'wait'>
  readonly clientAddresses: Pick<ClientAddresses, 'connectionKey'>
  /** What TLS is spoken with; null for plain HTTP, which a Unix socket has always. */
  readonly tls: TlsKeys | null
  /** Bounds how many connections the server takes. */
  readonly limitConnections: (server: Server) => void
  /** Decides which connections are read next. */
  readonly arrivals: Arrivals
  /** Hears of connections that could not be taken. */
  readonly onError: (error: unknown) => void
}

/** A server that listens. */
export interface Listener {
  /** Without a slash at its end; that of a Unix socket is its path. */
  readonly address: string
  /** Takes no further connections, and resolves when the requests under way are over. */
  readonly close: () => Promise<void>
}

/**
 * Pipelined requests that wait for their turn on a connection before no more of it are read.
 * libtorrent sends a request for each file of a piece at once, which may have thousands.
 */
const MAX_WAITING = 100

/** How often clients that are too slow are looked for, in milliseconds. */
const CHECK_INTERVAL = 1000

/** A connection that nothing was asked on for so long is closed, in milliseconds. */
export const KEEP_ALIVE = 30_000

/** A connection on which nothing moved for so long is closed, in milliseconds. */
const STANDSTILL = 120_000

/**
 * Opens a server that gives the handler its requests.
 * @throws BtkitError when it can't listen there
 */
export async function listen(place: ListenPlace, parts: ListenParts): Promise<Listener> {
  const { server, close } = makeServer({ ...parts, tls: isUnixPlace(place) ? null : parts.tls })
  const address = await openServer(server, place)
  // Such as a connection that can't be taken, for want of descriptors
  server.on('error', parts.onError)
  return { address, close }
}

/** A server that listens nowhere yet, and what closes it. */
function makeServer({
  handler,
  exchanges,
  limits,
  clientAddresses,
  limitConnections,
  arrivals,
  tls,
}: Omit<ListenParts, 'onError'>): { server: Server } & Pick<Listener, 'close'> {
  const { reportLeft: onLeft } = exchanges
  const keyOf = (socket: Socket) => clientAddresses.connectionKey(socket)
  const turns = new PipelineQueue({ onLeft, keyOf, maxWaiting: MAX_WAITING })
  const server = makeWebServer(
    {
      headersTimeout: limits.headerTimeout,
      requestTimeout: limits.headerTimeout + limits.bodyTimeout,
      keepAliveTimeout: KEEP_ALIVE,
      connectionsCheckingInterval: CHECK_INTERVAL,
      // Refused by the handler, in words
      requireHostHeader: false,
    },
    { keys: tls, keyOf },
    turns.inTurn(handler),
  )
  server.setTimeout(Math.max(STANDSTILL, 2 * limits.wait))
  arrivals.receive(server)
  limitConnections(server)
  const close = makeCloser(server)
  exchanges.follow(server)
  connectionsOf(server).follow(turns)
  answerHalfClosed(server, exchanges)
  const refuse = (error: NodeJS.ErrnoException, socket: Socket) => {
    const refusal = refuseConnection(error, socket, turns.isAnswering(socket))
    if (refusal) exchanges.refuse(socket, refusal)
  }
  const refuseLate = lateRefusal({ exchanges, turns, refuse, grace: limits.bodyTimeout })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuseLate(error, socket)
    else refuse(error, socket)
  })
  const refuseInTurn = turns.inTurn((request, response) => {
    exchanges.begin(request, response)
    refuseExpectation(request, response)
  })
  server.on('checkExpectation', refuseInTurn)
  return { server, close }
}
