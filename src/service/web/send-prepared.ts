import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

/** Names and values of header fields in turns. */
export type HeaderPairs = readonly string[]

/** Where Node keeps the header that it has rendered, until it is sent with the first of the body. */
interface Rendered {
  _header: string | null
}

/**
 * Whether this Node keeps it there. Rendering the same header anew for each request takes a fifth
 * of the time of a short answer.
 */
const keepsHeader = new ServerResponse(new IncomingMessage(new Socket())).hasOwnProperty('_header')

/** A header as it goes over the wire, for answers on connections that stay open. */
export function renderHeader(pairs: HeaderPairs, keepAliveSeconds: number, now: number): string {
  const lines = ['HTTP/1.1 200 OK']
  for (let i = 0; i < pairs.length; i += 2) lines.push(`${pairs[i] ?? ''}: ${pairs[i + 1] ?? ''}`)
  lines.push(`Date: ${new Date(now).toUTCString()}`)
  lines.push('Connection: keep-alive', `Keep-Alive: timeout=${keepAliveSeconds}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Sends a whole answer of status 200 with a header that was rendered before. */
export function sendPrepared(
  response: ServerResponse,
  prepared: { readonly header: string; readonly pairs: HeaderPairs },
  body: Uint8Array,
): void {
  if (keepsHeader) (response as unknown as Rendered)._header = prepared.header
  else response.writeHead(200, prepared.pairs as string[])
  response.end(body)
}
