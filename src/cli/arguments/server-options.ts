import { InvalidArgumentError } from '@commander-js/extra-typings'
import { BtkitError } from '../../errors.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import { passedSockets, type PassedSocket } from '../../server/listen/passed-sockets.js'
import { reportWarning, warningsTo } from '../output/messages.js'
import type { Io } from '../io.js'
import { parseTrustedProxy, type TrustedProxy } from '../../server/connections/client-address.js'
import { resolve } from 'node:path'
import { readRegular } from '../../files/read-regular.js'
import { TlsFiles } from '../../server/listen/tls-keys.js'

/** The largest certificate chain or key, in bytes. */
const MAX_SIZE = 1024 * 1024

/** Adds a proxy whose X-Forwarded-For is trusted. */
export function trustedProxies(text: string, previous: TrustedProxy[]): TrustedProxy[] {
  try {
    return [...previous, parseTrustedProxy(text)]
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    throw new InvalidArgumentError('must be unix or an address such as 10.0.0.0/8')
  }
}

/** Parses the URL at which clients reach a server. A slash at its end is removed. */
export function publicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const isPlain = url && /^https?:$/.test(url.protocol) && url.search + url.hash === ''
  if (isPlain) return text.replace(/\/+$/, '')
  throw new InvalidArgumentError('Not an http or https URL without ? and #.')
}

/**
 * The sockets passed to this process, which replace `--host` and `--port`; null if there are none.
 * @throws BtkitError if a socket cannot be used
 */
export function socketsPassed(io: Io): readonly PassedSocket[] | null {
  const sockets = passedSockets(io.env, process.pid)
  return sockets.length === 0 ? null : sockets
}

/** Warns that given hosts are ignored because sockets were passed. */
export function warnOfHosts(hosts: readonly string[], io: Io): void {
  if (hosts.length === 0) return
  reportWarning('--host: ignored, because the service manager passed sockets', io)
}

/** The passed sockets on which to listen for HTTP. */
export function passedPlaces(sockets: readonly PassedSocket[]): ListenPlace[] {
  const streams = sockets.filter(({ kind }) => kind !== 'udp')
  return streams.map(({ fd, path }) => ({ fd, unixPath: path }))
}

/** Removes the brackets that an IPv6 address has in URLs. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

interface TlsOptions {
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
}

/**
 * Opens the files for TLS; null for plain HTTP.
 * @throws BtkitError if only one file is given, or they cannot be used
 */
export async function openTls({ tlsCert, tlsKey }: TlsOptions, io: Io): Promise<TlsFiles | null> {
  if (tlsCert === undefined && tlsKey === undefined) return null
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new BtkitError('usage', '--tls-cert and --tls-key: give both')
  }
  const textOf = async (path: string) => {
    const file = await readRegular(resolve(io.cwd, path), MAX_SIZE, null)
    return Buffer.from(file?.bytes ?? []).toString()
  }
  return TlsFiles.open({
    read: async () => ({ cert: await textOf(tlsCert), key: await textOf(tlsKey) }),
    warn: warningsTo(io),
    now: io.now,
  })
}
