import { InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { BtkitError } from '../../errors.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import { passedSockets, type PassedSocket } from '../../server/listen/passed-sockets.js'
import { reportWarning } from '../output/messages.js'
import type { Io } from '../io.js'
import { parseTrustedProxy, type TrustedProxy } from '../../server/connections/client-address.js'
import { resolve } from 'node:path'
import { readRegular } from '../../files/read-regular.js'
import { TlsFiles } from '../../server/listen/tls-files.js'

/** Bytes of a certificate with those that lead from it, or of a key. */
const MAX_SIZE = 1024 * 1024

/** Adds a proxy that is believed whom it asks for. */
export function trustedProxies(text: string, previous: TrustedProxy[]): TrustedProxy[] {
  try {
    return [...previous, parseTrustedProxy(text)]
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    throw new InvalidArgumentError('neither unix nor an address, such as 10.0.0.0/8')
  }
}

/** An option of earlier versions, whose processes and threads answered no more requests than one. */
export function workersOption() {
  return new Option('--workers <n>', 'accepted and ignored').hideHelp()
}

/** Warns of that option where it is given. */
export function warnOfWorkers(workers: string | undefined, io: Io): void {
  if (workers === undefined) return
  const advice = 'for TLS and large files put nginx or caddy in front'
  reportWarning(`--workers: ignored, as one process answers; ${advice}`, io)
}

/** The address under which clients reach a server, without the slash at its end. */
export function publicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const isPlain = url && /^https?:$/.test(url.protocol) && url.search + url.hash === ''
  if (isPlain) return text.replace(/\/+$/, '')
  throw new InvalidArgumentError('Not an http or https URL without ? and #.')
}

/**
 * The sockets that were passed to this process, which are listened on in place of `--host` and
 * `--port`; null when there are none.
 * @throws BtkitError when they can't be listened on
 */
export function socketsPassed(io: Io): readonly PassedSocket[] | null {
  const sockets = passedSockets(io.env, process.pid)
  return sockets.length === 0 ? null : sockets
}

/** Says of hosts, if there are any, that sockets are listened on in their place. */
export function warnOfHosts(hosts: readonly string[], io: Io): void {
  if (hosts.length === 0) return
  reportWarning('--host: passed over, as there are sockets of the service manager', io)
}

/** What is listened on for HTTP, of sockets that were passed. */
export function passedPlaces(sockets: readonly PassedSocket[]): ListenPlace[] {
  const streams = sockets.filter(({ kind }) => kind !== 'udp')
  return streams.map(({ fd, path }) => ({ fd, unixPath: path }))
}

/** An IPv6 address may stand in brackets, as it does in URLs. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

interface TlsOptions {
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
}

/**
 * What TLS is to be spoken with; null for plain HTTP.
 * @throws BtkitError when only one file is given, or they can't be used
 */
export async function openTls({ tlsCert, tlsKey }: TlsOptions, io: Io): Promise<TlsFiles | null> {
  if (tlsCert === undefined && tlsKey === undefined) return null
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new BtkitError('usage', '--tls-cert and --tls-key: TLS needs both')
  }
  const textOf = async (path: string) => {
    const file = await readRegular(resolve(io.cwd, path), MAX_SIZE, null)
    return Buffer.from(file?.bytes ?? []).toString()
  }
  return TlsFiles.open({
    read: async () => ({ cert: await textOf(tlsCert), key: await textOf(tlsKey) }),
    warn: (message) => {
      reportWarning(message, io)
    },
    now: io.now,
  })
}
