import type { IncomingMessage } from 'node:http'
import { isSecure } from '../../server/listen/make-server.js'
import { malformed } from '../../server/answers/refusal.js'

/** A part of a name, between dots. */
const LABEL = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?'

/** A host as an address holds it: a name, an IPv4 or a bracketed IPv6 address, and perhaps a port. */
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*\\.?|\\[[0-9a-f:.]+\\])(?::[1-9]\\d*)?$`, 'i')

const MAX_HOST = 255

/**
 * Makes sure that a request names one host, as HTTP/1.1 has it; who has no use for it need not be
 * told.
 * @throws Refusal
 */
export function checkHosts(request: IncomingMessage, isOptional: boolean): void {
  const hosts = request.headersDistinct['host']?.length ?? 0
  if (hosts > 1 || (hosts === 0 && request.httpVersion === '1.1' && !isOptional)) {
    throw malformed('a request needs one Host header')
  }
}

/**
 * The address under which clients reach the mirror's root, without a slash at its end: the one it
 * is published under, else what the request says.
 * @throws Refusal when the request's Host could not stand in an address
 */
export function publicAddress(request: IncomingMessage, publicUrl: string | null): string {
  if (publicUrl !== null) return publicUrl
  const host = hostOf(request)
  const isHost = host.length <= MAX_HOST && HOST.test(host)
  // Knows what no pattern tells, such as the highest port
  const scheme = isSecure(request) ? 'https' : 'http'
  if (isHost && URL.canParse(`${scheme}://${host}`)) return `${scheme}://${host}`
  throw malformed('the Host header is missing or not a host')
}

/** What a request takes this server for: a host in its address outweighs the header. */
function hostOf({ url = '', headers }: IncomingMessage): string {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? headers.host ?? ''
}
