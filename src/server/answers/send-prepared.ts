import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

/** Header fields by their names. */
type Headers = Readonly<Record<string, string>>

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
export function renderHeader(headers: Headers, keepAliveSeconds: number, now: number): string {
  const lines = ['HTTP/1.1 200 OK']
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  lines.push(`Date: ${new Date(now).toUTCString()}`)
  lines.push('Connection: keep-alive', `Keep-Alive: timeout=${keepAliveSeconds}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** An answer of status 200, whole. */
export interface PreparedAnswer {
  readonly headers: Headers
  readonly body: Uint8Array
}

/** Sends an answer with the header that was rendered for it before, where Node can do that. */
export const sendPrepared = keepsHeader ? sendRendered : sendAnew

/** Sends an answer with that header, which Node would have rendered itself. */
export function sendRendered(
  response: ServerResponse,
  header: string,
  { body }: PreparedAnswer,
): void {
  ;(response as unknown as Rendered)._header = header
  response.end(body)
}

/** Sends an answer whose header Node renders. */
export function sendAnew(
  response: ServerResponse,
  _header: string,
  { headers, body }: PreparedAnswer,
): void {
  response.writeHead(200, headers).end(body)
}
