import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const STATUS_LINES: Record<string, string> = {
  TUNNEL: '501 Not Implemented',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}

/** The error of a request for a tunnel, which only proxies make (RFC 9110, section 9.3.6). */
export const tunnelError = Object.assign(new Error('CONNECT'), { code: 'TUNNEL' })

/** Most milliseconds and bytes that a refused client may go on to send. */
const MOST_LINGER = 5000
const MOST_UNREAD = 1024 * 1024

/**
 * Closes a connection after its last answer, of whose request more may come. That is read and
 * thrown away: bytes that nobody reads reset the connection, and the client loses the
 * answer (RFC 9112, section 9.6).
 */
export function closeAnswered(socket: Socket): void {
  const before = socket.bytesRead
  const close = () => socket.destroy()
  const discard = () => {
    socket.removeAllListeners('data').on('data', () => {
      if (socket.bytesRead - before > MOST_UNREAD) close()
    })
  }
  const timer = setTimeout(close, MOST_LINGER).unref()
  socket.once('close', () => {
    clearTimeout(timer)
  })
  socket.end()
  // If Node has stopped reading by itself, only its own listeners begin again
  if (socket.isPaused()) socket.once('resume', discard).resume()
  else discard()
}

/**
 * Answers bytes that are not a request or not a complete one in time, and closes the connection.
 * Returns the status and the bytes of the body; null if no answer was sent, for example because
 * another answer `isAnswering` on the connection: the client would take the refusal for part of it.
 */
export function refuseConnection(
  error: NodeJS.ErrnoException,
  socket: Socket,
  isAnswering: boolean,
) {
  if (!socket.writable || error.code === 'ECONNRESET' || isAnswering) {
    socket.destroy()
    return null
  }
  const status = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request'
  const body = `${status.slice(4)}\n`
  socket.write(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
  closeAnswered(socket)
  return { status: Number(status.slice(0, 3)), bytes: body.length }
}

/** Answers a request with an unsupported `Expect` header. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  refuseRequest(response, 417, 'unsupported Expect header; leave it out')
}

/** Answers requests that arrive while the service stops. */
export function refuseStopping(response: ServerResponse): void {
  response.setHeader('Retry-After', '10')
  refuseRequest(response, 503, 'the server is stopping; try again later')
}

/** Answers with one line of text and closes the connection. */
function refuseRequest(response: ServerResponse, status: number, line: string): void {
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': line.length + 1,
    Connection: 'close',
  }
  response.writeHead(status, headers).end(`${line}\n`)
}
