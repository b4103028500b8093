import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { collect, projectRoot } from './executable.js'
import { libtorrentPython } from './peers.js'
import { makeScratch, type Files } from './scratch.js'
import type { ServedMirror } from './serve.js'

/** How long a client may run, in milliseconds. */
const TIMEOUT = 30_000

/** What libtorrent-download.py tells when all is there. */
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
  directory: string,
): Promise<LibtorrentTold> {
  const { stdout } = await runLibtorrent(t, torrent, [directory, '--no-web-seeds'])
  return JSON.parse(stdout) as LibtorrentTold
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
  directory: string,
): Promise<void> {
  const child = startLibtorrent(t, torrent, [directory, '--seed', '--no-web-seeds'])
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
  while (!existsSync(finished)) {
    if (child.exitCode !== null || child.signalCode !== null) assert.fail((await ended).stdout)
    await setTimeout(20)
  }
  child.kill('SIGKILL')
  await ended
  return directory
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
