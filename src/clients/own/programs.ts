import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { OwnClientSettings } from './settings.js'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { spawnSync } from 'node:child_process'

/** How long a program may take to tell its version, in milliseconds. */
const PATIENCE = 10_000

/** A client as it is to be started: its files are written first. */
interface PreparedClient {
  /** Contents of the files of its directory, by their names. */
  readonly files: Readonly<Record<string, string>>
  readonly args: readonly string[]
  /** Its environment, beside the variables that all have. */
  readonly env?: Readonly<Record<string, string>>
  /** Its address for btkit. */
  readonly url: string
}

/** A program that can be a client of btkit's own. */
export interface ClientProgram {
  readonly program: string
  /** Whether it can tell trackers another address than the one that they see. */
  readonly announcesAddress: boolean
  /**
   * Whether it tells trackers that it has nothing yet while it asks for the metadata of a magnet
   * link. Many name seeds to no others.
   */
  readonly asksAsLeecher: boolean
  /** Whether the one at a path opens hybrids: aria2 1.36 and Transmission 3.00 do not. */
  readonly opensHybrids: (path: string) => boolean
  /** Whether it downloads from web seeds (BEP 19). */
  readonly takesWebSeeds: boolean
  /** The signal upon which it takes leave of its trackers before it ends. */
  readonly endSignal: 'INT' | 'TERM'
  readonly prepare: (directory: string, settings: OwnClientSettings) => Promise<PreparedClient>
}

/**
 * The programs that are tried, in this order: those that take data for verified come first. Passwords
 * are in files, because anyone can read the command line of a process.
 */
export const clientPrograms: readonly ClientProgram[] = [
  {
    program: 'aria2c',
    announcesAddress: true,
    asksAsLeecher: false,
    opensHybrids: () => false,
    takesWebSeeds: true,
    // It leaves at once on TERM
    endSignal: 'INT',
    prepare: prepareAria2,
  },
  {
    program: 'rtorrent',
    announcesAddress: true,
    asksAsLeecher: true,
    opensHybrids: () => true,
    takesWebSeeds: false,
    endSignal: 'TERM',
    prepare: prepareRtorrent,
  },
  {
    program: 'transmission-daemon',
    announcesAddress: false,
    asksAsLeecher: true,
    opensHybrids: (path) => (majorVersion(path) ?? 0) >= 4,
    takesWebSeeds: true,
    endSignal: 'TERM',
    prepare: prepareTransmission,
  },
]

async function prepareAria2(directory: string, settings: OwnClientSettings) {
  const { minPort, maxPort, announcedAddress, bindAddress, caCertificates } = settings
  const [port, secret] = [await findFreePort(), createPassword()]
  const lines = [
    'enable-rpc=true',
    `rpc-listen-port=${port}`,
    `rpc-secret=${secret}`,
    `dir=${directory}`,
    `listen-port=${minPort}-${maxPort}`,
    'enable-dht=false',
    'enable-dht6=false',
    'bt-detach-seed-only=true',
    'max-concurrent-downloads=1000000',
    `max-overall-upload-limit=${settings.maxUploadRate}K`,
    `max-overall-download-limit=${settings.maxDownloadRate}K`,
    // What is downloaded is in its files at once, for others to read
    'disk-cache=0',
    ...(announcedAddress === null ? [] : [`bt-external-ip=${announcedAddress}`]),
    ...(bindAddress === null ? [] : [`interface=${bindAddress}`]),
    ...(caCertificates === null ? [] : [`ca-certificate=${join(directory, CA_FILE)}`]),
  ]
  return {
    files: { 'aria2.conf': asText(lines), ...caFile(settings) },
    args: [`--conf-path=${join(directory, 'aria2.conf')}`, '--quiet'],
    url: `aria2+http://:${secret}@127.0.0.1:${port}`,
  }
}

function prepareRtorrent(directory: string, settings: OwnClientSettings) {
  const { minPort, maxPort, announcedAddress, bindAddress, caCertificates } = settings
  const socket = join(directory, 'rpc.sock')
  const lines = [
    'system.daemon.set = true',
    `network.scgi.open_local = ${socket}`,
    `network.port_range.set = ${minPort}-${maxPort}`,
    'dht.mode.set = disable',
    `directory.default.set = ${directory}`,
    `throttle.global_up.max_rate.set_kb = ${settings.maxUploadRate}`,
    `throttle.global_down.max_rate.set_kb = ${settings.maxDownloadRate}`,
    ...(announcedAddress === null ? [] : [`network.local_address.set = ${announcedAddress}`]),
    ...(bindAddress === null ? [] : [`network.bind_address.set = ${bindAddress}`]),
    ...(caCertificates === null ? [] : [`network.http.cacert.set = ${join(directory, CA_FILE)}`]),
  ]
  return Promise.resolve({
    files: { 'rtorrent.rc': asText(lines), ...caFile(settings) },
    args: ['-n', '-o', `import=${join(directory, 'rtorrent.rc')}`],
    url: `scgi+unix://${socket}`,
  })
}

async function prepareTransmission(directory: string, settings: OwnClientSettings) {
  const { minPort, maxPort, bindAddress, maxUploadRate, maxDownloadRate } = settings
  const { caCertificates } = settings
  const [port, password] = [await findFreePort(), createPassword()]
  const values = {
    'rpc-port': port,
    'rpc-bind-address': '127.0.0.1',
    'rpc-authentication-required': true,
    'rpc-username': 'btkit',
    'rpc-password': password,
    'peer-port-random-on-start': true,
    'peer-port-random-low': minPort,
    'peer-port-random-high': maxPort,
    'port-forwarding-enabled': false,
    'dht-enabled': false,
    'download-dir': directory,
    'speed-limit-up': maxUploadRate,
    'speed-limit-up-enabled': maxUploadRate > 0,
    'speed-limit-down': maxDownloadRate,
    'speed-limit-down-enabled': maxDownloadRate > 0,
    'rename-partial-files': false,
    ...(bindAddress === null ? {} : { 'bind-address-ipv4': bindAddress }),
  }
  return {
    files: { 'settings.json': JSON.stringify(values), ...caFile(settings) },
    ...(caCertificates === null ? {} : { env: { CURL_CA_BUNDLE: join(directory, CA_FILE) } }),
    args: ['--foreground', '--config-dir', directory],
    url: `transmission+http://btkit:${password}@127.0.0.1:${port}`,
  }
}

/** The name of the file in which a client finds the certificates that it trusts. */
const CA_FILE = 'ca.pem'

function caFile({ caCertificates }: OwnClientSettings): Record<string, string> {
  return caCertificates === null ? {} : { [CA_FILE]: caCertificates }
}

function createPassword(): string {
  return randomBytes(24).toString('hex')
}

function asText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

/** A TCP port of the loopback address that nobody listens on right now. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/**
 * The first number of the version of the program at a path, as it tells by `--version`, be it on standard
 * output or error; null when it does not.
 */
function majorVersion(path: string): number | null {
  const { stdout, stderr } = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
  })
  // Neither is there when the program could not be started
  const told = [stdout, stderr].map((text: string | null) => text ?? '').join('\n')
  const [, major] = /^\S+ (\d{1,6})\./m.exec(told) ?? []
  return major === undefined ? null : Number(major)
}
