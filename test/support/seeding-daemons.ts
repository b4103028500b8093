import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { findFreePort } from './opentracker.js'
import { plantFiles, type Files } from './scratch.js'
import { until } from './until.js'

/** A program that seeds, with a directory and ports of its own, until the test ends. */
export interface Daemon {
  /** Its address for btkit, with credentials. */
  readonly url: string
  readonly pid: number
  /** Stops it, and resolves when it is gone. */
  readonly stop: () => Promise<void>
}

type Settings = Readonly<Record<string, string | number | boolean>>

/** How a kind of daemon is started. */
export interface DaemonKind {
  /** The programs that it takes. */
  readonly programs: readonly string[]
  /** Whether it can be kept from reading the data of a new torrent. */
  readonly skipsHashing: boolean
  /** Whether it creates the empty files of a torrent whose data it does not see. */
  readonly createsEmptyFiles?: boolean
  /** Settings by which it stops every seed at once, as its ratio is 0; absent if it has none. */
  readonly stopping?: Settings
  readonly start: (t: TestContext, more?: Settings) => Promise<Daemon>
}

/** How long one may run, in milliseconds. */
const RUN_LIMIT = 120_000

/** The password of every daemon that a test starts. */
export const PASSWORD = 'geheim&<"%'

/** The programs that btkit hands torrents to. */
export const daemonKinds: Readonly<Record<string, DaemonKind>> = {
  transmission: {
    programs: ['transmission-daemon'],
    skipsHashing: false,
    stopping: { 'ratio-limit-enabled': true, 'ratio-limit': 0 },
    start: startTransmission,
  },
  qbittorrent: {
    programs: ['qbittorrent-nox'],
    skipsHashing: true,
    createsEmptyFiles: true,
    stopping: { 'Session\\GlobalMaxRatio': 0 },
    start: startQbittorrent,
  },
  deluge: {
    programs: ['deluged', 'deluge-web'],
    skipsHashing: true,
    stopping: { stop_seed_at_ratio: true, stop_seed_ratio: 0 },
    start: startDeluge,
  },
  rtorrent: { programs: ['rtorrent'], skipsHashing: true, start: startRtorrent },
}

async function startTransmission(t: TestContext, more: Settings = {}): Promise<Daemon> {
  const [port, peerPort] = [await findFreePort(), await findFreePort()]
  const directory = makeHome(t)
  const settings = {
    'rpc-port': port,
    'rpc-bind-address': '127.0.0.1',
    'rpc-authentication-required': true,
    'rpc-username': 'me',
    'rpc-password': PASSWORD,
    'peer-port': peerPort,
    'dht-enabled': false,
    'lpd-enabled': false,
    // 3.00 does not come to terms with libtorrent over uTP and encrypted
    'utp-enabled': false,
    'port-forwarding-enabled': false,
    'download-dir': directory,
    ...more,
  }
  writeFileSync(join(directory, 'settings.json'), JSON.stringify(settings))
  const daemon = run(directory, ['transmission-daemon', '-f', '-g', directory])
  await whenListening(port, daemon)
  const password = encodeURIComponent(PASSWORD)
  return asDaemon(daemon, `transmission+http://me:${password}@127.0.0.1:${port}`)
}

async function startQbittorrent(t: TestContext, more: Settings = {}): Promise<Daemon> {
  const [port, peerPort] = [await findFreePort(), await findFreePort()]
  const directory = makeHome(t)
  mkdirSync(join(directory, 'qBittorrent/config'), { recursive: true })
  const settings = [
    '[LegalNotice]',
    'Accepted=true',
    '[Preferences]',
    'WebUI\\Address=127.0.0.1',
    `WebUI\\Port=${port}`,
    '[BitTorrent]',
    `Session\\Port=${peerPort}`,
    'Session\\DHTEnabled=false',
    'Session\\LSDEnabled=false',
    ...Object.entries(more).map(([key, value]) => `${key}=${value}`),
    '',
  ]
  writeFileSync(join(directory, 'qBittorrent/config/qBittorrent.conf'), settings.join('\n'))
  const daemon = run(directory, ['qbittorrent-nox', `--profile=${directory}`])
  await whenListening(port, daemon)
  return asDaemon(daemon, `qbittorrent+http://admin:adminadmin@127.0.0.1:${port}`)
}

async function startDeluge(t: TestContext, more: Settings = {}): Promise<Daemon> {
  const [port, webPort, peerPort] = [
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
  ]
  const directory = makeHome(t, { auth: 'localclient:secret:10\n' })
  const core = {
    daemon_port: port,
    dht: false,
    lsd: false,
    upnp: false,
    natpmp: false,
    random_port: false,
    listen_ports: [peerPort, peerPort],
    enabled_plugins: ['Label'],
    ...more,
  }
  const host = ['0123456789abcdef0123456789abcdef', '127.0.0.1', port, 'localclient', 'secret']
  const web = { port: webPort, interface: '127.0.0.1', first_login: false, default_daemon: '' }
  plantConfig(join(directory, 'core.conf'), 1, core)
  plantConfig(join(directory, 'web.conf'), 2, web)
  plantConfig(join(directory, 'hostlist.conf'), 3, { hosts: [host] })
  const daemon = run(directory, ['deluged', '-d', '-c', directory, '-p', `${port}`])
  await whenListening(port, daemon)
  const front = run(directory, ['deluge-web', '-d', '-c', directory, '-p', `${webPort}`])
  await whenListening(webPort, front)
  return asDaemon(daemon, `deluge+http://:deluge@127.0.0.1:${webPort}`)
}

/** Deluge's files hold the version of their form before what they say. */
function plantConfig(path: string, file: number, values: object): void {
  const head = JSON.stringify({ file, format: 1 })
  writeFileSync(path, head + JSON.stringify(values))
}

async function startRtorrent(t: TestContext): Promise<Daemon> {
  const peerPort = await findFreePort()
  const directory = makeHome(t)
  const socket = join(directory, 'rpc.sock')
  mkdirSync(join(directory, 'session'))
  const settings = [
    'system.daemon.set = true',
    `session.path.set = ${directory}/session`,
    `network.scgi.open_local = ${socket}`,
    `network.port_range.set = ${peerPort}-${peerPort}`,
    'dht.mode.set = disable',
    `directory.default.set = ${directory}`,
    '',
  ]
  writeFileSync(join(directory, 'rtorrent.rc'), settings.join('\n'))
  const rc = `import=${join(directory, 'rtorrent.rc')}`
  const daemon = run(directory, ['rtorrent', '-n', '-o', rc])
  await whenReady(() => existsSync(socket), daemon)
  return asDaemon(daemon, `scgi+unix://${socket}`)
}

function run(directory: string, [program = '', ...args]: string[]): ChildProcess {
  const env = { PATH: process.env['PATH'] ?? '', HOME: directory, LC_ALL: 'C.UTF-8' }
  const child = spawn(program, args, {
    env,
    cwd: directory,
    stdio: 'ignore',
    timeout: RUN_LIMIT,
    killSignal: 'SIGKILL',
  })
  children.get(directory)?.push(child)
  return child
}

/** The processes in each directory; they must end before the directory is removed. */
const children = new Map<string, ChildProcess[]>()

/** A directory for a daemon, removed when the test ends and nothing runs in it any more. */
function makeHome(t: TestContext, files: Files = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'btkit-test-'))
  plantFiles(directory, files)
  children.set(directory, [])
  t.after(async () => {
    await Promise.all((children.get(directory) ?? []).map(end))
    rmSync(directory, { recursive: true, force: true })
  })
  return directory
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

function asDaemon(child: ChildProcess, url: string): Daemon {
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  return { url, pid: child.pid ?? 0, stop }
}

/** Waits until something answers by HTTP on a port. */
async function whenListening(port: number, child: ChildProcess): Promise<void> {
  await whenReady(async () => {
    try {
      await (await fetch(`http://127.0.0.1:${port}/`)).arrayBuffer()
      return true
    } catch (error) {
      // A listener that speaks another protocol closes the connection
      const { code } = (error as Error).cause as NodeJS.ErrnoException
      return code !== 'ECONNREFUSED'
    }
  }, child)
}

/** Waits until a daemon is ready; fails if it ends before. */
async function whenReady(isReady: () => boolean | Promise<boolean>, daemon: ChildProcess) {
  await until('the daemon is ready', async () => {
    if (daemon.exitCode !== null) throw new Error('the daemon did not start')
    return isReady()
  })
}

/** The bytes that a process has read so far, from files and otherwise. */
export function bytesRead(pid: number): number {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8')
  return Number(/^rchar: (\d+)/.exec(io)?.[1])
}
