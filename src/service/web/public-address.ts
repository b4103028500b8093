import type { IncomingMessage } from 'node:http'
import { malformed } from '../refusal.js'

/** A host as an address holds it: a name, an IPv4 or a bracketed IPv6 address, and perhaps a port. */
const HOST = /^(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

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
  const host = request.headers.host ?? ''
  if (host.length <= MAX_HOST && HOST.test(host)) return `http://${host}`
  throw malformed('the Host header is missing or not a host')
}

/** The address of a directory on the mirror, percent-encoded and with a slash at its end. */
export function directoryAddress(base: string, directory: readonly string[]): string {
  return [base, ...directory.map(encodeURIComponent), ''].join('/')
}
