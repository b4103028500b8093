import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertStatus, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { listenLocally } from '../../../support/listen.js'
import { makeScratch } from '../../../support/scratch.js'
import { fetchAlone } from '../../../support/opentracker.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'
import { announceQuery, startTrack } from '../../../support/track.js'

/** A tracker that knows a seed and two leechers of a torrent of five bytes. */
async function share(t: TestContext) {
  const { address, port } = await startTrack(t)
  const trackers = [`${address}/announce`, `udp://127.0.0.1:${port}`]
  const directory = makeScratch(t, {
    'a.torrent': torrentOf(singleFileInfo(), { 'announce-list': [trackers] }),
    'b.torrent': torrentOf(singleFileInfo({ name: 'b' }), { announce: trackers[0] ?? '' }),
    'none.torrent': torrentOf(singleFileInfo()),
    'odd.torrent': torrentOf(singleFileInfo(), { announce: 'no url' }),
  })
  const place = (name: string) => join(directory, `${name}.torrent`)
  const infoHash = (await runBtkit(['hash', place('a')])).stdout.trim()
  for (const [peer, left] of Object.entries({ seed: 0, leecher: 5, other: 5 })) {
    const query = announceQuery(infoHash, { peer, left, port: 7000 + peer.length })
    await fetchAlone(`${address}${query}&event=started&uploaded=0&downloaded=0`)
  }
  return { place, trackers, infoHash }
}

test('seeds and leechers are listed by tracker, over HTTP and UDP', async (t) => {
  const { place, trackers } = await share(t)
  const { status, stdout, stderr } = await runBtkit(['scrape', place('a')])
  assert.deepEqual(stdout.split('\n'), [
    `${place('a')}:`,
    '    seeds leechers completed',
    ...trackers.map((url) => `        1        2        0  ${url}`),
    '',
  ])
  assert.deepEqual([status, stderr], [0, ''])
  const all = await runBtkit(['scrape', dirname(place('a'))])
  assert.equal(all.stdout.match(/\.torrent:$/gm)?.length, 3)
})

test('a count that a tracker does not send is a dash, and null in JSON', async (t) => {
  const infoHash = 'ab'.repeat(20)
  const answer = Buffer.concat([
    Buffer.from('d5:filesd20:'),
    Buffer.from(infoHash, 'hex'),
    Buffer.from('d8:completei3e10:incompletei0eeee'),
  ])
  const server = createServer((_request, response) => response.end(answer))
  const url = `http://127.0.0.1:${await listenLocally(t, server)}/announce`
  const args = [`magnet:?xt=urn:btih:${infoHash}`, '--announce', url]
  const { stdout } = assertStatus(await runBtkit(['scrape', ...args]), 0)
  assert.equal(stdout.split('\n')[2], `        3        0        -  ${url}`)
  const counts = { seeds: 3, leechers: 0, completed: null }
  const json = parseJson(await runBtkit(['scrape', '--json', ...args]))
  assert.deepEqual(json['trackers'], [{ tracker: url, ...counts, error: null, code: null }])
})

test('a magnet link is asked for, of its trackers or of another', async (t) => {
  const { trackers, infoHash } = await share(t)
  // No file has such a long name
  const link = `magnet:?xt=urn:btih:${infoHash}&dn=${'a'.repeat(300)}`
  const named = `${link}&tr=${encodeURIComponent(trackers[0] ?? '')}`
  const expected = { seeds: 1, leechers: 2, completed: 0, error: null, code: null }
  for (const args of [[named], [link, '--announce', trackers[0] ?? '']]) {
    const result = assertStatus(await runBtkit(['scrape', '--json', ...args]), 0)
    assert.deepEqual(parseJson(result)['trackers'], [{ tracker: trackers[0], ...expected }])
  }
  assert.equal((await runBtkit(['scrape', link])).status, 1)
})

test('a tracker without an answer, or without the torrent, is a line and a failure', async (t) => {
  const { place } = await share(t)
  const unreachable = ['--announce', 'http://127.0.0.1:1/announce']
  const failed = assertStatus(await runBtkit(['scrape', place('a'), ...unreachable]), 1)
  assert.match(
    failed.stdout,
    /- {8}- {8}- {2}http:\/\/127\.0\.0\.1:1\/announce: nothing listens there\n$/,
  )
  const odd = assertStatus(await runBtkit(['scrape', place('odd'), place('none'), place('a')]), 1)
  assert.match(odd.stdout, /no url: is not the URL of a tracker\n/)
  assert.match(odd.stderr, /none\.torrent: no tracker; name one with --announce\n/)
})
