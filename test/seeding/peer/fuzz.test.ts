import assert from 'node:assert/strict'
import { test } from 'node:test'
import { strangersTo } from '../../support/peer-strangers.js'
import { connectPeer, CONTENT, download, plantFile, startSeed } from '../../support/seed.js'
import { besiege } from '../../support/strangers.js'

test('whatever strangers send, the next peer gets every byte, and nothing is an error', async (t) => {
  const { torrent, infoHash } = await plantFile(t)
  const { port, stderr } = await startSeed(t, [torrent, '--dht'])
  let left = 100
  await besiege(strangersTo(port, infoHash), () => left-- <= 0)
  const peer = await connectPeer(t, port, { infoHash })
  assert.ok((await download(peer)).equals(CONTENT))
  assert.doesNotMatch(stderr.text, /error|warning|dropped/)
})
