import { lstatSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { checkSocketPath, removeFile } from '../../base/directories.js'
import { asBtkitError, BtkitError, osCodeOf } from '../../base/errors.js'

/**
 * Where to listen: a host and port, the path of a Unix socket, or the descriptor of a passed
 * socket. `unixPath` is the path of a passed Unix socket, null for others.
 */
export type ListenPlace =
  | { readonly host: string; readonly port: number }
  | { readonly path: string }
  | { readonly fd: number; readonly unixPath: string | null }

/** Whether only programs of this machine can reach a place; they need no TLS. */
export function isUnixPlace(place: ListenPlace): boolean {
  return 'path' in place || ('fd' in place && place.unixPath !== null)
}

/**
 * Makes a server listen and returns its address: a URL without a slash at its end, or the path of a
 * Unix socket. Replaces a Unix socket whose process has ended. On a machine without IPv6, `::` is
 * 0.0.0.0.
 * @throws BtkitError if it cannot listen there
 */
export async function openServer(server: Server, place: ListenPlace): Promise<string> {
  if ('path' in place) checkSocketPath(place.path)
  try {
    await open(server, place)
  } catch (error) {
    if ('host' in place && isWithoutIPv6(place.host, error))
      return openServer(server, { ...place, host: '0.0.0.0' })
    if (!('path' in place) || !(await isAbandoned(place.path, error))) throw explain(error, place)
    removeFile(place.path)
    await open(server, place)
  }
  return 'fd' in place && place.unixPath !== null ? place.unixPath : addressOf(server)
}

/** Whether a host is all addresses, and could not be had because the machine has no IPv6. */
export function isWithoutIPv6(host: string, error: unknown): boolean {
  return host === '::' && /^(EAFNOSUPPORT|EADDRNOTAVAIL)$/.test(osCodeOf(error) ?? '')
}

function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') return address ?? ''
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `${server instanceof TlsServer ? 'https' : 'http'}://${host}:${address.port}`
}

/** Most connections that wait to be accepted. The system's own limit, usually 4096, is below. */
const MOST_WAITING = 65_535

function open(server: Server, place: ListenPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...place, backlog: MOST_WAITING }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function explain(error: unknown, place: ListenPlace): unknown {
  const what = `can't listen on ${shownPlace(place)}`
  if (osCodeOf(error) === 'EADDRINUSE' && 'path' in place && !isSocket(place.path))
    return new BtkitError('io', `${what}: this is not a socket; name another path`)
  const known = asBtkitError(error, what)
  return known instanceof BtkitError ? known : new BtkitError('usage', what)
}

function shownPlace(place: ListenPlace): string {
  if ('path' in place) return place.path
  return 'fd' in place ? `descriptor ${place.fd}` : `${place.host} port ${place.port}`
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true
}

/** Whether a path is a socket on which no process listens any more. */
function isAbandoned(path: string, error: unknown): Promise<boolean> {
  if (osCodeOf(error) !== 'EADDRINUSE') return Promise.resolve(false)
  // Files would refuse connections, too, and must not be removed
  if (!isSocket(path)) return Promise.resolve(false)
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (refusal) => {
      resolve(osCodeOf(refusal) === 'ECONNREFUSED')
    })
  })
}
