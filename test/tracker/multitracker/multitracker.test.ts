import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../support/scratch.js'
import { runBtkit } from '../../support/run-btkit.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import {
  announceQuery,
  compactPeers,
  startTrack,
  textIn,
  type RunningTrack,
} from '../../support/track.js'
import { until } from '../../support/until.js'

const info = singleFileInfo({ name: 'shared' })
const torrentWith = (urls: readonly string[]) => {
  return torrentOf(info, { 'announce-list': urls.map((url) => [url]) })
}
const HASH = parseMetainfo(torrentOf(info)).infoHash ?? ''
const OFTEN = ['--multitracker_reannounce_interval', '1']

/** A tracker that asks the trackers at URLs, and itself, every second. */
async function startAsking(t: TestContext, urls: readonly string[], args: readonly string[] = []) {
  const directory = makeScratch(t, { 'a.torrent': torrentWith(urls) })
  const asking = ['--allowed_dir', directory, '--multitracker_enabled', '1', ...OFTEN]
  return startTrack(t, { args: [...asking, ...args] })
}

/** A tracker that knows the torrent and a seed of it at port 1111. */
async function startAsked(t: TestContext, args: readonly string[] = []) {
  const directory = makeScratch(t, { 'a.torrent': torrentWith(['http://other.example/announce']) })
  const track = await startTrack(t, { args: ['--allowed_dir', directory, ...args] })
  await track.ask(announceQuery(HASH, { peer: 'seed', port: 1111 }))
  return track
}

const leech = { peer: 'leech', port: 2222, left: 5 }
const ALONE = { headers: { Connection: 'close' } }

/** Announces until there is a peer. */
async function peersOf(track: RunningTrack): Promise<string[]> {
  for (;;) {
    const peers = compactPeers(await track.ask(announceQuery(HASH, leech), ALONE))
    if (peers.length > 0) return peers
    await setTimeout(50)
  }
}

/** A server that always gives the same answer and records requests. */
async function startServer(t: TestContext, answer: (response: ServerResponse) => void) {
  const urls: string[] = []
  const server = createServer(({ url = '' }: IncomingMessage, response) => {
    urls.push(url)
    answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/announce`, urls }
}

test('a tracker gives the peers of the other trackers of a torrent', async (t) => {
  const asked = await startAsked(t)
  const asking = await startAsking(t, [`${asked.address}/announce`])
  assert.deepEqual(await peersOf(asking), ['127.0.0.1:1111'])
  const answer = await asking.ask(announceQuery(HASH, leech))
  assert.deepEqual([answer.get('complete'), answer.get('incomplete')], [0, 1])
  // Neither does the asking tracker become a peer, nor are foreign peers passed on
  const told = await asked.ask(announceQuery(HASH, { peer: 'other', port: 3333, left: 1 }))
  assert.deepEqual([told.get('complete'), told.get('incomplete')], [1, 1])
  const query = announceQuery(HASH, { tracker: 1, compact: 1, event: 'stopped' })
  assert.deepEqual(compactPeers(await asking.ask(query)), ['127.0.0.1:2222'])
  const { status, stderr } = await asking.stop()
  assert.deepEqual([status, stderr], [0, ''])
})

test('no client receives itself or a peer twice', async (t) => {
  const asked = await startAsked(t)
  const asking = await startAsking(t, [`${asked.address}/announce`])
  await peersOf(asking)
  const self = await asking.ask(announceQuery(HASH, { peer: 'seed', port: 1111, left: 1 }))
  assert.deepEqual(compactPeers(self), ['127.0.0.1:2222'])
  assert.deepEqual(await peersOf(asking), ['127.0.0.1:1111'])
})

test('old trackers receive ids and addresses in dictionaries', async (t) => {
  const asked = await startAsked(t)
  const query = { tracker: 1, event: 'stopped', port: 0, left: 1, numwant: 20 }
  const answer = await asked.ask(announceQuery(HASH, query))
  assert.equal(answer.get('interval'), 120)
  const [peer] = answer.get('peers') as unknown as [ReadonlyMap<string, Uint8Array | number>]
  assert.equal(Buffer.from(peer.get('peer id') as Uint8Array).toString(), 'seed'.padEnd(20, '-'))
  assert.equal(Buffer.from(peer.get('ip') as Uint8Array).toString(), '127.0.0.1')
  assert.equal(peer.get('port'), 1111)
})

test('--multitracker-allowed decides which trackers may ask', async (t) => {
  const directory = makeScratch(t, { 'a.torrent': torrentOf(info) })
  const failure = async (
    allowed: string,
    args: readonly string[] = ['--allowed_dir', directory],
  ) => {
    const track = await startTrack(t, { args: ['--multitracker_allowed', allowed, ...args] })
    const answer = await track.ask(announceQuery(HASH, { tracker: 1 }))
    await track.stop()
    return textIn(answer, 'failure reason')
  }
  assert.equal(await failure('none'), 'disallowed')
  assert.match((await failure('autodetect')) ?? '', /not authorized for multitracker/)
  assert.match((await failure('autodetect', [])) ?? '', /not authorized for multitracker/)
  assert.equal(await failure('all'), undefined)
})

test('with a key trackers answer and believe only those that have it', async (t) => {
  const files = makeScratch(t, { key: 'a key that is long enough\n', other: 'o'.repeat(30) })
  const keyed = (name: string) => ['--multitracker-key', join(files, name)]
  const asked = await startAsked(t, keyed('key'))
  const urls = [`${asked.address}/announce`]
  const query = announceQuery(HASH, { tracker: 1 })
  assert.match(textIn(await asked.ask(query), 'failure reason') ?? '', /have its key/)
  const asking = await startAsking(t, urls, keyed('key'))
  assert.deepEqual(await peersOf(asking), ['127.0.0.1:1111'])
  const open = await startAsked(t)
  const strangers = [
    await startAsking(t, urls, keyed('other')),
    await startAsking(t, [`${open.address}/announce`], keyed('key')),
  ]
  // Time for three rounds
  await setTimeout(3500)
  for (const each of strangers) {
    assert.deepEqual(compactPeers(await each.ask(announceQuery(HASH, leech))), [])
  }
})

test('a tracker in its own list is asked only once', async (t) => {
  const asked = await startAsked(t)
  const directory = makeScratch(t, { 'a.torrent': torrentOf(info) })
  const args = ['--allowed_dir', directory, '--multitracker_enabled', '1', ...OFTEN]
  const track = await startTrack(t, { args })
  const urls = [track, asked].map(({ address }) => `${address}/announce`)
  writeFileSync(join(directory, 'a.torrent'), torrentWith(urls))
  assert.deepEqual(await peersOf(track), ['127.0.0.1:1111'])
})

test('servers that misbehave do no harm', { timeout: 60_000 }, async (t) => {
  const asked = await startAsked(t)
  const hostile = await Promise.all([
    startServer(t, (response) => response.end('<html>')),
    startServer(t, (response) => response.end(`d5:peers600000:${'x'.repeat(600_000)}e`)),
    startServer(t, (response) =>
      response.writeHead(302, { Location: `${asked.address}/announce` }).end(),
    ),
    startServer(t, (response) => response.destroy()),
  ])
  const urls = [
    ...hostile.map(({ url }) => url),
    'http://127.0.0.1:1/announce',
    'udp://x/',
    'http://',
  ]
  const asking = await startAsking(t, [...urls, `${asked.address}/announce?pass=1`])
  assert.deepEqual(await peersOf(asking), ['127.0.0.1:1111'])
  for (const { urls: seen } of hostile) assert.match(seen[0] ?? '', /&event=stopped&.*tracker=1/)
  const { status, stderr } = await asking.stop()
  assert.deepEqual([status, stderr], [0, ''])
})

test('a running call does not delay stopping', async (t) => {
  const silent = await startServer(t, () => undefined)
  const asking = await startAsking(t, [silent.url])
  await until('asked', () => silent.urls.length > 0)
  assert.equal((await asking.stop()).status, 0)
})

test('asking needs torrents that name trackers, and a key of sufficient length', async (t) => {
  const files = makeScratch(t, { key: 'short\n' })
  const none = await runBtkit(['track', '--open', '--multitracker-enabled', '1'])
  assert.equal(none.status, 2)
  assert.match(none.stderr, /--multitracker-enabled: needs --allowed-dir/)
  const where = ['--port', '0', '--host', '127.0.0.1', '--state', join(files, 'state')]
  const short = await runBtkit([
    'track',
    '--open',
    ...where,
    '--multitracker-key',
    join(files, 'key'),
  ])
  assert.equal(short.status, 2)
  assert.match(short.stderr, /key: the key is too short; use at least 16 bytes/)
})
