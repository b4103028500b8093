import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { KEEP_ALIVE } from '../http/tracker-routes.js'
import { closeStalled, connectionsOf } from '../../server/connections/connections.js'
import { makeCloser } from '../../server/connections/close.js'
import { makeWebServer } from '../../server/listen/make-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import { isUnixPlace, openServer, type ListenPlace } from '../../server/listen/open-server.js'
import {
  refuseConnection,
  type ConnectionRefusal,
} from '../../server/connections/refuse-connection.js'
import { PipelineQueue, type Handler } from '../../server/connections/pipeline-queue.js'

/** Milliseconds in which a client must have sent its request. */
const REQUEST_TIMEOUT = 10_000

/** How long a client may take nothing of its answer, in milliseconds; see `closeStalled`. */
const STANDSTILL = 20_000

/** Bytes of a request: an announce has some hundred, a scrape of many torrents thousands. */
const MAX_REQUEST = 8 * 1024

/** Pipelined requests that wait for their turn on a connection before no more of it are read. */
const MAX_WAITING = 16

export interface HttpListenerParts {
  readonly handler: Handler
  /** Hears of what was no request, and was answered with an error. */
  readonly onRefused: (socket: Socket, refusal: ConnectionRefusal) => void
  /** What stands for the client of a connection; null for one through which many clients come. */
  readonly keyOf: (socket: Socket) => string | null
  /** Bounds how many connections a server takes. */
  readonly limitConnections: (server: Server) => void
  /** What TLS is spoken with; null for plain HTTP. */
  readonly tls: TlsKeys | null
  /** Hears of connections that could not be taken. */
  readonly onError: (error: unknown) => void
}

/** A server that listens. */
export interface HttpListener {
  readonly address: string
  /** Null on a Unix socket. */
  readonly port: number | null
  readonly close: () => Promise<void>
}

/**
 * Has a server give its requests to the handler.
 * @throws BtkitError when it can't listen there
 */
export async function listenHttp(
  place: ListenPlace,
  parts: HttpListenerParts,
): Promise<HttpListener> {
  const tls = isUnixPlace(place) ? null : parts.tls
  const server = makeHttpServer({ ...parts, tls })
  const close = makeCloser(server)
  const address = await openServer(server, place)
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : null
  return { address, port, close }
}

/** A server that listens nowhere yet. */
export function makeHttpServer(parts: HttpListenerParts): Server {
  const { handler, onRefused, keyOf, limitConnections, tls, onError } = parts
  const onLeft = () => undefined
  const turns = new PipelineQueue({ onLeft, keyOf, maxWaiting: MAX_WAITING })
  const server = makeWebServer(
    {
      maxHeaderSize: MAX_REQUEST,
      headersTimeout: REQUEST_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE,
      connectionsCheckingInterval: 1000,
      requireHostHeader: false,
      noDelay: true,
    },
    { keys: tls, keyOf },
    turns.inTurn((request, response) => {
      request.url = originForm(request.url ?? '')
      handler(request, response)
    }),
  )
  limitConnections(server)
  connectionsOf(server).follow(turns)
  closeStalled(server, STANDSTILL)
  server.on('clientError', (error, socket: Socket) => {
    const refusal = refuseConnection(error, socket, turns.isAnswering(socket))
    if (refusal) onRefused(socket, refusal)
  })
  server.on('listening', () => {
    server.on('error', onError)
  })
  return server
}

/** The scheme and host of a request's target, which servers have to take as well (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?]*/i

/** The path and query of a request's target. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const form = target.replace(ORIGIN, '')
  return form === target || form.startsWith('/') ? form : `/${form}`
}
