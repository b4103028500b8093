import assert from 'node:assert/strict'
import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import os from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseMagnet } from '../../src/metainfo/magnet.js'
import { ask } from './ask.js'
import { post, singleAddress } from './app/yum-client.js'
import { giveName } from '../support/names.js'
import { findFreePort } from '../support/opentracker.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { assertStatus, runBtkit } from '../support/run-btkit.js'
import { connectPeer } from '../support/seed.js'
import { makeScratch, plantFiles } from '../support/scratch.js'
import { readHashedBytes, untilFiles } from './read-metric.js'
import { serveMirror, type ServedMirror } from '../support/serve.js'
import { announceQuery, compactPeers, decodeAnswer } from '../support/track.js'
import { until } from '../support/until.js'
import { listenLocally } from '../support/listen.js'

const FILES = { 'iso/image.iso': pseudoRandom(300_000, 1), 'iso/README': 'Read me.\n' }

/** Serves a mirror with a seed until the test ends. */
function serveSeed(t: TestContext, args: readonly string[] = [], root?: string) {
  const setup = root === undefined ? { files: FILES } : { root }
  return serveMirror(t, { ...setup, args: ['--seed', '--seed-port', '0', ...args] })
}

async function magnetOf({ address }: ServedMirror, path: string) {
  const response = await fetch(`${address}${path}.magnet`)
  const link = (await response.text()).trim()
  return {
    link,
    infoHash: parseMagnet(link).infoHash ?? '',
    caching: response.headers.get('cache-control'),
  }
}

function seedPort({ stdout }: ServedMirror): number {
  return Number(/seeding: +port (\d+)/.exec(stdout.text)?.[1])
}

async function seededCount({ address }: ServedMirror): Promise<number> {
  const status = (await (await fetch(`${address}/-/status.json`)).json()) as {
    seed: { torrents: number }
  }
  return status.seed.torrents
}

test('a magnet link names the seed, which has each byte of the file', async (t) => {
  const mirror = await serveSeed(t)
  const { link, infoHash, caching } = await magnetOf(mirror, '/iso/image.iso')
  assert.match(link, new RegExp(`&x\\.pe=127\\.0\\.0\\.1:${seedPort(mirror)}$`))
  assert.equal(caching, 'no-store')
  const peer = await connectPeer(t, seedPort(mirror), { infoHash })
  const parts = []
  for (let piece = 0; piece * 32_768 < 300_000; piece++) {
    const length = Math.min(32_768, 300_000 - piece * 32_768)
    for (let at = 0; at < length; at += 16_384)
      parts.push(await peer.ask(piece, at, Math.min(16_384, length - at)))
  }
  assert.ok(Buffer.concat(parts).equals(FILES['iso/image.iso']))
})

test('serve --seed says that the seed listens on all addresses, unlike the files', async (t) => {
  const { address, stdout } = await serveSeed(t)
  assert.match(address, /^http:\/\/127\.0\.0\.1:/)
  assert.match(stdout.text, /^seeding: {2}port \d+ \(on all addresses\)$/m)
})

test('a --seed-port above 6999 must be free, as no other is tried', async (t) => {
  const port = await listenLocally(t, createServer(), '::')
  const root = makeScratch(t, FILES)
  const args = ['--port', '0', '--trackerless', '--seed', '--seed-port', String(port)]
  const { stderr } = assertStatus(await runBtkit(['serve', root, ...args]), 1)
  assert.match(
    stderr,
    new RegExp(
      `^btkit: can't listen on .*${port}: address already in use; choose another one with --seed-port\\n$`,
    ),
  )
})

test('the torrent of a directory is seeded, too', async (t) => {
  const mirror = await serveSeed(t)
  const { infoHash } = await magnetOf(mirror, '/iso')
  const peer = await connectPeer(t, seedPort(mirror), { infoHash })
  const start = await peer.ask(0, 0, 9)
  assert.equal(start.toString(), 'Read me.\n')
})

test('the host is that of the public URL, or of the request', async (t) => {
  const [own, named] = [
    await serveSeed(t),
    await serveSeed(t, ['--public-url', 'https://127.0.0.9/m']),
  ]
  const port = new URL(own.address).port
  const asked = await (await fetch(`http://localhost:${port}/iso/README.magnet`)).text()
  assert.match(asked, new RegExp(`&x\\.pe=localhost:${seedPort(own)}&x\\.pe=[\\d.:[\\]]+$`, 'm'))
  const { link } = await magnetOf(named, '/iso/README')
  assert.match(link, new RegExp(`&x\\.pe=127\\.0\\.0\\.9:${seedPort(named)}$`))
})

test('a link that one client asks for names no other peer for the next', async (t) => {
  const mirror = await serveSeed(t)
  const { port } = new URL(mirror.address)
  const ask = async (headers: Record<string, string>) =>
    (await fetch(`http://localhost:${port}/iso/README.magnet`, { headers })).text()
  const forwarded = await ask({ 'X-Forwarded-For': '192.0.2.1' })
  assert.doesNotMatch(forwarded, /x\.pe=[\d[]/)
  const reached = new RegExp(`&x\\.pe=localhost:${seedPort(mirror)}&x\\.pe=[\\d.:[\\]]+$`, 'm')
  assert.match(await ask({}), reached)
  assert.doesNotMatch(await ask({ 'X-Forwarded-For': '192.0.2.1' }), /x\.pe=[\d[]/)
})

test('a file that changes is withdrawn, and no wrong byte leaves', async (t) => {
  const mirror = await serveSeed(t)
  const { infoHash } = await magnetOf(mirror, '/iso/image.iso')
  const peer = await connectPeer(t, seedPort(mirror), { infoHash })
  appendFileSync(join(mirror.root, 'iso/image.iso'), 'more')
  await assert.rejects(peer.ask(3, 0, 16_384))
  await peer.closed
  assert.equal(await seededCount(mirror), 0)
})

test('a file that could not be read for a while is seeded again as soon as somebody asks', async (t) => {
  const mirror = await serveSeed(t)
  const { infoHash } = await magnetOf(mirror, '/iso/image.iso')
  const peer = await connectPeer(t, seedPort(mirror), { infoHash })
  // As a disk of the network that is gone for a moment; the files stay as they are
  const directory = join(mirror.root, 'iso')
  renameSync(directory, `${directory}.gone`)
  await assert.rejects(peer.ask(3, 0, 16_384))
  assert.equal(await seededCount(mirror), 0)
  renameSync(`${directory}.gone`, directory)
  await until('it is seeded', async () => {
    await magnetOf(mirror, '/iso/image.iso')
    return (await seededCount(mirror)) === 1
  })
})

test('a torrent whose hashes are lost from the cache is seeded while it is in memory', async (t) => {
  const mirror = await serveSeed(t)
  const { infoHash } = await magnetOf(mirror, '/iso/image.iso')
  assertStatus(await runBtkit(['cache', 'clear', '--cache-dir', mirror.cacheDir]), 0)
  const peer = await connectPeer(t, seedPort(mirror), { infoHash })
  const bytes = await peer.ask(0, 0, 16_384)
  assert.ok(bytes.equals(FILES['iso/image.iso'].subarray(0, 16_384)))
})

/** Serves with a seed, and then once more; the torrents that are seeded then. */
async function serveAgain(
  t: TestContext,
  before: (mirror: ServedMirror) => void,
  more: readonly string[] = [],
) {
  const first = await serveSeed(t, more)
  await magnetOf(first, '/iso/image.iso')
  await magnetOf(first, '/iso')
  for (const path of [
    '/iso/README.torrent?v2',
    '/iso.torrent?f=README',
    '/x/torrent_service/single/iso/*',
  ])
    assert.equal((await fetch(first.address + path)).status, 200)
  const asked = await seededCount(first)
  await first.stop()
  before(first)
  const { root, cacheDir } = first
  const args = ['--seed', '--seed-port', '0', ...more]
  return { asked, again: await serveMirror(t, { root, cacheDir, args }) }
}

test('a file that was asked for by itself and as a set is seeded again as both', async (t) => {
  const first = await serveSeed(t)
  const path = '/iso/README'
  await ask(first.port, singleAddress(path))
  await post(first.port, [path])
  const { root, cacheDir } = first
  let again = first
  for (const time of ['once', 'twice']) {
    await again.stop()
    again = await serveMirror(t, { root, cacheDir, args: ['--seed', '--seed-port', '0'] })
    await until(`both are seeded ${time}`, async () => (await seededCount(again)) === 2)
  }
})

test('what was asked for is seeded, and listed by its tracker, again after a restart', async (t) => {
  const tracker = `http://127.0.0.1:${await findFreePort()}`
  const more = ['--track', `${tracker}/announce`, '--state-dir', makeScratch(t)]
  const { asked, again } = await serveAgain(t, () => undefined, more)
  assert.equal(asked, 5)
  await until('all are seeded', async () => (await seededCount(again)) === asked)
  await until('all are listed', async () => {
    const index = await (await fetch(`${tracker}/index.json`)).json()
    return (index as { torrents: unknown[] }).torrents.length === 5
  })
})

test('after a restart, what changed or went is not seeded, and not read', async (t) => {
  const { again } = await serveAgain(t, ({ root }) => {
    appendFileSync(join(root, 'iso/image.iso'), 'more')
  })
  // The two of README alone
  await until('the others are seeded', async () => (await seededCount(again)) === 2)
  const status = (await (await fetch(`${again.address}/-/status.json`)).json()) as {
    hashing: { bytesHashed: number }
  }
  assert.equal(status.hashing.bytesHashed, 0)
})

/** Serves with `--warm`, a seed and a tracker, whose list is returned. */
function serveWarm(t: TestContext, root: string, cacheDir: string, state: string, tracker: number) {
  const announce = `http://127.0.0.1:${tracker}/announce`
  const track = ['--track', announce, '--host', '127.0.0.1', '--state-dir', state]
  const args = ['--warm', '**', '--seed', '--seed-port', '0', ...track]
  return serveMirror(t, { root, cacheDir, args })
}

async function listedHashes(tracker: number): Promise<string[]> {
  const index = await fetch(`http://127.0.0.1:${tracker}/index.json`)
  const { torrents } = (await index.json()) as { torrents: { infoHash: string }[] }
  return torrents.map(({ infoHash }) => infoHash).sort()
}

test('after a restart, the new torrents of files that changed take the place of the old ones', async (t) => {
  const [root, cacheDir, state] = [makeScratch(t, FILES), makeScratch(t), makeScratch(t)]
  const tracker = await findFreePort()
  const first = await serveWarm(t, root, cacheDir, state, tracker)
  await untilFiles(first.port, 'ready', 2)
  const { infoHash: image } = await magnetOf(first, '/iso/image.iso')
  const { infoHash: readme } = await magnetOf(first, '/iso/README')
  await until('both are listed', async () => (await listedHashes(tracker)).length === 2)
  await first.stop()
  // The tracker has only what it is told again
  rmSync(join(state, 'tracker.state'))
  writeFileSync(join(root, 'iso/README'), 'Read this.')
  plantFiles(root, { 'iso/new': 'new' })
  const again = await serveWarm(t, root, cacheDir, state, tracker)
  await untilFiles(again.port, 'ready', 3)
  await until('three are listed', async () => (await listedHashes(tracker)).length === 3)
  const listed = await listedHashes(tracker)
  assert.ok(listed.includes(image) && !listed.includes(readme), listed.join())
  assert.equal(await readHashedBytes(again.port), 'Read this.new'.length)
  await until('three are seeded', async () => (await seededCount(again)) === 3)
  const peer = await connectPeer(t, seedPort(again), { infoHash: image })
  const start = await peer.ask(0, 0, 16_384)
  assert.ok(start.equals(FILES['iso/image.iso'].subarray(0, 16_384)))
})

test('after a restart without the cache, files are hashed again before they count as ready', async (t) => {
  const [root, state] = [makeScratch(t, FILES), makeScratch(t)]
  const tracker = await findFreePort()
  const first = await serveWarm(t, root, makeScratch(t), state, tracker)
  await untilFiles(first.port, 'ready', 2)
  await first.stop()
  const again = await serveWarm(t, root, makeScratch(t), state, tracker)
  await untilFiles(again.port, 'ready', 2)
  assert.equal(await readHashedBytes(again.port), 300_000 + FILES['iso/README'].length)
  await until('both are seeded', async () => (await seededCount(again)) === 2)
})

test('a file that changed just before somebody asked is seeded when it can be settled', async (t) => {
  let ahead = 0
  const args = ['--seed', '--seed-port', '0']
  const io = { now: () => Date.now() + ahead }
  const mirror = await serveMirror(t, { files: FILES, args, io })
  writeFileSync(join(mirror.root, 'iso/README'), 'Read me now.')
  await magnetOf(mirror, '/iso/README')
  assert.equal(await seededCount(mirror), 0)
  ahead = 10_000
  await until('it is seeded', async () => (await seededCount(mirror)) === 1)
})

test('with --track, the tracker names the seed of a file of --warm as soon as somebody asks for it', async (t) => {
  const announce = `http://127.0.0.1:${await findFreePort()}/announce`
  const track = ['--host', '127.0.0.1', '--track', announce, '--state-dir', makeScratch(t)]
  const mirror = await serveSeed(t, ['--warm', '/iso/*.iso', ...track])
  await until('it is seeded', async () => (await seededCount(mirror)) === 1)
  // Its tracker refuses it, or is about to: nobody asked for it
  const { link } = await magnetOf(mirror, '/iso/image.iso')
  await until('the tracker has the seed', async () => {
    const { stdout } = await runBtkit(['scrape', '--json', link])
    return stdout.includes('"seeds":1')
  })
})

for (const scheme of ['http', 'udp']) {
  test(`with the own name at a loopback address, others get the public one: ${scheme}`, async (t) => {
    const lo = ['127.0.0.1', '198.51.100.7'].map((address) => ({ address }))
    t.mock.method(os, 'networkInterfaces', () => ({ lo }))
    giveName(t, 'mirror.example', ['127.0.0.1'])
    const announce = `${scheme}://mirror.example:${await findFreePort()}/announce`
    const track = ['--track', announce, '--state-dir', makeScratch(t), '--host', '127.0.0.1']
    const mirror = await serveSeed(t, ['--public-url', 'http://mirror.example', ...track])
    const { link, infoHash } = await magnetOf(mirror, '/iso/image.iso')
    assert.doesNotMatch(link, /x\.pe=127/)
    const place = `198.51.100.7:${seedPort(mirror)}`
    assert.ok(link.includes(`x.pe=${place}`), link)
    const query = announceQuery(infoHash, { left: 1, ip: '198.51.100.9', compact: 1 })
    const tracker = new URL(announce.replace(/^udp/, 'http')).port
    await until('somebody else gets the seed', async () => {
      const answer = await fetch(`http://127.0.0.1:${tracker}${query}`)
      return compactPeers(decodeAnswer(Buffer.from(await answer.arrayBuffer()))).includes(place)
    })
  })
}

test('a public address that nobody knows is left out with a warning', async (t) => {
  t.mock.method(os, 'networkInterfaces', () => ({}))
  giveName(t, 'mirror.example', ['127.0.1.1'])
  const mirror = await serveSeed(t, ['--public-url', 'http://mirror.example'])
  const { link } = await magnetOf(mirror, '/iso/image.iso')
  assert.match(link, /&x\.pe=mirror\.example:\d+$/)
  assert.match(mirror.stderr.text, /warning: mirror\.example is 127\.0\.1\.1 here/)
})

test('a tracker that fails or refuses is named once, in the status and in the metrics', async (t) => {
  const server = createHttpServer((_, response) => response.end('d14:failure reason4:no: e'))
  const refuses = `http://127.0.0.1:${await listenLocally(t, server)}/secret/announce`
  const dead = `http://127.0.0.1:${await findFreePort()}/announce`
  for (const [tracker, said, told] of [
    [refuses, `${refuses}: refuses: "no: "`, '/***/announce refuses'],
    [dead, `${dead}: nothing listens there`, 'nothing listens there'],
  ] as const) {
    const { address, stderr } = await serveSeed(t, ['--warm', '/iso/*', '--tracker', tracker])
    const text = async (path: string) => (await fetch(address + path)).text()
    const failing = /^btkit_seed_failing_announces 2$/m
    await until('both fail', async () => failing.test(await text('/-/metrics')))
    assert.equal(stderr.text.split(said).length, 2, stderr.text)
    for (const path of ['/-/status.json', '/-/status'])
      await until('it says so', async () => (await text(path)).includes(told))
  }
})

test('the listing, the status and the metrics show the seed', async (t) => {
  const mirror = await serveSeed(t)
  await magnetOf(mirror, '/iso/image.iso')
  const text = async (path: string) => (await fetch(mirror.address + path)).text()
  const listed = JSON.parse(await text('/iso/?json')) as {
    entries: { name: string; seeds?: number }[]
  }
  assert.equal(listed.entries.find(({ name }) => name === 'image.iso')?.seeds, 1)
  assert.match(await text('/-/status'), /1 torrent and 0 peers/)
  assert.match(await text('/-/metrics'), /^btkit_seed_torrents 1$/m)
})

test('if the port of --seed is taken, the next free one is used and printed', async (t) => {
  const taken = createServer().listen(6890, '::')
  t.after(() => taken.close())
  await Promise.race([once(taken, 'listening'), once(taken, 'error')])
  const mirror = await serveSeed(t, ['--seed-port', '6890'])
  assert.ok(seedPort(mirror) > 6890 && seedPort(mirror) <= 6999)
})

test('without --seed, no link names a peer', async (t) => {
  const mirror = await serveMirror(t, { files: FILES })
  const { link, caching } = await magnetOf(mirror, '/iso/image.iso')
  assert.doesNotMatch(link, /x\.pe/)
  assert.equal(caching, 'no-cache')
})

test('torrents of --torrents are seeded from the start, and no page names a private one', async (t) => {
  const [root, torrents] = [makeScratch(t, FILES), makeScratch(t)]
  const made = ['http://t.example/announce', '--output', torrents, '--no-cache']
  await runBtkit(['makemetafile', join(root, 'iso/image.iso'), ...made, '--private'])
  await runBtkit(['makemetafile', join(root, 'iso/README'), ...made, '--piece-length', '64K'])
  const mirror = await serveSeed(t, ['--torrents', torrents], root)
  await until('both are seeded', async () => (await seededCount(mirror)) === 2)
  const hash = (await runBtkit(['hash', join(torrents, 'image.iso.torrent')])).stdout.slice(0, 40)
  for (const path of [
    '/iso/',
    '/iso/?json',
    '/-/status',
    '/-/status.json',
    '/iso/image.iso.magnet',
  ])
    assert.ok(!(await (await fetch(mirror.address + path)).text()).includes(hash), path)
})
