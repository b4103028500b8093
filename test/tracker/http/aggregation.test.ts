import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { announceQuery, compactPeers, startTrack, textIn } from '../../support/track.js'
import { until } from '../../support/until.js'

const HASH = 'ab'.repeat(20)
const OTHER = 'cd'.repeat(20)
const ALONE = { headers: { Connection: 'close' } }

test('an aggregator receives all announces', async (t) => {
  const gathering = await startTrack(t, { args: ['--aggregator', 'pass word'] })
  const url = `${gathering.address}/announce,pass word`
  const track = await startTrack(t, { args: ['--aggregate_forward', url] })
  for (let n = 1; n <= 4; n += 1) {
    const answer = await track.ask(announceQuery(HASH, { peer: `${n}`, port: n, left: 1 }), ALONE)
    assert.equal(compactPeers(answer).length, n - 1)
  }
  const scrape = `/scrape?info_hash=${HASH.replace(/../g, '%$&')}`
  for (;;) {
    const files = (await gathering.ask(scrape)).get('files') as ReadonlyMap<
      string,
      ReadonlyMap<string, number>
    >
    if ([...files.values()][0]?.get('incomplete') === 4) break
    await setTimeout(20)
  }
})

test('an aggregator gives no peers and requires its password', async (t) => {
  const track = await startTrack(t, { args: ['--aggregator', 'secret'] })
  const refused = await track.ask(announceQuery(OTHER))
  assert.match(textIn(refused, 'failure reason') ?? '', /not authorized/)
  const taken = await track.ask(announceQuery(OTHER, { password: 'secret' }))
  assert.equal(textIn(taken, 'response'), 'OK')
  assert(!taken.has('peers'))
})

test('an announce is sent on once, with the address of the client', async (t) => {
  const urls: string[] = []
  const server = createServer(({ url = '' }, response) => {
    urls.push(url)
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const args = ['--aggregate-forward', `http://127.0.0.1:${port}/announce,a&b`]
  const track = await startTrack(t, { args })
  const query = announceQuery(HASH, { ip: '1.2.3.4' })
  // An announce that was already forwarded, as in a loop of trackers
  await track.ask(query.replace('?', '?forwarded=1&'))
  await track.ask(query)
  await until('asked', () => urls.length > 0)
  const [path = '', sent = ''] = query.split('?')
  assert.deepEqual(urls, [`${path}?forwarded=1&ip=127.0.0.1&password=a%26b&${sent}`])
})
