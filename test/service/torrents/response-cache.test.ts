import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { ResponseCache } from '../../../src/service/torrents/response-cache.js'
import type { CheckedTorrent } from '../../../src/service/torrents/on-demand.js'
import type { TorrentResponse } from '../../../src/service/torrents/response.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { Clock } from '../clock.js'
import { singleAddress } from '../pkgtorrent/yum-client.js'
import { readMetric } from '../read-metric.js'

const KIB = 1024

function openCache(): ResponseCache {
  return new ResponseCache({
    keepAliveSeconds: 30,
    isCurrent: () => true,
    now: Date.now,
  })
}

function requestOf(url: string, host = 'mirror.example'): IncomingMessage {
  const request: Pick<IncomingMessage, 'url' | 'headers'> = { url, headers: { host } }
  return request as IncomingMessage
}

const checked = {} as CheckedTorrent
const answer = { body: Buffer.alloc(300), headers: {} } as unknown as TorrentResponse

test('an answer is recalled by its address and host', () => {
  const cache = openCache()
  cache.note(requestOf('/a'), checked, answer)
  assert.equal(cache.recall(requestOf('/a'))?.answer, answer)
  assert.equal(cache.recall(requestOf('/b')), undefined)
  assert.equal(cache.recall(requestOf('/a', 'other.example')), undefined)
})

test('a query makes no other address', () => {
  const cache = openCache()
  cache.note(requestOf('/a?x'), checked, answer)
  for (const url of ['/a', '/a?', '/a?y', '/a?x?y']) {
    assert.equal(cache.recall(requestOf(url))?.answer, answer, url)
  }
})

test('addresses count among the bytes that answers take', () => {
  const cache = openCache()
  const addressOf = (i: number) => `/${String(i).padStart(15 * KIB, 'a')}`
  for (let i = 0; i < 3000; i++) cache.note(requestOf(addressOf(i)), checked, answer)
  // 45 MiB do not go into 32
  assert.equal(cache.recall(requestOf(addressOf(0))), undefined)
  assert.equal(cache.recall(requestOf(addressOf(2999)))?.answer, answer)
})

test('what is asked for again with another query is answered at once', async (t) => {
  const standing = { monotonic: () => 1_000_000 }
  const { now } = new Clock()
  const { port } = await serveMirror(t, { files: { 'a/x': 'x' }, io: { now, ...standing } })
  const address = singleAddress('/a/x')
  const first = await ask(port, address, { headers: { Host: 'm.example' } })
  for (const query of ['?', '?x', `?${'y'.repeat(10 * KIB)}`]) {
    const again = await ask(port, address + query, { headers: { Host: 'm.example' } })
    assert.ok(again.body.equals(first.body))
  }
  const kept = 'btkit_requests_total{route="kept response",code="200"}'
  assert.equal(await readMetric(port, kept), 3)
})
