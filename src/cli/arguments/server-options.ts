import * as read from './values.js'
import {
  type Command,
  InvalidArgumentError,
  Option,
  type OptionValues,
} from '@commander-js/extra-typings'
import { BtkitError } from '../../errors.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import { type PassedSocket, passedSockets } from '../../server/listen/passed-sockets.js'
import { reportWarning, warningsTo } from '../output/messages.js'
import type { Io, Output } from '../io.js'
import { type TrustedProxy, parseTrustedProxy } from '../../server/connections/client-address.js'
import { resolve } from 'node:path'
import { readRegular } from '../../files/read-regular.js'
import { TlsFiles } from '../../server/listen/tls-keys.js'
import { type NetworkInterfaceInfo, hostname, networkInterfaces } from 'node:os'

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
  let count = 0
  for (const character of Buffer.from(lines)) if (character === NEWLINE) count++
  return count
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
export function declareAdminOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
  Globals extends OptionValues,
>(command: Command<Arguments, Options, Globals>) {
  return command
    .optionsGroup('Administration:')
    .option('--admin-users <file>', 'show pages of administration to the users in this file')
    .option(
      '--admin-listen <address>',
      'show them at this HOST:PORT or Unix socket (default: 127.0.0.1:6970)',
    )
    .option('--admin-url <url>', 'use this URL, at which a proxy shows them', publicUrl)
    .option(
      '--make-from <dir>',
      'let users make torrents of files below this directory (repeatable)',
      read.collect,
      [] as string[],
    )
}

export function archiveDirOption() {
  return new Option(
    '--archive-dir <dir>',
    'track the torrents in this directory, too, and list them apart (repeatable)',
  )
    .argParser(paths)
    .default([] as string[])
}

export function bannedIpsOption() {
  return new Option('--banned-ips <file>', 'ignore the addresses in this file')
}

export function bannedListOption() {
  return new Option('--banned-list <file>', 'refuse the info hashes in this file')
}

/** Adds a path. As in bttrack, an empty text means none. */
export function paths(text: string, previous: string[]): string[] {
  return text === '' ? previous : read.collect(text, previous)
}
