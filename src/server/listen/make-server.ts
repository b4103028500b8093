import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { CountedResponse } from '../connections/counted-response.js'
import type { Handler } from '../connections/pipeline-queue.js'
import { limitHandshakes, type KeyOf } from '../connections/handshakes.js'
import { MIN_VERSION, type TlsKeys } from './tls-keys.js'

/** The TLS keys, and `keyOf` for the key of a connection's client. */
export interface TlsParts {
  /** Null for plain HTTP. */
  readonly keys: TlsKeys | null
  readonly keyOf: KeyOf
}

/**
 * Makes an HTTP server, over TLS if there are keys. Only HTTP/1.1 is spoken: in Node, HTTP/2 has
 * other classes for requests and answers, so the limits on connections would not hold.
 */
export function makeWebServer(
  options: ServerOptions,
  { keys, keyOf }: TlsParts,
  handler: Handler,
): Server {
  const counting = { ...options, ServerResponse: CountedResponse }
  if (keys === null) return createServer(counting, handler)
  const secure = { ...keys.pair, minVersion: MIN_VERSION, ALPNProtocols: ['http/1.1'] } as const
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
