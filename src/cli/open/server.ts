import { BtkitError, tryOr, usageError } from '../../base/errors.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import { type PassedSocket, passedSockets } from '../../server/listen/passed-sockets.js'
import { Report } from '../output/report.js'
import type { ServerContext } from '../../server/context.js'
import type { CommandContext } from '../context.js'
import type { Io } from '../io.js'
import type { ServiceManager } from './service-manager.js'
import { resolve } from 'node:path'
import { readRegular } from '../../disk/look/read-bounded.js'
import { statIfThere } from '../../disk/look/stat-files.js'
import { describeOpenSecret } from '../../base/text/distrust.js'
import { TlsKeys } from '../../server/listen/tls-keys.js'

/** The largest certificate chain or key, in bytes. */
const MAX_SIZE = 1024 * 1024

/** The clocks of a command, and its messages, for a server. */
export function serverContext(io: Io): ServerContext {
  const { alert: warn, fail: onError } = new Report({}, io)
  return { now: io.now, monotonic: io.monotonic, warn, onError }
}

/** Reads configuration and files again on SIGHUP. Reports options that need a restart. */
export function reloadOnHangup(
  manager: ServiceManager,
  io: Io & Pick<CommandContext, 'reloadConfiguration'>,
  refresh: () => Promise<unknown>,
): void {
  const { fail, note, text } = new Report({}, io)
  const reload = async () => {
    const changes = await io.reloadConfiguration().catch(fail)
    for (const line of changes ?? []) note(line)
    await refresh()
    text('reloaded')
  }
  io.onHangup(() => {
    manager.reload(reload).catch(fail)
  })
}

/**
 * The places of hosts to listen at. A host with a slash is the path of a Unix socket. `::` has the
 * addresses of IPv4, too, so that 0.0.0.0 could not be had beside it.
 */
export function placesAt(hosts: readonly string[], port: number, { cwd }: Io): ListenPlace[] {
  const all = hosts.map(bareHost)
  const own = all.filter((host) => host !== '0.0.0.0' || !all.includes('::'))
  return own.map((host) => (host.includes('/') ? { path: resolve(cwd, host) } : { host, port }))
}

/** Advice for the case that the port of a service is in use. */
export const OTHER_PORT = 'choose another one with --port; 0: a free one'

/**
 * Returns a function that throws an error again, with advice if a port is in use, or needs rights.
 * `advice` names the option that chooses another port.
 */
export function withPortAdvice(advice: string): (error: unknown) => never {
  return (error) => {
    const isOther = / port \d+: (address already|permission)/
    if (!(error instanceof BtkitError) || !isOther.test(error.message)) throw error
    throw new BtkitError(error.code, `${error.message}; ${advice}`, { cause: error })
  }
}

/**
 * The sockets passed to this process, which replace `--host` and `--port`; null if there are none.
 * @throws BtkitError if a socket cannot be used
 */
export function socketsPassed(io: Io): readonly PassedSocket[] | null {
  const sockets = passedSockets(io.env, process.pid)
  return sockets.length === 0 ? null : sockets
}

/**
 * Warns of options that have no effect because sockets were passed. A unit may repeat the default,
 * the `usualPort`, beside a socket with another one.
 */
export function warnOfIgnored(
  sockets: readonly PassedSocket[],
  { host, port, udp = true }: { host: readonly string[]; port: number; udp?: boolean },
  usualPort: number,
  io: Io,
): void {
  const isOther = port !== usualPort && !sockets.some((each) => each.port === port)
  const ignored = [
    ...(host.length > 0 ? ['--host'] : []),
    ...(isOther ? ['--port'] : []),
    ...(!udp && sockets.some(({ kind }) => kind === 'udp') ? ['--no-udp'] : []),
  ]
  if (ignored.length === 0) return
  const why = 'ignored, because the service manager passed sockets; change the socket unit'
  new Report({}, io).alert(`${ignored.join(', ')}: ${why}`)
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

/**
 * Opens the files for TLS; null for plain HTTP.
 * @throws BtkitError if they cannot be used
 */
export async function openTls(
  { tlsCert, tlsKey }: { readonly [Name in 'tlsCert' | 'tlsKey']?: string },
  io: Io,
): Promise<TlsKeys | null> {
  if (tlsCert === undefined || tlsKey === undefined) return null
  const textOf = async (path: string, what: 'certificate' | 'private key') => {
    const file = await readRegular(resolve(io.cwd, path), MAX_SIZE, null)
    const text = Buffer.from(file?.bytes ?? []).toString()
    if (new RegExp(`-----BEGIN .*${what}-----`, 'i').test(text)) return text
    throw usageError(`${path}: holds no ${what} in PEM`)
  }
  const { alert: warn } = new Report({}, io)
  return TlsKeys.open({
    names: { cert: tlsCert, key: tlsKey },
    read: async () => {
      const key = await textOf(tlsKey, 'private key')
      const why = describeOpenSecret(statIfThere(resolve(io.cwd, tlsKey))?.mode ?? 0)
      if (why !== null) warn(`${tlsKey}: ${why}`)
      return { cert: await textOf(tlsCert, 'certificate'), key }
    },
    state: () => [tlsCert, tlsKey].map((path) => stateOf(resolve(io.cwd, path))).join(),
    warn,
    now: io.now,
  })
}

/** The state of a file that may be missing. */
function stateOf(path: string): string {
  const { ino, size, mtimeMs, ctimeMs } = tryOr(null, () => statIfThere(path)) ?? {}
  return [ino, size, mtimeMs, ctimeMs].join()
}
