import assert from 'node:assert/strict'
import { readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { nameProblem, SeedKeeper } from '../../../src/core/keep-seeded/reconcile.js'
import { torrentPlaces } from '../../../src/core/keep-seeded/wanted.js'
import { OwnTarget } from '../../../src/seeding/peer/own-target.js'
import { SeedService } from '../../../src/seeding/peer/service.js'
import { hashContext, settledContext } from '../../core/requests.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import {
  CONTENT,
  connectPeer,
  download,
  plantFile,
  startSeed,
  whenUnchoked,
} from '../../support/seed.js'
import { until } from '../../support/until.js'
import { openFiles } from '../../support/when-open.js'
import { serveLocally } from '../../support/listen.js'

test('data that cannot be looked at is dropped, and the other torrents go on', async (t) => {
  const [one, other] = [await plantFile(t, [], pseudoRandom(400_000, 7)), await plantFile(t)]
  const torrents = makeScratch(t)
  for (const [n, { torrent }] of [one, other].entries())
    renameSync(torrent, join(torrents, `${n}.torrent`))
  const data = [one, other].flatMap(({ directory }) => ['--data', directory])
  const { port, stderr } = await startSeed(t, [torrents, ...data])
  await until('both are there', () => (stderr.text.match(/added/g) ?? []).length === 2)
  // A link to itself: the system refuses to look behind it
  renameSync(one.directory, `${one.directory}.gone`)
  t.after(() => {
    rmSync(`${one.directory}.gone`, { recursive: true })
  })
  symlinkSync(one.directory, one.directory)
  await until('it is dropped', () => stderr.text.includes(`dropped ${join(torrents, '0.torrent')}`))
  await (
    await connectPeer(t, port, { infoHash: one.infoHash })
  ).closed
  const peer = await connectPeer(t, port, { infoHash: other.infoHash })
  assert.ok((await download(peer)).equals(CONTENT))
})

test('a directory without torrents is said once, and a torrent in it is seeded later', async (t) => {
  const { torrent, infoHash } = await plantFile(t)
  const torrents = makeScratch(t)
  const none =
    `btkit: ${torrents}: no .torrent files there; one that comes is seeded then; to seed the directory itself: ` +
    `btkit create ${torrents}, then btkit seed --dht ${torrents}.torrent\n`
  const { port, stderr } = await startSeed(t, [torrents, '--data', join(torrent, '..')])
  await until('it is said', () => stderr.text.includes(none))
  symlinkSync(torrent, join(torrents, '1.torrent'))
  await until('it is there', () => stderr.text.includes(`added ${join(torrents, '1.torrent')}`))
  const peer = await connectPeer(t, port, { infoHash })
  assert.ok((await download(peer)).equals(CONTENT))
  assert.equal(stderr.text.split(none).length, 2)
})

test('while a disk hangs, nothing waits for it, and it is reported once', async (t) => {
  const { directory } = await plantFile(t)
  const problems: string[] = []
  let hangs = true
  const places = torrentPlaces(
    {
      ...{ places: [directory], placesOf: () => [{ path: directory }], search: [] },
      ...{ isBeside: true, hashContext: hashContext() },
    },
    () => (hangs ? Promise.reject(new BtkitError('busy', 'it hangs')) : Promise.resolve()),
  )
  const service = { lookAtData: () => Promise.resolve(), states: () => [] }
  const keeper = new SeedKeeper(places, new OwnTarget(service as unknown as SeedService), {
    onProblem: (what, problem) => problems.push(nameProblem(what, problem).message),
  })
  await keeper.update()
  await keeper.update()
  assert.deepEqual(problems, ['it hangs'])
  hangs = false
  await keeper.update()
  // It was written just now
  assert.match(problems[1] ?? '', /a\.bin\.torrent: its data/)
})

test('data that was written just now is looked at again when it can be settled', async (t) => {
  const { torrent, data, directory } = await plantFile(t)
  let now = statSync(data).ctimeMs
  const { stderr } = await startSeed(t, [directory, '--parse-dir-interval', '3600'], {
    now: () => now,
  })
  const said = `btkit: ${torrent}: its data in ${directory} was written just now; btkit looks again in 2 seconds\n`
  await until('it is said', () => stderr.text.includes(said))
  now += 10_000
  await until('it is seeded', () => stderr.text.includes(`added ${torrent}`))
})

test('a torrent that the right one replaces is checked again with the same data', async (t) => {
  const wrong = await plantFile(t, [], pseudoRandom(CONTENT.length, 7))
  const right = await plantFile(t)
  const torrents = makeScratch(t, { 'a.torrent': readFileSync(wrong.torrent) })
  const torrent = join(torrents, 'a.torrent')
  const { port, stderr } = await startSeed(t, [torrents, '--data', right.directory])
  await until('it is said', () => stderr.text.includes('a.bin is damaged'))
  renameSync(right.torrent, torrent)
  await until('it is seeded', () => stderr.text.includes(`added ${torrent}`))
  await connectPeer(t, port, { infoHash: right.infoHash })
})

test('a torrent that the service withdrew is seeded again when its data can be read', async (t) => {
  const { directory, data, torrent } = await plantFile(t)
  const said: string[] = []
  const note = (word: string) => () => said.push(word)
  const places = torrentPlaces({
    ...{ places: [directory], placesOf: () => [{ path: directory }], search: [] },
    ...{ isBeside: true, hashContext: settledContext() },
  })
  const service = await SeedService.open({
    ...{ host: '127.0.0.1', port: 0, lastPort: 0, announcedAddress: null, maxUpload: null },
    ...{ version: 'test', monotonic: () => performance.now() },
    ...{ dht: false, localDiscovery: false },
    ...{ onWithdrawn: note('withdrawn'), onError: note('error') },
  })
  t.after(() => service.close())
  const keeper = new SeedKeeper(places, new OwnTarget(service), {
    ...{ onAdded: note('added'), onDropped: note('dropped'), onProblem: note('problem') },
  })
  await keeper.update()
  renameSync(data, `${data}.away`)
  const [seeded] = [...service.states()]
  const peer = await connectPeer(t, service.port, { infoHash: seeded!.torrent.infoHash! })
  await assert.rejects(peer.ask(0, 0, 1))
  await peer.closed
  renameSync(`${data}.away`, data)
  await keeper.update()
  assert.equal(service.status.torrents, 1, `${torrent}: ${said.join()}`)
})

test('a link out of the directory is named, and followed with --follow-symlinks', async (t) => {
  const elsewhere = join(makeScratch(t, { 'real.bin': CONTENT }), 'real.bin')
  const { torrent, data, infoHash } = await plantFile(t)
  rmSync(data)
  symlinkSync(elsewhere, data)
  const { stderr } = await startSeed(t, [torrent])
  const said =
    `its data is not whole: ${data} is missing ` +
    '(in its place is a link that leads outside; --follow-symlinks allows that)\n'
  await until('it is said', () => stderr.text.includes(said))
  const following = await startSeed(t, [torrent, '--follow-symlinks'])
  const peer = await connectPeer(t, following.port, { infoHash })
  assert.ok((await download(peer)).equals(CONTENT))
})

test('the torrent beside a directory without torrents is named', async (t) => {
  const directory = makeScratch(t, { 'my photos/a.jpg': CONTENT })
  const photos = join(directory, 'my photos')
  assert.equal((await runBtkit(['makemetafile', photos, '--no-cache'])).status, 0)
  const { stderr } = await startSeed(t, [photos])
  const said =
    `btkit: ${photos}: no .torrent files there; to seed the torrent beside it: ` +
    `btkit seed --dht '${photos}.torrent'\n`
  await until('it is said', () => stderr.text.includes(said))
})

test('a torrent that is there twice is seeded until both are gone', async (t) => {
  const { torrent, infoHash } = await plantFile(t)
  const torrents = makeScratch(t)
  const [first, second] = [join(torrents, '1.torrent'), join(torrents, '2.torrent')]
  for (const path of [first, second]) symlinkSync(torrent, path)
  const { port, stderr } = await startSeed(t, [torrents, '--data', join(torrent, '..')])
  await until('it is there', () => stderr.text.includes(`added ${first}`))
  rmSync(first)
  await until('the other is', () => stderr.text.includes(`added ${second}`))
  const peer = await connectPeer(t, port, { infoHash })
  assert.ok((await download(peer)).equals(CONTENT))
  const told = stderr.text.split(`${second}: the same torrent as ${first}; ignored`)
  assert.equal(told.length, 2, 'it is told once')
  rmSync(second)
  await until('it ends', () => stderr.text.includes(`dropped ${second}`))
  await (
    await connectPeer(t, port, { infoHash })
  ).closed
})

test('the files of a torrent that is gone are closed, so that their space is free', async (t) => {
  const { torrent, infoHash, data, directory } = await plantFile(t)
  const { port, stderr } = await startSeed(t, [directory])
  await until('it is there', () => stderr.text.includes('added'))
  const isOpen = () => openFiles('self').some((file) => file.startsWith(data))
  const peer = await connectPeer(t, port, { infoHash })
  await download(peer)
  assert.ok(isOpen())
  rmSync(torrent)
  rmSync(data)
  await peer.closed
  await until('it is closed', () => !isOpen())
})

test('the last announce of a torrent that is gone has the bytes sent', async (t) => {
  const asked: URLSearchParams[] = []
  const trackerPort = await serveLocally(t, ({ url }, response) => {
    asked.push(new URL(url ?? '', 'http://x').searchParams)
    response.end('d8:intervali1800e5:peers0:e')
  })
  const url = `http://127.0.0.1:${trackerPort}/announce`
  const { torrent, infoHash, directory } = await plantFile(t, [url])
  const { port } = await startSeed(t, [directory])
  await until('it is announced', () => asked.some((each) => each.get('event') === 'started'))
  const peer = await connectPeer(t, port, { infoHash })
  await whenUnchoked(peer)
  await peer.ask(0, 0, 16_384)
  rmSync(torrent)
  const last = () => asked.find((each) => each.get('event') === 'stopped')
  await until('its end is announced', () => last() !== undefined)
  assert.equal(last()?.get('uploaded'), '16384')
})

test('a torrent with links that are stored is seeded', async (t) => {
  const directory = makeScratch(t, { 'lib/a.so.1': CONTENT })
  const content = join(directory, 'lib')
  symlinkSync('a.so.1', join(content, 'a.so'))
  const make = ['makemetafile', content, '--trackerless', '--symlinks', 'store', '--json']
  const made = parseJson(await runBtkit([...make, '--no-cache'])) as { infoHash: string }
  const { port, stderr } = await startSeed(t, [`${content}.torrent`])
  await until('it is there', () => stderr.text.includes('added'))
  await connectPeer(t, port, made)
})
