import { orClose } from '../../base/errors.js'
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ClientAddresses } from '../connections/client-address.js'
import {
  connectionLimiter,
  connectionLimits,
  maxDescriptors,
  type ConnectionRules,
} from '../connections/connection-limits.js'
import { connectionsOf, type KeyOf } from '../connections/connections.js'
import { CountedResponse } from '../connections/counted-response.js'
import {
  refuseConnection,
  refuseExpectation,
  tunnelError,
} from '../connections/refuse-connection.js'
import { type Handler, isAwaited, RequestTurns } from '../connections/request-turns.js'
import { UnreadBytes } from '../connections/unread-bytes.js'
import type { ServerContext } from '../context.js'
import type { Exchanges } from '../exchange/exchanges.js'
import { makeCloser } from './close.js'
import { isUnixPlace, type ListenPlace, openServer } from './open-server.js'
import { startPeriodicTasks } from '../periodic-tasks.js'
import { limitHandshakes, TLS_RULES, tlsLooks, type TlsKeys } from './tls-keys.js'

/** Rules of a program's servers for connections and requests; times are in milliseconds. */
export interface ServerRules {
  /** Node's timeouts and sizes. */
  readonly options: ServerOptions
  /** Time that a request has to arrive after its connection was not read. */
  readonly grace: number
  /** Adds further limits to a server; called before its first connection. */
  readonly prepare: (server: Server) => void
}

/** A service, without the places where it listens. */
export interface ServiceToListen extends Pick<ServerContext, 'onError'> {
  readonly handler: Handler
  readonly exchanges: Exchanges
  readonly rules: ServerRules
  readonly connections: ConnectionRules
  readonly clientAddresses: ClientAddresses
  /** Keys for TLS; null for plain HTTP. */
  readonly tls: TlsKeys | null
}

/** The open servers of a program. */
export interface Listening {
  /** Their URLs, without a slash at the end, or the paths of Unix sockets. */
  readonly addresses: readonly string[]
  /** The port of the last one that has one; null if none has. */
  readonly port: number | null
  /** Stops accepting connections; resolves when the requests under way are over. */
  readonly close: () => Promise<void>
}

/**
 * Listens at all places or at none. The limits of connections and of unread bytes are for all
 * together. Port 0 is one free port for all hosts.
 * @throws BtkitError if it cannot listen somewhere
 */
export async function listenAll(
  places: readonly ListenPlace[],
  { connections, clientAddresses, ...service }: ServiceToListen,
): Promise<Listening> {
  const limits = connectionLimits(connections, clientAddresses, maxDescriptors())
  const { keyOf } = limits
  const limitConnections = connectionLimiter(limits)
  const unread = new UnreadBytes(keyOf)
  const parts = { ...service, keyOf, limitConnections, unread }
  const listeners: Awaited<ReturnType<typeof listen>>[] = []
  const { tls, onError } = service
  const looks = tls ? [{ act: () => tls.look(), period: tlsLooks.period }] : []
  const endLooks = startPeriodicTasks(looks, onError)
  const close = async () => {
    await Promise.all([endLooks(), ...listeners.map((each) => each.close())])
  }
  let port: number | null = null
  await orClose(close, async () => {
    const hosts = new Set<string>()
    for (const place of places) {
      // A host that is named again gets another port
      const isFollower = 'port' in place && place.port === 0 && !hosts.has(place.host)
      const listener = await listen(isFollower ? { ...place, port: port ?? 0 } : place, parts)
      listeners.push(listener)
      port = listener.port ?? port
      if ('port' in place) hosts.add(place.host)
    }
  })
  return { addresses: listeners.map(({ address }) => address), port, close }
}

/** The parts that every server needs. */
interface ListenParts extends Pick<ServiceToListen, 'handler' | 'exchanges' | 'rules' | 'onError'> {
  /** Key of a connection's client; null for a connection that many clients share. */
  readonly keyOf: KeyOf
  /** Keys for TLS; null for plain HTTP. A Unix socket always has plain HTTP. */
  readonly tls: TlsKeys | null
  /** Counts what clients have not read of all responses. */
  readonly unread: UnreadBytes
  /** Bounds the connections of the server. */
  readonly limitConnections: (server: Server) => void
}

/** Milliseconds between checks for slow clients. */
const CHECK_INTERVAL = 1000

/** The port is null on a Unix socket. */
async function listen(place: ListenPlace, parts: ListenParts) {
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
  const { handler, exchanges, rules, unread } = parts
  const turns = new RequestTurns(parts.keyOf, unread, exchanges.reportLeft)
  const admit = turns.inOrder(handler)
  const server = makeWebServer(
    {
      connectionsCheckingInterval: CHECK_INTERVAL,
      // The handler refuses this with a message
      requireHostHeader: false,
      ...rules.options,
    },
    parts,
    admit,
  )
  rules.prepare(server)
  parts.limitConnections(server)
  exchanges.follow(server)
  connectionsOf(server).follow(turns)
  // For Node, a connection whose next request waits for its turn is idle
  const closeIdle = server.closeIdleConnections.bind(server)
  server.closeIdleConnections = () => {
    const { open } = connectionsOf(server)
    if (![...open].some((socket) => turns.isDue(socket))) closeIdle()
  }
  // Node's types don't know this property
  Object.assign(server, { httpAllowHalfOpen: true })
  const refuse = (error: NodeJS.ErrnoException, socket: Socket, tunnel?: IncomingMessage) => {
    turns.leave(socket)
    const refusal = refuseConnection(error, socket, turns.isAnswering(socket))
    if (refusal) exchanges.refuse(socket, refusal, tunnel)
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // The client would take a refusal of what comes next for the answer before
    const isHeld = isAwaited(socket) || turns.isWorking(socket)
    if (isHeld && error.code === 'ERR_HTTP_REQUEST_TIMEOUT') turns.limit(socket, rules.grace)
    else refuse(error, socket)
  })
  // Without this, Node would close the connection without a word
  server.on('connect', (request, socket: Socket) => {
    // Node has left the connection, so its errors would end the process
    socket.on('error', () => socket.destroy())
    refuse(tunnelError, socket, request)
  })
  const refuseInTurn: Handler = (request, response) => {
    exchanges.begin(request, response)
    refuseExpectation(request, response)
  }
  server.on('checkExpectation', turns.inOrder(refuseInTurn))
  return server
}

/**
 * Makes an HTTP server, over TLS if there are keys. Only HTTP/1.1 is spoken: in Node, HTTP/2 has
 * other classes for requests and answers, so the limits on connections would not hold.
 */
function makeWebServer(
  options: ServerOptions,
  { tls: keys, keyOf }: Pick<ListenParts, 'tls' | 'keyOf'>,
  handler: Handler,
): Server {
  const counting = { ...options, ServerResponse: CountedResponse }
  if (keys === null) return createServer(counting, handler)
  const secure = { ...keys.pair, ...TLS_RULES, ALPNProtocols: ['http/1.1'] } as const
  const server = createSecureServer({ ...counting, ...secure }, handler)
  limitHandshakes(server, keyOf)
  keys.provide(server)
  // Node would treat a failed handshake as an unreadable request and answer it
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

/** Whether a request came over TLS. */
export function isSecure(request: IncomingMessage): boolean {
  const { encrypted = false } = request.socket as Partial<TLSSocket>
  return encrypted
}
