// In a process of its own: it sets flags of V8, after which compiled code is refused
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { parseClientAddress } from '../../src/seeding/clients/address.js'
import { connectClient } from '../../src/seeding/clients/connect.js'
import { scrapeTracker } from '../../src/seeding/trackers/ask-trackers.js'
import { checkTracker } from '../../src/metainfo/trackers.js'
import { executable } from '../support/executable.js'
import { runProgram } from '../support/programs.js'
import { infoHashOf } from '../support/info-hashes.js'
import { findPeer } from '../support/peers.js'
import { assertStatus, parseJson, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { longTest, quickFirst } from '../support/long.js'

/** The time limit of a call in milliseconds. */
const LIMIT = 500

const CLIENTS = {
  Transmission: 'transmission+http',
  qBittorrent: 'qbittorrent+http',
  Deluge: 'deluge+http',
  'rtorrent behind a web server': 'rtorrent+http',
  'rtorrent by SCGI': 'scgi',
}

async function plantTorrent(t: TestContext, seed: string): Promise<string> {
  const root = makeScratch(t, { a: 'content' })
  const torrent = `${root}/a.torrent`
  const args = [`${root}/a`, 'http://127.0.0.1:1/announce', '--web-seed', seed]
  assertStatus(await runBtkit(['makemetafile', ...args, '--target', torrent]), 0)
  return torrent
}

const testSilence = quickFirst()

for (const silence of ['connection', 'headers', 'body'] satisfies Silence[]) {
  const options = {
    // A call that never ends would end the whole run
    timeout: 60_000,
    skip: silence === 'connection' && findPeer('python3') === null && 'python3 is not installed',
  }

  void testSilence(`no client is waited for that sends no ${silence}`, options, async (t) => {
    collectGarbage(t)
    const port = await startSilentServer(t, silence)
    const { signal } = new AbortController()
    const calls = Object.values(CLIENTS).map(async (scheme) => {
      const address = parseClientAddress(`${scheme}://127.0.0.1:${port}`)
      const client = connectClient(address, { timeoutMs: LIMIT, signal })
      const message = `${scheme}://127.0.0.1:${port}: no answer within 0.5 seconds`
      await assert.rejects(client.list(), { code: 'unreachable', message })
    })
    await Promise.all(calls)
  })

  void longTest(`no web seed is waited for that sends no ${silence}`, options, async (t) => {
    collectGarbage(t)
    const port = await startSilentServer(t, silence)
    const torrent = await plantTorrent(t, `http://127.0.0.1:${port}/a`)
    const args = ['showmetainfo', torrent, '--check-seeds', '--seed-timeout', '1', '--json']
    const checked = await runBtkit(args)
    const { seeds } = parseJson(checked) as { seeds: { result: string }[] }
    assert.deepEqual(
      seeds.map(({ result }) => result),
      ['timeout'],
    )
  })

  void longTest(`no tracker is waited for that sends no ${silence}`, options, async (t) => {
    collectGarbage(t)
    const port = await startSilentServer(t, silence)
    const url = checkTracker(`http://127.0.0.1:${port}/announce`)
    const { signal } = new AbortController()
    const infoHash = infoHashOf('68'.repeat(20))
    const scraped = scrapeTracker({ url, infoHashes: [infoHash], signal }, LIMIT)
    await assert.rejects(scraped, /no answer in time/)
  })
}

longTest('the program ends when a client never answers', { timeout: 240_000 }, async (t) => {
  const port = await startSilentServer(t, 'headers')
  const btkit = [...COLLECTING, executable('btkit')]
  const runs = Object.values(CLIENTS).map(async (scheme) => {
    const client = `${scheme}://127.0.0.1:${port}`
    const args = ['status', '--client', client]
    const { status, stderr } = await runProgram(process.execPath, [...btkit, ...args])
    assert.equal(stderr, `btkit: ${client}: no answer within 30 seconds\n`)
    assert.equal(status, 1)
  })
  await Promise.all(runs)
})

/**
 * The stage at which a server falls silent: it accepts no connection, sends no headers, or no body.
 */
type Silence = 'connection' | 'headers' | 'body'

const HEADERS = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: text/xml\r\n\r\n'

/** Starts a server that falls silent, and returns its port on 127.0.0.1. */
async function startSilentServer(t: TestContext, silence: Silence): Promise<number> {
  if (silence === 'connection') return startDeafServer(t)
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined))
    if (silence === 'body') socket.once('data', () => socket.write(HEADERS))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A server that listens, tells its port, and never accepts. */
const DEAF = `
import socket, time
server = socket.socket()
server.bind(('127.0.0.1', 0))
server.listen(0)
print(server.getsockname()[1], flush=True)
time.sleep(600)
`

/** More connections than the queue of such a server holds. */
const FILLING = 3

async function startDeafServer(t: TestContext): Promise<number> {
  const child = spawn('python3', ['-c', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  for (let i = 0; i < FILLING; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    t.after(() => socket.destroy())
  }
  return port
}

/** How often, in milliseconds. */
const PAUSE_MS = 100

/** Has garbage collected again and again until the test ends: what nothing holds is gone soon. */
function collectGarbage(t: TestContext): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const timer = setInterval(collect, PAUSE_MS)
  t.after(() => {
    clearInterval(timer)
  })
}

/** Arguments of node that do the same for a whole program. */
const COLLECTING = [
  '--expose-gc',
  '--import',
  `data:text/javascript,setInterval(gc, ${PAUSE_MS}).unref()`,
]
