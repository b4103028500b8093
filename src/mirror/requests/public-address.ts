import type { IncomingMessage } from 'node:http'
import { isSecure } from '../../server/listen/listen.js'
import { malformed } from '../../server/answers/refusal.js'
import type { ServiceOptions } from '../options.js'

/** A part of a host name, between dots. */
const LABEL = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?'

/** A host in a URL: a name, an IPv4 or a bracketed IPv6 address, with an optional port. */
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*\\.?|\\[[0-9a-f:.]+\\])(?::[1-9]\\d*)?$`, 'i')

const MAX_HOST = 255

/**
 * Makes sure that a request names one host, as HTTP/1.1 requires. With `isOptional` it may name
 * none.
 * @throws Refusal
 */
export function checkHosts(request: IncomingMessage, isOptional: boolean): void {
  const hosts = request.rawHeaders.filter((name, i) => i % 2 === 0 && isHost(name)).length
  if (hosts > 1 || (hosts === 0 && request.httpVersion === '1.1' && !isOptional)) {
    throw malformed('no Host header, or more than one; send one')
  }
}

function isHost(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === 'host'
}

/**
 * The URL by which clients reach the mirror's root, without a slash at its end: the public URL if
 * one is set, otherwise the prefix at the host of the request.
 * @throws Refusal if the request's host cannot be in a URL
 */
export function publicAddress(
  request: IncomingMessage,
  { publicUrl, prefix }: Pick<ServiceOptions, 'publicUrl' | 'prefix'>,
): string {
  if (publicUrl !== null) return publicUrl
  const host = hostOf(request)
  const isValid = host.length <= MAX_HOST && HOST.test(host)
  // Checks what the pattern cannot, such as the highest port
  const scheme = isSecure(request) ? 'https' : 'http'
  if (isValid && URL.canParse(`${scheme}://${host}`)) return `${scheme}://${host}${prefix}`
  throw malformed('the Host header is missing or invalid; send a host name or address')
}

/** The host of a request; one in its address outweighs the header. */
function hostOf({ url = '', headers }: IncomingMessage): string {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? headers.host ?? ''
}
