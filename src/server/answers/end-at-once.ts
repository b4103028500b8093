import type { ServerResponse } from 'node:http'

/** Bytes of a body that is short enough to be sent at once. */
const SHORT = 64 * 1024

/**
 * Ends an answer, whose header was given by `writeHead`, with a whole body; in a string, each
 * character is a byte (latin1). `end` alone would hand the system header, body and an empty last
 * piece together, as pieces of one list: a short answer takes a quarter more time then. Here header
 * and a string go as one piece, and nothing is left to send when the answer ends.
 */
export function endAtOnce(response: ServerResponse, body: string | Uint8Array): void {
  if (body.length > SHORT) {
    response.end(body, 'latin1')
    return
  }
  const { socket } = response
  // Else the connection would hold back what is written until the next turn
  socket?.cork()
  response.write(body, 'latin1')
  socket?.uncork()
  response.end()
}
