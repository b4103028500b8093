import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const STATUS_LINES: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}

/** How long a client that is hung up on may take to read why, in milliseconds. */
const LINGER = 1000

/** The answer to bytes that could not be parsed as a request. */
export interface ConnectionRefusal {
  readonly status: number
  /** Of the body. */
  readonly bytes: number
}

/**
 * Answers what is no request, or did not become one in time, and hangs up. Null when there was no
 * use in an answer: while another `isAnswering` on the connection, it would be taken for a part of it.
 */
export function refuseConnection(
  error: NodeJS.ErrnoException,
  socket: Socket,
  isAnswering: boolean,
): ConnectionRefusal | null {
  if (!socket.writable || error.code === 'ECONNRESET' || isAnswering) {
    socket.destroy()
    return null
  }
  const status = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request'
  const body = `${status.slice(4)}\n`
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
  // Who does not hang up in turn would keep the connection
  setTimeout(() => socket.destroy(), LINGER).unref()
  return { status: Number(status.slice(0, 3)), bytes: body.length }
}

/** Answers a request that expects what is not to be had. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  refuseRequest(response, 417, 'that can not be expected here')
}

/** Answers what still comes on connections when the service stops. */
export function refuseStopping(response: ServerResponse): void {
  response.setHeader('Retry-After', '10')
  refuseRequest(response, 503, 'the server is stopping')
}

/** Answers with one line of text, and hangs up. */
function refuseRequest(response: ServerResponse, status: number, line: string): void {
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': line.length + 1,
    Connection: 'close',
  }
  response.writeHead(status, headers).end(`${line}\n`)
}
