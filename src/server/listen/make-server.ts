import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { CountedResponse } from '../connections/counted-response.js'
import type { Handler } from '../connections/pipeline-queue.js'
import { limitHandshakes, type KeyOf } from '../connections/handshakes.js'
import { MIN_VERSION, type TlsKeys } from './tls-keys.js'

/** How TLS is spoken, and what stands for the client of a connection. */
export interface TlsParts {
  /** Null for plain HTTP. */
  readonly keys: TlsKeys | null
  readonly keyOf: KeyOf
}

/**
 * A server of HTTP, over TLS where there are keys. It speaks HTTP/1.1 alone: over HTTP/2 requests and
 * answers are of other classes in Node, and what bounds the cost of a connection here would not.
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
  // By itself Node takes it for a request that can't be read, and would answer
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

/** Whether a request came over TLS. */
export function isSecure(request: IncomingMessage): boolean {
  const { encrypted = false } = request.socket as Partial<TLSSocket>
  return encrypted
}
