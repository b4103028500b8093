import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import type { Metainfo } from '../../src/metainfo/metainfo.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { collect, projectRoot } from './programs.js'
import { findFreePort } from './opentracker.js'
import { libtorrentPython } from './peers.js'
import { makeScratch, type Files } from './scratch.js'
import type { ServedMirror } from './serve.js'
import { until } from './until.js'

/** Milliseconds that a client may run, beside others on the slowest of machines. */
const TIMEOUT = 300_000

/** The address where libtorrent waits for peers by default. */
const LISTEN = '127.0.0.1:0'

/** Where libtorrent has or puts files, and where it waits for peers. */
export interface LibtorrentPlace {
  readonly directory: string
  readonly listen?: string
}

/** The output of libtorrent-download.py when the download is complete. */
export interface LibtorrentTold {
  readonly webSeeds: readonly string[]
  /** The most peers that an answer of a tracker named. */
  readonly trackerPeers: number
}

/** The torrent that the service gives for the one file at a path of the mirror. */
export async function fetchSingle(mirror: ServedMirror, path: string): Promise<Uint8Array> {
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  return bodyOf(await fetch(`${mirror.address}/mirror/torrent_service/single/${encoded}`))
}

/** The torrent that the service gives for a set of paths of the mirror, each with a slash first. */
export async function postSet(mirror: ServedMirror, paths: readonly string[]): Promise<Uint8Array> {
  const digest = createHash('sha1').update(paths.join('\n')).digest('hex')
  const body = new URLSearchParams(paths.map((path): [string, string] => ['p', path]))
  const address = `${mirror.address}/mirror/torrent_service/digest/${digest}`
  return bodyOf(await fetch(address, { method: 'POST', body }))
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  const bytes = Buffer.from(await response.arrayBuffer())
  assert.equal(response.status, 200, bytes.toString())
  return bytes
}

/** Downloads a torrent, and returns the directory where everything of it is then. */
export type Download = (t: TestContext, torrent: Uint8Array) => Promise<string>

/** Downloads with libtorrent, from web seeds and from what peers trackers name. */
export const downloadWithLibtorrent: Download = async (t, torrent) => {
  const directory = makeScratch(t)
  await runLibtorrent(t, torrent, [directory])
  return directory
}

/** Downloads with libtorrent as from a torrent without web seeds, and returns what it told. */
export async function downloadFromPeers(
  t: TestContext,
  torrent: Uint8Array,
  { directory, listen = LISTEN }: LibtorrentPlace,
): Promise<LibtorrentTold> {
  const args = [directory, '--no-web-seeds', '--listen', listen]
  const { stdout } = await runLibtorrent(t, torrent, args)
  return JSON.parse(stdout) as LibtorrentTold
}

/** Downloads what a magnet link names with libtorrent, and returns the directory. */
export async function downloadMagnet(
  t: TestContext,
  link: string,
  args: readonly string[] = [],
): Promise<string> {
  const directory = makeScratch(t)
  const script = join(projectRoot, 'test/support/libtorrent-download.py')
  const { status, stderr } = await collect(
    startClient(t, libtorrentPython!, [script, link, directory, ...args]),
  )
  assert.equal(status, 0, stderr)
  return directory
}

async function runLibtorrent(t: TestContext, torrent: Uint8Array, args: readonly string[]) {
  const result = await collect(startLibtorrent(t, torrent, args))
  assert.equal(result.status, 0, result.stderr)
  return result
}

/** Seeds what lies in a directory with libtorrent, until the test ends; a tracker knows it then. */
export async function seedWithLibtorrent(
  t: TestContext,
  torrent: Uint8Array,
  { directory, listen = LISTEN }: LibtorrentPlace,
): Promise<void> {
  const args = [directory, '--seed', '--no-web-seeds', '--listen', listen]
  const child = startLibtorrent(t, torrent, args)
  const ended = collect(child)
  for await (const line of createInterface(child.stdout)) {
    assert.match(line, /^\{/)
    return
  }
  assert.fail((await ended).stderr)
}

function startLibtorrent(t: TestContext, torrent: Uint8Array, args: readonly string[]) {
  const file = join(makeScratch(t, { 'a.torrent': torrent }), 'a.torrent')
  const script = join(projectRoot, 'test/support/libtorrent-download.py')
  return startClient(t, libtorrentPython!, [script, file, ...args])
}

/** Downloads a torrent with aria2c. */
export const downloadWithAria2: Download = async (t, torrent) => {
  const directory = makeScratch(t)
  const file = join(makeScratch(t, { 'a.torrent': torrent }), 'a.torrent')
  const alone = ['--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false']
  await runAria2(t, directory, [...alone, '--seed-time=0', file])
  return directory
}

/** Runs aria2c to its end, to download to a directory. */
export async function runAria2(
  t: TestContext,
  directory: string,
  args: readonly string[],
): Promise<void> {
  const options = ['--no-conf', '--file-allocation=none', `--dir=${directory}`]
  const { status, stdout } = await collect(startClient(t, 'aria2c', [...options, ...args]))
  assert.equal(status, 0, stdout)
}

/** Downloads a torrent with transmission-cli, which goes on seeding until it is killed. */
export const downloadWithTransmission: Download = async (t, torrent) => {
  const directory = makeScratch(t)
  const settings = { 'dht-enabled': false, 'lpd-enabled': false, 'utp-enabled': false }
  const own = makeScratch(t, { 'a.torrent': torrent, 'settings.json': JSON.stringify(settings) })
  const [script, finished] = [join(own, 'finish.sh'), join(own, 'finished')]
  writeFileSync(script, `#!/bin/sh\n: > '${finished}'\n`, { mode: 0o755 })
  const options = ['--config-dir', own, '--no-portmap', '--download-dir', directory, '-f', script]
  const child = startClient(t, 'transmission-cli', [...options, join(own, 'a.torrent')])
  const ended = collect(child)
  await until('transmission has it all', async () => {
    if (child.exitCode !== null || child.signalCode !== null) assert.fail((await ended).stdout)
    return existsSync(finished)
  })
  child.kill('SIGKILL')
  await ended
  return directory
}

/** Seeds what lies in a directory with transmission-cli, until the test ends. */
export async function seedWithTransmission(
  t: TestContext,
  torrent: Uint8Array,
  directory: string,
): Promise<void> {
  const settings = { 'dht-enabled': false, 'lpd-enabled': false, 'utp-enabled': false }
  const own = makeScratch(t, { 'a.torrent': torrent, 'settings.json': JSON.stringify(settings) })
  const place = ['--config-dir', own, '--download-dir', directory]
  const port = ['--no-portmap', '--port', String(await findFreePort())]
  startClient(t, 'transmission-cli', [...place, ...port, join(own, 'a.torrent')]).stdout.resume()
}

/** Downloads with rtorrent, which goes on until it is killed. */
export const downloadWithRtorrent: Download = async (t, torrent) => {
  const directory = makeScratch(t)
  const own = makeScratch(t, { 'a.torrent': torrent })
  const config = [
    'system.daemon.set = true',
    `session.path.set = ${own}`,
    `directory.default.set = ${directory}`,
    'network.bind_address.set = 127.0.0.1',
    `network.port_range.set = ${await findFreePort()}-65535`,
    'dht.mode.set = disable',
    'protocol.pex.set = no',
    `load.start = ${join(own, 'a.torrent')}`,
  ]
  const options = config.flatMap((line) => ['-o', line.replace(' = ', '=')])
  const child = startClient(t, 'rtorrent', ['-n', ...options])
  await untilWhole(directory, torrent, child)
  return directory
}

/** Downloads with qbittorrent-nox, which goes on until it is killed. */
export const downloadWithQbittorrent: Download = async (t, torrent) => {
  const file = join(makeScratch(t, { 'a.torrent': torrent }), 'a.torrent')
  return openWithQbittorrent(t, file, torrent)
}

/**
 * Opens a torrent or magnet link with qbittorrent-nox, as a browser does, until it has the
 * torrent's content.
 */
export async function openWithQbittorrent(
  t: TestContext,
  what: string,
  torrent: Uint8Array,
): Promise<string> {
  const directory = makeScratch(t)
  const config = [
    ...['[LegalNotice]', 'Accepted=true', '[BitTorrent]'],
    ...['DHTEnabled', 'LSDEnabled', 'PeXEnabled'].map((name) => `Session\\${name}=false`),
    ...['Session\\MultiConnectionsPerIp=true', `Session\\Port=${await findFreePort()}`],
    ...[`Session\\DefaultSavePath=${directory}`, 'Session\\QueueingSystemEnabled=false'],
  ]
  const own = makeScratch(t, {
    'qBittorrent/config/qBittorrent.conf': `${config.join('\n')}\n`,
  })
  const options = [`--profile=${own}`, `--webui-port=${await findFreePort()}`]
  const args = [...options, `--save-path=${directory}`, '--skip-dialog=true']
  const child = startClient(t, 'qbittorrent-nox', [...args, what])
  await untilWhole(directory, torrent, child)
  return directory
}

/** Waits until a directory has the whole of a torrent of version 1, then ends the client. */
async function untilWhole(
  directory: string,
  torrent: Uint8Array,
  child: ChildProcessWithoutNullStreams,
): Promise<void> {
  const metainfo = parseMetainfo(torrent)
  const ended = collect(child)
  await until('the files are whole', async () => {
    if (isWhole(directory, metainfo)) return true
    if (child.exitCode === null && child.signalCode === null) return false
    const { stdout, stderr } = await ended
    return assert.fail(`${stdout}${stderr}`)
  })
  child.kill('SIGKILL')
  await ended
}

/** Whether the files of a torrent have the pieces that they should have. */
function isWhole(directory: string, metainfo: Metainfo): boolean {
  const { name, isDirectory, files, pieces, pieceLength } = metainfo
  const parts: Buffer[] = []
  for (const { path, length, padding } of files) {
    const file = isDirectory ? join(directory, name, ...path) : join(directory, name)
    if (padding) parts.push(Buffer.alloc(length))
    else if (existsSync(file)) parts.push(readFileSync(file))
    else return false
  }
  const bytes = Buffer.concat(parts)
  const digests: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pieceLength) {
    const piece = bytes.subarray(at, at + pieceLength)
    digests.push(createHash('sha1').update(piece).digest())
  }
  return Buffer.concat(digests).equals(pieces ?? new Uint8Array())
}

/** Asserts that a directory holds these files, whole, and no others. */
export function assertHolds(directory: string, files: Files): void {
  const entries = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  const paths = entries.filter((entry) => statSync(join(directory, entry)).isFile())
  assert.deepEqual(paths.sort(), Object.keys(files).sort())
  for (const [path, content] of Object.entries(files)) {
    assert.ok(readFileSync(join(directory, path)).equals(Buffer.from(content)), path)
  }
}

/** Starts a client that is killed when it takes too long, and when the test ends. */
function startClient(
  t: TestContext,
  command: string,
  args: readonly string[],
): ChildProcessWithoutNullStreams {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', HOME: makeScratch(t) }
  const child = spawn(command, args, { env, timeout: TIMEOUT, killSignal: 'SIGKILL' })
  t.after(() => child.kill('SIGKILL'))
  return child
}
