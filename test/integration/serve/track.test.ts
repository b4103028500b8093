import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { findFreePort } from '../../support/opentracker.js'
import { fetchSingle } from '../../support/clients.js'
import { longTest } from '../../support/long.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { announceQuery, compactPeers, decodeAnswer } from '../../support/track.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const files = { 'pub/a.iso': 'content', 'pub/b.iso': 'other' }

test('with --track, torrents name the tracker, and are tracked once they are made', async (t) => {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}/announce`
  const here = torrentOf(singleFileInfo({ name: 'here' }))
  const allowed = makeScratch(t, { 'here.torrent': here })
  const args = ['--host', '127.0.0.1', '--track', url, '--allowed-dir', allowed]
  const env = { BTKIT_STATE_DIR: makeScratch(t) }
  const mirror = await serveMirror(t, { files, args, io: { env } })
  const torrent = parseMetainfo(await fetchSingle(mirror, 'pub/a.iso'))
  assert.equal(torrent.announce, url)
  const answerTo = async (infoHash: string | null) => {
    const response = await fetch(`http://127.0.0.1:${port}${announceQuery(infoHash ?? '')}`)
    return response.text()
  }
  assert.match(await answerTo(torrent.infoHash), /8:completei1e/)
  assert.match(await answerTo(parseMetainfo(here).infoHash), /8:completei1e/)
  assert.match(await answerTo('ab'.repeat(20)), /not authorized/)
  const page = await (await fetch(`http://127.0.0.1:${port}/`)).text()
  assert.match(page, />a\.iso</)
  assert.match(page, />7 B</)
  const listing = await (await fetch(`${mirror.address}/pub/`)).text()
  assert.match(listing, new RegExp(`<a href="http://127.0.0.1:${port}/" >Torrents</a>`))
  const [swarm, ...others] = [...listing.matchAll(/class="swarm">([^<]*)</g)].map(
    ([, text]) => text,
  )
  assert.deepEqual([swarm, others], ['1 seed, 0 leechers', ['']])
  const { entries } = (await (await fetch(`${mirror.address}/pub/?json`)).json()) as {
    entries: { name: string; seeds?: number; leechers?: number }[]
  }
  assert.deepEqual(
    entries.map(({ name, seeds, leechers }) => [name, seeds, leechers]),
    [
      ['a.iso', 1, 0],
      ['b.iso', undefined, undefined],
    ],
  )
  await mirror.stop()
  // A torrent with a swarm stays tracked, even before anybody asks for it again
  const again = await serveMirror(t, { root: mirror.root, args, io: { env } })
  assert.match(await answerTo(torrent.infoHash), /8:completei1e/)
  assert.match(await answerTo('ab'.repeat(20)), /not authorized/)
  await again.stop()
})

longTest("magnet links of a tracker over UDP name it, not the mirror's address", async (t) => {
  const port = await findFreePort()
  const allowed = makeScratch(t, { 'here.torrent': torrentOf(singleFileInfo({ name: 'here' })) })
  const args = ['--host', '127.0.0.1', '--public-url', 'https://mirror.example/pub']
  const track = ['--track', `udp://127.0.0.1:${port}`, '--allowed-dir', allowed]
  const env = { BTKIT_STATE_DIR: makeScratch(t) }
  await serveMirror(t, { files, args: [...args, ...track], io: { env } })
  const page = await (await fetch(`http://127.0.0.1:${port}/`)).text()
  const trackers = [...page.matchAll(/tr=([^&"]+)/g)].map(([, url = '']) => decodeURIComponent(url))
  assert.deepEqual(trackers, [`http://127.0.0.1:${port}/announce`])
})

longTest('the tracker trusts the proxies that the mirror trusts', async (t) => {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}/announce`
  const args = ['--host', '127.0.0.1', '--track', url, '--trust-proxy', '127.0.0.1']
  const env = { BTKIT_STATE_DIR: makeScratch(t) }
  const mirror = await serveMirror(t, { files, args, io: { env } })
  const { infoHash } = parseMetainfo(await fetchSingle(mirror, 'pub/a.iso'))
  const ask = async (peer: string, client: string) => {
    const headers = { 'X-Forwarded-For': client }
    const path = announceQuery(infoHash ?? '', { peer, port: 25, left: 1 })
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    return compactPeers(decodeAnswer(new Uint8Array(await response.arrayBuffer())))
  }
  await ask('a', '198.51.100.7')
  assert.deepEqual(await ask('b', '198.51.100.8'), ['198.51.100.7:25'])
})
