import type { ServerResponse } from 'node:http'

/** Bytes given to the connection at a time. */
const SLICE = 64 * 1024

/**
 * Ends an answer with a large body that all its clients share; `writeHead` was called before. The
 * body is not copied for each client. Over TLS the next slice is encrypted only after the client
 * has accepted the slice before. The connection is closed after `limit` milliseconds, so a slow
 * reader cannot keep the body for longer.
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
    // Also called if the write failed
    if (!response.destroyed) writeFrom(response, body, to)
  })
}
