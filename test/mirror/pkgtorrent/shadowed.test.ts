import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { serveMirror } from '../../support/serve.js'

const FILES = {
  'yum/torrent_service/single/a.rpm': 'below the mount',
  'yum/torrent_service.rpm': 'beside it',
  'torrent_service/a.rpm': 'the first component may be anything',
}

async function webSeedsOf(t: TestContext, path: string, args: readonly string[] = []) {
  const { address } = await serveMirror(t, { files: FILES, args })
  const answer = await fetch(`${address}/yum/torrent_service/single${path}`)
  const torrent = decodeTorrent(new Uint8Array(await answer.arrayBuffer()))
  return { address, seeds: torrent['url-list'] }
}

test("a file below the service's own addresses gets no web seed", async (t) => {
  const path = '/yum/torrent_service/single/a.rpm'
  const { address, seeds } = await webSeedsOf(t, path, ['--web-seed', 'http://b.example'])
  assert.equal(seeds, undefined)
  // Clients would have got something else
  assert.notEqual(await (await fetch(address + path)).text(), 'below the mount')
})

test('all other files get one', async (t) => {
  const one = await webSeedsOf(t, '/yum/torrent_service.rpm')
  assert.deepEqual(one.seeds, [`${one.address}/yum/`])
  const two = await webSeedsOf(t, '/torrent_service/a.rpm')
  assert.deepEqual(two.seeds, [`${two.address}/torrent_service/`])
  assert.equal((await fetch(`${two.address}/torrent_service/a.rpm`)).status, 200)
})
