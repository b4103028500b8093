import type { ServerResponse } from 'node:http'

/** Bytes that are handed to the connection at once. */
const SLICE = 64 * 1024

/**
 * Ends an answer, whose header was given by `writeHead`, with a large body that all who ask for it
 * share: it is not copied for each of them, and over TLS no more of it than a slice is encrypted
 * before the client has taken what was before. Who has not taken all of it after `limit`
 * milliseconds is closed on: nobody keeps a body for longer by reading slowly.
 */
export function endInSlices(response: ServerResponse, body: Buffer, limit: number): void {
  if (response.destroyed) return
  if (response.req.method === 'HEAD') {
    response.end()
    return
  }
  const timer = setTimeout(() => response.destroy(), limit).unref()
  response.once('close', () => {
    clearTimeout(timer)
  })
  writeFrom(response, body, 0)
}

function writeFrom(response: ServerResponse, body: Buffer, from: number): void {
  const to = from + SLICE
  const slice = body.subarray(from, to)
  if (to >= body.length) {
    response.end(slice)
    return
  }
  response.write(slice, () => {
    // That it could not be written is said here, too
    if (!response.destroyed) writeFrom(response, body, to)
  })
}
