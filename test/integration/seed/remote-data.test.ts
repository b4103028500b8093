import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertHolds, downloadMagnet } from '../../support/clients.js'
import { serveFiles } from '../../support/file-server.js'
import { quickFirst } from '../../support/long.js'
import { magnetOf } from '../../support/magnets.js'
import { unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { assertError, assertStatus, parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch, type Files } from '../../support/scratch.js'
import {
  CONTENT,
  connectPeer,
  download,
  plantFile,
  SEEDED,
  startSeed,
  whenUnchoked,
} from '../../support/seed.js'
import { until } from '../../support/until.js'
import { TRACKER } from '../../support/torrents.js'

/** Files on a server, and the torrent of all on this machine, which has none of them. */
async function plantRemote(t: TestContext, files: Files, args: readonly string[] = []) {
  const server = await serveFiles(t, files)
  const source = makeScratch(t, files)
  const torrent = join(makeScratch(t), 'a.torrent')
  const [name = ''] = Object.keys(files).map((path) => path.replace(/\/.*/, ''))
  const make = ['makemetafile', join(source, name), '--trackerless', '-o', torrent, '--no-cache']
  const made = await runBtkit([...make, '-l', '15', '--json', ...args])
  const { infoHash, infoHashV2 } = parseJson(assertStatus(made, 0)) as Record<string, string | null>
  return { server, torrent, infoHash, infoHashV2, data: `${server.url}/` }
}

const testVersion = quickFirst()

for (const version of ['--hybrid', '--v1', '--v2']) {
  testVersion(
    `libtorrent has only a magnet link, and gets all from a server by a seed (${version})`,
    unlessLibtorrent,
    async (t) => {
      const more = version === '--v1' ? [] : [version]
      const { torrent, infoHash, infoHashV2, data } = await plantRemote(t, SEEDED, more)
      const { port } = await startSeed(t, [torrent, '--data', data])
      const link = infoHash ? magnetOf(infoHash) : `magnet:?xt=urn:btmh:1220${String(infoHashV2)}`
      assertHolds(await downloadMagnet(t, `${link}&x.pe=127.0.0.1:${port}`), SEEDED)
    },
  )
}

/** A file on a server that is seeded in pieces of 64 KiB. */
async function seedFromServer(t: TestContext, args: readonly string[] = []) {
  const server = await serveFiles(t, { 'a.bin': CONTENT })
  const { torrent, infoHash } = await plantFile(t)
  const own = join(makeScratch(t), 'a.torrent')
  copyFileSync(torrent, own)
  const seed = await startSeed(t, [own, '--data', `${server.url}/`, ...args])
  return { server, seed, infoHash, peer: () => connectPeer(t, seed.port, { infoHash }) }
}

test('pieces are read by ranges, each once however many peers want it', async (t) => {
  const { server, peer } = await seedFromServer(t)
  assert.deepEqual(server.asked, ['HEAD /a.bin'])
  for (let peers = 0; peers < 2; peers++) assert.deepEqual(await download(await peer()), CONTENT)
  const ranges = server.asked.slice(1)
  assert.equal(new Set(ranges).size, ranges.length)
  assert.equal(ranges.length, Math.ceil(CONTENT.length / 65_536))
  assert.ok(ranges.every((each) => /^GET \/a\.bin bytes=\d+-\d+$/.test(each)))
})

test('bytes that are not those of the torrent never leave, and that is said once', async (t) => {
  const { server, seed, peer } = await seedFromServer(t)
  const other = Buffer.from(CONTENT)
  other[65_536 + 5]! ^= 1
  // The same tag, as of a server that does not know of the change
  server.tag = () => '"same"'
  const before = server.files.get('a.bin')!
  assert.deepEqual(before, CONTENT)
  server.files.set('a.bin', other)
  const own = await peer()
  await whenUnchoked(own)
  await assert.rejects(own.ask(1, 0, 16_384))
  await seed.said(/not those of the torrent|changed/)
  await until('it is dropped', () => seed.stderr.text.includes('dropped'))
  assert.equal(seed.stderr.text.match(/a\.bin: /g)?.length, 1, seed.stderr.text)
})

test('peers wait for a server that is gone, which is said once', async (t) => {
  const { server, seed, peer } = await seedFromServer(t)
  let isGone = true
  server.answer = (_, response) => {
    if (isGone) response.writeHead(503).end()
    return isGone
  }
  const own = await peer()
  await whenUnchoked(own)
  const block = own.ask(0, 0, 16_384)
  await seed.said(/503; peers wait until it answers/)
  isGone = false
  void block.catch(() => undefined)
  const { stderr } = await seed.stop()
  assert.equal(stderr.match(/503/g)?.length, 1)
})

test('four pieces are read at a time', async (t) => {
  const { server, peer } = await seedFromServer(t)
  let asked = 0
  server.answer = () => {
    asked++
    return true
  }
  for (let piece = 0; piece < 6; piece++) {
    const own = await peer()
    await whenUnchoked(own)
    void own.ask(piece, 0, 16_384).catch(() => undefined)
  }
  await until('they are read', () => asked >= 4)
  await peer()
  assert.equal(asked, 4)
})

test('--daily-limit ends the reading, not the metadata', async (t) => {
  const { seed, peer } = await seedFromServer(t, ['--daily-limit', '64KiB'])
  const own = await peer()
  await whenUnchoked(own)
  assert.deepEqual(await own.ask(0, 0, 16_384), CONTENT.subarray(0, 16_384))
  void own.ask(1, 0, 16_384).catch(() => undefined)
  await seed.said(/--daily-limit 64 KiB: is reached/)
  // What was read stays in memory, for others
  const other = await peer()
  await whenUnchoked(other)
  assert.deepEqual(await other.ask(0, 16_384, 16_384), CONTENT.subarray(16_384, 32_768))
})

test('the torrents of a list at a URL are seeded from its directory', async (t) => {
  const files = { 'rel/a.iso': pseudoRandom(90_000, 1), 'rel/sub/b.iso': pseudoRandom(80_000, 2) }
  const server = await serveFiles(t, { ...files, 'rel/names': 'a.iso\nsub/b.iso\n' })
  const out = join(makeScratch(t), 'out')
  const list = `${server.url}/rel/names`
  assertStatus(await runBtkit(['completedir', TRACKER, list, '-o', out]), 0)
  const seed = await startSeed(t, [out, '--data', `${server.url}/rel/`])
  await until('both are seeded', () => seed.stderr.text.match(/added /g)?.length === 2)
  const torrent = readFileSync(join(out, 'sub/b.iso.torrent'))
  const { infoHash } = parseJson(
    await runBtkit(['hash', '--json', join(out, 'sub/b.iso.torrent')]),
  ) as { infoHash: string }
  const own = await connectPeer(t, seed.port, { infoHash })
  await whenUnchoked(own)
  assert.deepEqual(
    await own.ask(0, 0, 16_384),
    Buffer.from(files['rel/sub/b.iso'].subarray(0, 16_384)),
  )
  assert.ok(torrent.length > 0)
})

test('data that the server has in another size, or without ranges, is said to be missing', async (t) => {
  const { torrent } = await plantFile(t)
  const lone = join(makeScratch(t), 'lone')
  mkdirSync(lone)
  copyFileSync(torrent, join(lone, 'a.torrent'))
  const server = await serveFiles(t, { 'a.bin': CONTENT.subarray(1) })
  const seed = await startSeed(t, [lone, '--data', `${server.url}/`])
  await seed.said(/a\.bin is short/)
  assert.ok(!seed.stderr.text.includes('aria2c'), seed.stderr.text)
  const other = await serveFiles(t, { 'a.bin': CONTENT })
  other.answer = (_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length }).end()
    return true
  }
  const second = await startSeed(t, [lone, '--data', `${other.url}/`])
  await second.said(/sends no ranges/)
})

test('options for data on servers need a URL', async (t) => {
  const { torrent } = await plantFile(t)
  assertError(await runBtkit(['seed', torrent, '--daily-limit', '1G']), 'usage', '--daily-limit')
  assertError(await runBtkit(['seed', torrent, '--header-file', '/x']), 'usage', '--header-file')
})
