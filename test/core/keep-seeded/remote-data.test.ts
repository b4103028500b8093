import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { RemoteData, ServerPlace } from '../../../src/core/keep-seeded/remote-data.js'
import { digestOf } from '../../../src/base/bytes.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { listenLocally } from '../../support/listen.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

test('of a server that fails and a limit that is reached the operator hears once, and when it answers', async (t) => {
  let [status, bytes, now, asked] = [503, 'hello', 0, 0]
  const server = createServer((_, response) => {
    asked++
    response.writeHead(status).end(bytes)
  })
  const origin = `http://127.0.0.1:${await listenLocally(t, server)}`
  const url = `${origin}/a.txt`
  const info = singleFileInfo({ length: 5, pieces: digestOf('sha1', 'hello') })
  const file = { url, source: url, name: '', size: 5, validator: null, hasRanges: true }
  const place = new ServerPlace(parseMetainfo(torrentOf(info)), url, new Map([[url, file]]))
  const told: [message: string, isGood: boolean][] = []
  const access = { signal: new AbortController().signal }
  const onChange = (...change: (typeof told)[number]) => void told.push(change)
  const data = new RemoteData({ access, perDay: 24, monotonic: () => now, onChange })
  const read = async () => data.readPiece(place, 0, () => undefined)
  const later = (ms: number) => (now += ms)

  await assert.rejects(read(), /HTTP status 503/)
  for (const ms of [29_999, 1]) {
    await assert.rejects(read(), { message: `${origin}: does not answer` })
    later(ms)
  }
  await assert.rejects(read(), /HTTP status 503/)
  later(30_000)
  status = 200
  for (let i = 0; i < 2; i++) await read()
  for (let i = 0; i < 2; i++) await assert.rejects(read(), { code: 'busy' })
  assert.equal(asked, 4)
  later(86_340_000)
  for (let i = 0; i < 3; i++) await read()
  bytes = 'other'
  await assert.rejects(read(), /its bytes are not those/)
  await assert.rejects(read(), { code: 'busy' })
  later(299_999)
  assert.equal(data.refusalOf(url)?.code, 'changed')
  later(1)
  assert.equal(data.refusalOf(url), null)
  const limit = ['--daily-limit 24 B: is reached; peers wait until tomorrow', false]
  assert.deepEqual(told, [
    [`${url}: HTTP status 503; peers wait until it answers`, false],
    [`${origin}: answers again`, true],
    limit,
    limit,
  ])
})
