import * as read from './values.js'
import { type Command, InvalidArgumentError, type OptionValues } from '@commander-js/extra-typings'
import { valueOr, usageError } from '../../errors.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import { type PassedSocket, passedSockets } from '../../server/listen/passed-sockets.js'
import { reportError, reportNote, reportWarning, warningsTo } from '../output/messages.js'
import type { ServerContext } from '../../server/context.js'
import type { CommandContext } from '../context.js'
import type { Io, Output } from '../io.js'
import type { ServiceManager } from '../service-manager/service-manager.js'
import { parseTrustedProxy } from '../../server/connections/client-address.js'
import { resolve } from 'node:path'
import { readRegular } from '../../files/read-bounded.js'
import { TlsKeys } from '../../server/listen/tls-keys.js'
import { type NetworkInterfaceInfo, hostname, networkInterfaces } from 'node:os'
import { DIRECTORY, FILE, Opt, type Traits } from '../options/option.js'

/** The largest certificate chain or key, in bytes. */
const MAX_SIZE = 1024 * 1024

/** The clocks of a command, and its messages, for a server. */
export function serverContext(io: Io): ServerContext {
  const { now, monotonic } = io
  const onError = (error: unknown) => {
    reportError(error, io)
  }
  return { now, monotonic, warn: warningsTo(io), onError }
}

/** Reads configuration and files again on SIGHUP. Reports options that need a restart. */
export function reloadOnHangup(
  manager: ServiceManager,
  io: Io & Pick<CommandContext, 'reloadConfiguration'>,
  refresh: () => Promise<unknown>,
): void {
  const report = (error: unknown) => {
    reportError(error, io)
  }
  const reload = async () => {
    const changes = await io.reloadConfiguration().catch(report)
    for (const line of changes ?? []) reportNote(line, io)
    await refresh()
    io.stdout.write('reloaded\n')
  }
  io.onHangup(() => {
    manager.reload(reload).catch(report)
  })
}

/** The places of hosts to listen at. A host with a slash is the path of a Unix socket. */
export function placesAt(hosts: readonly string[], port: number, { cwd }: Io): ListenPlace[] {
  return hosts.map((host) => {
    return host.includes('/') ? { path: resolve(cwd, host) } : { host: bareHost(host), port }
  })
}

/** Adds a proxy whose X-Forwarded-For is trusted. */
export const trustedProxies = read.repeated((text) => {
  const proxy = valueOr(null, () => parseTrustedProxy(text))
  if (proxy) return [proxy]
  throw new InvalidArgumentError('must be unix or an address such as 10.0.0.0/8')
})

/** Parses the name of a site: a line of text that fits the head of pages. */
export function siteName(text: string): string {
  if (/^[^\p{C}]{1,60}$/u.test(text) && text.trim() === text) return text
  throw new InvalidArgumentError('Not a line of 1 to 60 characters without spaces around it.')
}

/** Parses the URL at which clients reach a server. A slash at its end is removed. */
export function publicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const isPlain = url && /^https?:$/.test(url.protocol) && url.search + url.hash === ''
  if (isPlain) return text.replace(/\/+$/, '')
  const isBare = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/|$)/.test(text)
  throw new InvalidArgumentError(
    isBare
      ? `no https:// or http:// in front; type http://${text}`
      : 'Not an http or https URL without ? and #.',
  )
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
export async function openTls({ tlsCert, tlsKey }: TlsOptions, io: Io): Promise<TlsKeys | null> {
  if (tlsCert === undefined && tlsKey === undefined) return null
  if (tlsCert === undefined || tlsKey === undefined) {
    throw usageError('--tls-cert and --tls-key: give both')
  }
  const textOf = async (path: string, what: 'certificate' | 'private key') => {
    const file = await readRegular(resolve(io.cwd, path), MAX_SIZE, null)
    const text = Buffer.from(file?.bytes ?? []).toString()
    if (new RegExp(`-----BEGIN .*${what}-----`, 'i').test(text)) return text
    throw usageError(`${path}: holds no ${what} in PEM`)
  }
  return TlsKeys.open({
    read: async () => ({
      cert: await textOf(tlsCert, 'certificate'),
      key: await textOf(tlsKey, 'private key'),
    }),
    warn: warningsTo(io),
    now: io.now,
  })
}

/** The most bytes that wait for the reader of a stream. */
const MAX_WAITING = 2 ** 20

/**
 * A stream of lines whose reader may be slow or missing. If too much is waiting, further lines are
 * dropped and counted. Later a line reports the gap.
 */
export class BoundedOutput implements Output {
  #dropped = 0
  /** Number of dropped lines not yet reported. */
  #untold = 0

  constructor(private readonly output: Output) {}

  get isTTY(): boolean {
    return this.output.isTTY === true
  }

  /** Number of lines dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  /** Writes whole lines. */
  write(lines: string | Uint8Array): void {
    if ((this.output.writableLength ?? 0) > MAX_WAITING) {
      const count = countLines(lines)
      this.#dropped += count
      this.#untold += count
      return
    }
    if (this.#untold > 0) {
      this.output.write(
        `btkit: warning: ${this.#untold} lines dropped here, because the reader was too slow\n`,
      )
      this.#untold = 0
    }
    this.output.write(lines)
  }
}

function countLines(lines: string | Uint8Array): number {
  return Buffer.from(lines).filter((character) => character === NEWLINE).length
}

const NEWLINE = 10

/** Matches `[::]` and `0.0.0.0` in a URL, which mean all addresses of the machine. */
const ALL_ADDRESSES = /^([a-z]+:\/\/)(?:\[::\]|0\.0\.0\.0)(?=:\d+|$)/

/** Returns the URL by which clients reach a server: a wildcard address becomes `host`. */
export function reachableAddress(address: string, host: string): string {
  return address.replace(ALL_ADDRESSES, (_, scheme: string) => scheme + host)
}

/** Returns the full name of this machine, an address in its network, or `localhost`. */
export function machineHost(): string {
  const name = hostname()
  if (/^[\w-]+(\.[\w-]+)+$/.test(name) && !name.endsWith('.localdomain')) return name
  const outer = allAddresses().filter(
    ({ internal, address }) => !internal && !/^(fe80:|169\.254\.)/i.test(address),
  )
  const v4 = outer.find(({ family }) => family === 'IPv4')
  const v6 = outer.find(({ family }) => family === 'IPv6')
  return v4?.address ?? (v6 ? `[${v6.address}]` : 'localhost')
}

/** All addresses of this machine; none if a sandbox does not let programs list them. */
function allAddresses(): NetworkInterfaceInfo[] {
  try {
    return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  } catch {
    return []
  }
}

/** Declares the options of a tracker's administration, in a group of their own. */
export function declareAdminOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
  traits: Traits = {},
) {
  return command
    .optionsGroup('Administration:')
    .addOption(
      new Opt('--admin-users <file>', 'show pages of administration to the users in this file', {
        ...FILE,
        ...traits,
      }),
    )
    .addOption(
      new Opt(
        '--admin-listen <address>',
        'listen on this HOST:PORT or Unix socket for these pages (default: 127.0.0.1:6970)',
        traits,
      ),
    )
    .addOption(
      new Opt(
        '--admin-url <url>',
        'name the public URL of these pages, behind a proxy',
        traits,
      ).argParser(publicUrl),
    )
    .addOption(
      new Opt(
        '--make-from <dir>',
        'let users make torrents of files below this directory (repeatable)',
        { ...DIRECTORY, ...traits },
      )
        .argParser(read.collect)
        .default([] as string[]),
    )
}

export function archiveDirOption() {
  const what = 'track the torrents in this directory, too, and list them apart (repeatable)'
  return new Opt('--archive-dir <dir>', what, { ...DIRECTORY, isForTracker: true })
    .argParser(paths)
    .default([] as string[])
}

/** The traits of files that a tracker beside a mirror reads, too. */
export const SHARED_FILE = { ...FILE, isForTracker: true }

export function bannedIpsOption() {
  return new Opt('--banned-ips <file>', 'ignore the addresses in this file', SHARED_FILE)
}

export function bannedListOption() {
  return new Opt('--banned-list <file>', 'refuse the info hashes in this file', SHARED_FILE)
}

/** Adds a path. As in bttrack, an empty text means none. */
export const paths = read.repeated((text) => (text === '' ? [] : [text]))
