import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** Settings of a client that btkit starts. */
export interface OwnClientSettings {
  /** The range of ports for peers. */
  readonly minport: number
  readonly maxport: number
  /** The address to announce to trackers; none for the one that they see. */
  readonly ip?: string | undefined
  /** The address to bind to; none for all. */
  readonly bind?: string | undefined
  /** Bytes a second; 0 for no limit. */
  readonly maxUploadRate: number
  readonly maxDownloadRate: number
  /** Certificates in PEM to trust instead of the system's; null for the system's. */
  readonly caCertificates: string | null
  /** Whether it will request the metadata of a magnet link. */
  readonly asksMetadata: boolean
  /** Whether it must support hybrids. */
  readonly opensHybrids: boolean
  /** Whether it must download from web seeds. */
  readonly takesWebSeeds: boolean
  /** Whether its trackers are all on this machine, and may name loopback addresses. */
  readonly isLocal: boolean
}

/** A client to start. Its files are written before. */
interface PreparedClient {
  /** Contents of the files in its directory, by name. */
  readonly files: Readonly<Record<string, string>>
  readonly args: readonly string[]
  /** Environment variables in addition to the common ones. */
  readonly env?: Readonly<Record<string, string>>
  /** The client's address for btkit. */
  readonly url: string
}

/** A client program that btkit can start for itself. */
export interface ClientProgram {
  readonly program: string
  /** Whether it can announce another address to trackers than the one they see. */
  readonly announcesAddress: boolean
  /**
   * Whether it announces itself as incomplete while it requests the metadata of a magnet link. Many
   * trackers return seeds only to incomplete peers.
   */
  readonly asksAsLeecher: boolean
  /** Whether the program at a path supports hybrids: aria2 1.36 and Transmission 3.00 do not. */
  readonly opensHybrids: (path: string) => boolean
  /** Whether it downloads from web seeds (BEP 19). */
  readonly takesWebSeeds: boolean
  /** Whether it connects to peers at loopback addresses. */
  readonly connectsLocally: boolean
  /** Advice for the case that it finds no seed; absent if it downloads from all seeds. */
  readonly advice?: string
  /** The signal on which it notifies its trackers before it ends. */
  readonly endSignal: 'INT' | 'TERM'
  readonly prepare: (directory: string, settings: OwnClientSettings) => Promise<PreparedClient>
}

/**
 * The programs in order of preference: first those that download from all seeds. Passwords are in
 * files, because all users can see the command line of a process.
 */
export const clientPrograms: readonly ClientProgram[] = [
  {
    program: 'transmission-daemon',
    announcesAddress: false,
    asksAsLeecher: true,
    opensHybrids: (path) => (majorVersion(path) ?? 0) >= 4,
    takesWebSeeds: true,
    connectsLocally: false,
    endSignal: 'TERM',
    prepare: prepareTransmission,
  },
  {
    program: 'rtorrent',
    announcesAddress: true,
    asksAsLeecher: true,
    opensHybrids: () => true,
    takesWebSeeds: false,
    connectsLocally: true,
    endSignal: 'TERM',
    prepare: prepareRtorrent,
  },
  {
    program: 'aria2c',
    announcesAddress: true,
    asksAsLeecher: false,
    opensHybrids: () => false,
    takesWebSeeds: true,
    connectsLocally: true,
    // rtorrent 0.9.8 expects have messages, and closes the connection at the bitfield of aria2 1.36
    advice: 'install transmission-daemon: aria2 cannot download from some seeds',
    // On TERM it ends without notifying its trackers
    endSignal: 'INT',
    prepare: prepareAria2,
  },
]

async function prepareAria2(directory: string, settings: OwnClientSettings) {
  const { minport, maxport, ip, bind, caCertificates } = settings
  const [port, secret] = [await findFreePort(), createPassword()]
  const lines = [
    'enable-rpc=true',
    `rpc-listen-port=${port}`,
    `rpc-secret=${secret}`,
    `dir=${directory}`,
    `listen-port=${minport}-${maxport}`,
    'enable-dht=false',
    'enable-dht6=false',
    'bt-detach-seed-only=true',
    'max-concurrent-downloads=1000000',
    `max-overall-upload-limit=${settings.maxUploadRate}`,
    `max-overall-download-limit=${settings.maxDownloadRate}`,
    // Downloaded data is written at once, so that other programs can read it
    'disk-cache=0',
    ...(ip === undefined ? [] : [`bt-external-ip=${ip}`]),
    ...(bind === undefined ? [] : [`interface=${bind}`]),
    ...(caCertificates === null ? [] : [`ca-certificate=${join(directory, CA_FILE)}`]),
  ]
  return {
    files: { 'aria2.conf': asText(lines), ...caFile(settings) },
    args: [`--conf-path=${join(directory, 'aria2.conf')}`, '--quiet'],
    url: `aria2+http://:${secret}@127.0.0.1:${port}`,
  }
}

function prepareRtorrent(directory: string, settings: OwnClientSettings) {
  const { minport, maxport, ip, bind, caCertificates } = settings
  const socket = join(directory, 'rpc.sock')
  const lines = [
    'system.daemon.set = true',
    `network.scgi.open_local = ${socket}`,
    `network.port_range.set = ${minport}-${maxport}`,
    'dht.mode.set = disable',
    `directory.default.set = ${directory}`,
    `throttle.global_up.max_rate.set_kb = ${kibibytes(settings.maxUploadRate)}`,
    `throttle.global_down.max_rate.set_kb = ${kibibytes(settings.maxDownloadRate)}`,
    ...(ip === undefined ? [] : [`network.local_address.set = ${ip}`]),
    ...(bind === undefined ? [] : [`network.bind_address.set = ${bind}`]),
    ...(caCertificates === null ? [] : [`network.http.cacert.set = ${join(directory, CA_FILE)}`]),
  ]
  return Promise.resolve({
    files: { 'rtorrent.rc': asText(lines), ...caFile(settings) },
    args: ['-n', '-o', `import=${join(directory, 'rtorrent.rc')}`],
    url: `scgi+unix://${socket}`,
  })
}

/** Rounded up, because 0 stands for no limit. */
function kibibytes(bytes: number): number {
  return Math.ceil(bytes / 1024)
}

async function prepareTransmission(directory: string, settings: OwnClientSettings) {
  const { minport, maxport, bind, maxUploadRate, maxDownloadRate } = settings
  const { caCertificates } = settings
  const [port, password] = [await findFreePort(), createPassword()]
  const values = {
    'rpc-port': port,
    'rpc-bind-address': '127.0.0.1',
    'rpc-authentication-required': true,
    'rpc-username': 'btkit',
    'rpc-password': password,
    'peer-port-random-on-start': true,
    'peer-port-random-low': minport,
    'peer-port-random-high': maxport,
    'port-forwarding-enabled': false,
    'dht-enabled': false,
    'utp-enabled': false,
    'download-dir': directory,
    'speed-limit-up': kibibytes(maxUploadRate),
    'speed-limit-up-enabled': maxUploadRate > 0,
    'speed-limit-down': kibibytes(maxDownloadRate),
    'speed-limit-down-enabled': maxDownloadRate > 0,
    'rename-partial-files': false,
    ...(bind === undefined ? {} : { 'bind-address-ipv4': bind }),
  }
  return {
    files: { 'settings.json': JSON.stringify(values), ...caFile(settings) },
    ...(caCertificates === null ? {} : { env: { CURL_CA_BUNDLE: join(directory, CA_FILE) } }),
    args: ['--foreground', '--config-dir', directory],
    url: `transmission+http://btkit:${password}@127.0.0.1:${port}`,
  }
}

/** The name of the file with the certificates that a client trusts. */
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

/** Returns a TCP port of the loopback address that is free now. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The time limit for a program to print its version, in milliseconds. */
const PATIENCE = 10_000

/**
 * Returns the first number of a program's version from the output or error output of `--version`;
 * null if there is none.
 */
function majorVersion(path: string): number | null {
  const { stdout, stderr } = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
  })
  // Both are missing if the program could not be started
  const told = [stdout, stderr].map((text: string | null) => text ?? '').join('\n')
  const [, major] = /^\S+ (\d{1,6})\./m.exec(told) ?? []
  return major === undefined ? null : Number(major)
}
