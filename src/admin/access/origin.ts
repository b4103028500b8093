import type { IncomingHttpHeaders } from 'node:http'
import { isLoopback } from './listen-place.js'

/** The addresses at which browsers may see the pages. */
export interface OwnAddress {
  /** Where browsers see the pages, if a proxy shows them; null if they ask this program itself. */
  readonly url: URL | null
  /**
   * Whether any name in `Host` is right: on a Unix socket, which proxies ask, and with TLS, whose
   * certificate another site lacks.
   */
  readonly takesAnyHost: boolean
}

/** A request, as far as it says where it comes from. */
export interface Asking {
  readonly method: string
  readonly headers: IncomingHttpHeaders
}

/**
 * Returns why a request is refused; null if it is allowed. Its `Host` must be known, so that no other
 * name can lead here (DNS rebinding). Changes must come from these pages.
 */
export function refusalOf({ method, headers }: Asking, own: OwnAddress): string | null {
  const { host = '', origin, 'sec-fetch-site': site } = headers
  const isKnown = own.takesAnyHost || host === own.url?.host || isLoopback(nameOf(host))
  if (!isKnown) return `the host ${host.slice(0, 100)} is not known; name it by --admin-url`
  if (method === 'GET' || method === 'HEAD') return null
  // Browsers set it where the connection is secure; pages cannot
  if (site !== undefined) return site === 'same-origin' ? null : OTHER_SITE
  if (origin === undefined || origin === own.url?.origin) return null
  return hostOf(origin) === host ? null : OTHER_SITE
}

const OTHER_SITE = 'the request came from another site; behind a proxy, set --admin-url'

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}

/** A `Host` without its port. */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, '')
}
