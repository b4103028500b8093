import { BtkitError } from '../../../base/errors.js'
import { isLoopback } from '../../../core/remote/address-reach.js'
import type { ListenPlace } from '../../../server/listen/open-server.js'
import { quoteText } from '../../../base/text/escape.js'

/** The port of the pages if none is named. */
export const ADMIN_PORT = 6970

/** A host and port, such as `127.0.0.1:6970`, `[::1]:6970` or `localhost`. */
const HOST_AND_PORT = /^(\[[\da-f:.]+\]|[^:[\]/]*)(?::(\d{1,5}))?$/i

/**
 * Reads where the pages are: a host and port, a port of this machine, or the path of a Unix socket.
 * @throws BtkitError `usage`
 */
export function parseListenPlace(text: string): ListenPlace {
  if (text.includes('/')) return { path: text }
  const isPort = /^\d{1,5}$/.test(text)
  const [, host = '', port] = HOST_AND_PORT.exec(isPort ? `:${text}` : text) ?? []
  const number = Number(port ?? ADMIN_PORT)
  if (text !== '' && (host !== '' || port !== undefined) && number <= 65535)
    return { host: host.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1', port: number }
  throw new BtkitError(
    'usage',
    `${quoteText(text)}: neither HOST:PORT nor the path of a Unix socket; write 127.0.0.1:6970, for example`,
  )
}

/**
 * Refuses a place where passwords would cross a network in plain text.
 * @throws BtkitError `usage`
 */
export function requireProtected(
  place: ListenPlace,
  protection: { readonly hasTls: boolean; readonly hasTrustedProxy: boolean },
): void {
  if (!('host' in place) || isLoopback(place.host)) return
  if (protection.hasTls || protection.hasTrustedProxy) return
  throw new BtkitError(
    'usage',
    `--admin-listen ${place.host}: passwords would cross the network in plain text; set --tls-cert and --tls-key, or --trust-proxy`,
  )
}
