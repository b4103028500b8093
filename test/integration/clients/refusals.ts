import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, rmSync, utimesSync } from 'node:fs'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseClientAddress } from '../../../src/seeding/clients/address.js'
import { connectClient } from '../../../src/seeding/clients/connect.js'
import { isSeeded } from '../../../src/core/publish/client.js'
import { findPeer } from '../../support/peers.js'
import { assertQuiet, assertStatus, parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds } from '../../support/seeding-daemons.js'
import { until } from '../../support/until.js'
import { hurryClients } from '../../support/quick-times.js'

/** Some minutes ago, so that files count as settled. */
const EARLIER = Date.now() / 1000 - 600

/** How long a silent client is waited for, in seconds, and what a run with one may take. */
const [PATIENCE, LATEST_MS] = [2, 60_000]

/** So many that a wait for each would take twice as long. */
const TORRENTS = 60

/** Text in the calls that mark a torrent which the client already has. */
const MARKING: Readonly<Record<string, string>> = {
  transmission: '"torrent-set"',
  deluge: 'label.set_torrent',
}

/** Directories of files, and the torrents beside them. */
class Library {
  readonly root: string
  readonly #directories: readonly string[]

  constructor(t: TestContext, directories: Readonly<Record<string, readonly string[]>>) {
    const paths = Object.entries(directories).flatMap(([directory, names]) => {
      return names.map((name) => `${directory}/${name}`)
    })
    this.root = makeScratch(t, Object.fromEntries(paths.map((path) => [path, `of ${path}`])))
    for (const path of paths) utimesSync(join(this.root, path), EARLIER, EARLIER)
    this.#directories = Object.keys(directories).map((name) => join(this.root, name))
  }

  complete(client: string, ...more: string[]) {
    const own = ['--state-dir', join(this.root, 'state'), '--no-cache', '--json']
    const publish = ['--publish', client]
    // No machine has this address, and a tracker on this one would be noted
    const tracker = 'http://192.0.2.1:1/announce'
    return runBtkit(['completedir', tracker, ...this.#directories, ...own, ...publish, ...more], {
      now: () => Date.now() + 60_000,
    })
  }
}

function listOf(url: string) {
  const { signal } = new AbortController()
  return connectClient(parseClientAddress(url), { timeoutMs: 10_000, signal }).list()
}

/** The names of what a client seeds for btkit, once as many as expected. */
async function seededBy(url: string, count: number): Promise<string[]> {
  const own = await until(`${count} are seeded`, async () => {
    const seeded = (await listOf(url)).filter((each) => each.isMarked && isSeeded(each))
    return seeded.length === count && seeded
  })
  return own.map(({ name }) => name).sort()
}

/** An address with another password; rtorrent has none, and is sought at another socket. */
function withWrongPassword(url: string): string {
  return url.startsWith('scgi') ? `${url}.gone` : url.replace(/:[^:@/]*@/, ':wrong@')
}

/** Tests refusals of a client, and calls that it does not answer. */
export function testRefusals(kind: string): void {
  const { programs, start } = daemonKinds[kind]!
  const missing = programs.find((program) => findPeer(program) === null)
  const options = { skip: missing !== undefined && `${missing} is not installed` }

  void test(`no command takes the refusal of ${kind} for an answer`, options, async (t) => {
    const { url } = await start(t)
    const wrong = withWrongPassword(url)
    const why =
      kind === 'rtorrent' ? 'there is no such socket' : 'does not take this user name and password'
    const { label } = parseClientAddress(wrong)
    const library = new Library(t, { files: ['kept', 'dropped'] })
    assert.equal((await library.complete(url)).status, 0)
    assert.deepEqual(await seededBy(url, 2), ['dropped', 'kept'])
    const torrent = join(library.root, 'files/kept.torrent')

    const data = ['--data', join(library.root, 'files'), '--no-cache']
    for (const args of [
      ['publish', torrent, ...data],
      ['status', torrent],
      ['withdraw', torrent, '--delete-torrent'],
    ]) {
      const refused = await runBtkit([...args, '--client', wrong])
      assert.equal(refused.stderr, `btkit: ${label}: ${why}\n`, args[0])
      assert.deepEqual([refused.status, refused.stdout], [1, ''], args[0])
    }
    assert.ok(existsSync(torrent), 'withdraw deletes no torrent that is still seeded')

    rmSync(join(library.root, 'files/dropped'))
    const pruned = await library.complete(wrong, '--prune')
    assert.deepEqual([pruned.status, pruned.stderr], [1, `btkit: ${label}: ${why}\n`])
    assert.deepEqual(await seededBy(url, 2), ['dropped', 'kept'])
    if (kind === 'rtorrent') return
    // The state knows the client by its address without credentials
    assertStatus(await library.complete(url, '--prune'), 0)
    assert.deepEqual(await seededBy(url, 1), ['kept'])
  })

  void test(`${kind} that falls silent is waited for once`, options, async (t) => {
    const daemon = await start(t)
    const proxy = await startSilentProxy(t, daemon.url)
    const names = Array.from({ length: TORRENTS }, (_, i) => `${i}.bin`)
    const library = new Library(t, { one: names, two: ['a'], three: ['b'], four: ['c'] })
    // In the middle of handing over: each client is asked for its list first
    proxy.passes = 4
    const begin = performance.now()
    hurryClients(t, 1000 * PATIENCE)
    const silent = await library.complete(proxy.url)
    assert.ok(performance.now() - begin < LATEST_MS)
    const { label } = parseClientAddress(proxy.url)
    const reason = `${label}: no answer within ${PATIENCE} seconds`
    assert.deepEqual([silent.status, silent.stderr], [1, `btkit: ${reason}\n`])
    const { unpublished } = parseJson(silent)
    assert.deepEqual(unpublished, [{ client: label, torrent: null, reason, code: 'unreachable' }])

    proxy.passes = Infinity
    hurryClients(t, 60_000)
    assertStatus(await library.complete(proxy.url), 0)
    assert.equal((await seededBy(daemon.url, TORRENTS + 3)).length, TORRENTS + 3)
  })

  const stopsAt = MARKING[kind]
  if (stopsAt === undefined) return
  void test(
    `${kind} keeps nothing for ever that it was given and not told to mark`,
    options,
    async (t) => {
      const daemon = await start(t)
      const proxy = await startSilentProxy(t, daemon.url)
      const library = new Library(t, { files: ['a', 'b', 'c'] })
      const cutOff = async () => {
        Object.assign(proxy, { stopsAt, passes: Infinity })
        hurryClients(t, 1000 * PATIENCE)
        assert.equal((await library.complete(proxy.url)).status, 1)
        hurryClients(t, 60_000)
        Object.assign(proxy, { stopsAt: null, passes: Infinity })
      }
      await cutOff()
      rmSync(join(library.root, 'files/b'))
      assertQuiet(await library.complete(proxy.url, '--prune'))
      assert.deepEqual(await seededBy(daemon.url, 2), ['a', 'c'])
      assert.equal((await listOf(daemon.url)).length, 2)

      const torrents = ['a', 'c'].map((name) => join(library.root, `files/${name}.torrent`))
      assert.equal((await runBtkit(['withdraw', ...torrents, '--client', daemon.url])).status, 0)
      await cutOff()
      assertQuiet(await library.complete(proxy.url))
      assert.deepEqual(await seededBy(daemon.url, 2), ['a', 'c'])
    },
  )
}

/** Stands between btkit and a client, and falls silent on request. */
interface SilentProxy {
  /** The client's address by way of the proxy. */
  readonly url: string
  /** How many more requests it passes on; the others get no answer. */
  passes: number
  /** Part of a request from which on nothing is passed on; null for none. */
  stopsAt: string | null
}

/** A request's first bytes, over HTTP and by SCGI. */
const REQUEST = /^(?:(?:GET|POST) |\d+:CONTENT_LENGTH)/

/** Starts a proxy for the client at an address such as btkit takes, until the test ends. */
async function startSilentProxy(t: TestContext, url: string): Promise<SilentProxy> {
  const path = url.startsWith('scgi+unix://') ? url.slice('scgi+unix://'.length) : null
  const port = Number(/:(\d+)$/.exec(url)?.[1])
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const other = path === null ? connect(port, '127.0.0.1') : connect(path)
    sockets.push(socket, other)
    for (const each of [socket, other]) each.on('error', () => each.destroy())
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1')
      if (REQUEST.test(text)) proxy.passes -= 1
      if (proxy.stopsAt !== null && text.includes(proxy.stopsAt)) proxy.passes = -1
      // qBittorrent takes no request that names another port than its own
      const passed = text.replaceAll(`127.0.0.1:${ownPort}`, `127.0.0.1:${port}`)
      if (proxy.passes >= 0) other.write(passed, 'latin1')
    })
    other.on('data', (bytes) => {
      if (proxy.passes >= 0) socket.write(bytes)
    })
    other.on('end', () => {
      if (proxy.passes >= 0) socket.end()
    })
    socket.on('close', () => other.destroy())
  })
  const own = path === null ? null : join(makeScratch(t), 'proxy.sock')
  await once(own === null ? server.listen(0, '127.0.0.1') : server.listen(own), 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const ownPort = own === null ? (server.address() as AddressInfo).port : 0
  const proxied = own === null ? url.replace(/\d+$/, `${ownPort}`) : `scgi+unix://${own}`
  const proxy: SilentProxy = { url: proxied, passes: Infinity, stopsAt: null }
  return proxy
}
