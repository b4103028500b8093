import type { IncomingHttpHeaders } from 'node:http'

/** A request, as far as it says where it comes from. */
export interface Asking {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** The port of this server. */
  readonly port: number
}

/**
 * Returns why a request is refused; null if it is allowed. The Host must be this machine's own, so
 * that no other name can lead here (DNS rebinding). Changes must come from pages of this server.
 */
export function refusalOf({ method, headers, port }: Asking): string | null {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`]
  const { host = '', origin, 'sec-fetch-site': site } = headers
  if (!own.includes(host)) return 'this address is for the browser of this machine only'
  if (method === 'GET' || method === 'HEAD') return null
  const isForeign = site !== undefined && site !== 'same-origin'
  // Without a referrer, browsers send the Origin of forms as `null`
  const isOther = origin !== undefined && origin !== 'null' && origin !== `http://${host}`
  return isForeign || isOther ? 'the request came from another site' : null
}
