import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { BtkitError } from '../errors.js'
import { isForwarded, unmappedAddress } from './connections/client-address.js'

/**
 * Returns an application's prefix without a slash at its end; '' for none.
 * @throws BtkitError `usage` for a prefix with parameters, which no torrent could name
 */
export function plainPrefix(prefix: string): string {
  if (!/[:*?#]/.test(prefix)) return prefix.replace(/\/+$/, '')
  throw new BtkitError('usage', `prefix ${prefix}: has parameters; use a plain path`)
}

/** Scheme and host of a request's target, and the rest. */
const TARGET = /^(https?:\/\/[^/?#]*)?(.*)$/is

/** Where an address is: below a prefix, the prefix itself without a slash, or elsewhere. */
export type Place = 'below' | 'bare' | 'elsewhere'

/**
 * Removes the prefix from a request's URL, so that a plugin sees its own addresses; `originalUrl`
 * keeps the whole one. The result is `elsewhere` if the prefix is spelled in another way, such as
 * with escapes.
 */
export function removePrefix(
  prefix: string,
  raw: IncomingMessage & { originalUrl?: string },
): Place {
  if (prefix === '') return 'below'
  const { url = '' } = raw
  const [, origin = '', target = ''] = TARGET.exec(url) ?? []
  const rest = target.slice(prefix.length)
  const isBare = rest === '' || rest.startsWith('?')
  raw.originalUrl ??= url
  raw.url = isBare ? `/${rest}` : origin + rest
  if (target.startsWith(prefix) && isBare) return 'bare'
  if (target.startsWith(prefix) && rest.startsWith('/')) return 'below'
  raw.url = '/'
  return 'elsewhere'
}

/** Leads to the prefix with a slash at its end, so that relative links are right. */
export function redirectInto(prefix: string, raw: IncomingMessage, reply: FastifyReply): void {
  const name = prefix.slice(prefix.lastIndexOf('/') + 1)
  reply.redirect(`./${name}/${raw.url?.slice(1) ?? ''}`)
}

/** The clients of an application's requests, as its option `trustProxy` finds them. */
export class AppClients {
  readonly #addresses = new WeakMap<object, string>()

  /** Keeps the address of a request's client. */
  add({ raw, ip }: FastifyRequest): void {
    // On a Unix socket there is none; a proxy may send any text
    if (isIP(ip) !== 0) this.#addresses.set(raw, unmappedAddress(ip))
  }

  /** The address of a request's client; null if it has none. */
  of(request: object): string | null {
    return this.#addresses.get(request) ?? null
  }

  /** Whether that client sent the request itself, or through a proxy that the application trusts. */
  isOwnRequest(request: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
    const address = this.of(request)
    if (address === null || !isForwarded(request)) return address !== null
    return address !== unmappedAddress(request.socket.remoteAddress ?? '')
  }
}
