import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpStream } from '../../support/http-strangers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { serveMirror } from '../../support/serve.js'
import { besiege } from '../../support/strangers.js'

const CONTENT = pseudoRandom(300_000, 1)
const FILES = { 'a.iso': CONTENT, 'x/b c.txt': 'text', 'x/y/ü.rpm': 'rpm' }
const PATHS = [
  ...['/', '/a.iso', '/x/', '/x/b%20c.txt', '/x/y/%C3%BC.rpm', '/nothing', '/?feed'],
  ...['.torrent', '.magnet', '.btih', '.sha256', '.meta4', '?info', '?json'].map(
    (end) => `/a.iso${end}`,
  ),
  ...['/x.torrent', '/x/*.torrent', '/x/[a-c]*.torrent', '/-/health', '/-/status', '/-/metrics'],
  '/x/torrent_service?path=x/b%20c.txt&path=a.iso',
]

test('whatever strangers send to a mirror, the next client is answered, and nothing is an error', async (t) => {
  const { port, address, stderr, stdout } = await serveMirror(t, { files: FILES })
  let left = 250
  await besiege({ port, stream: () => httpStream(PATHS), packet: null }, () => left-- <= 0)
  const file = await fetch(`${address}/a.iso`)
  assert.ok(Buffer.from(await file.arrayBuffer()).equals(CONTENT))
  const torrent = await fetch(`${address}/a.iso.torrent`)
  assert.equal(torrent.status, 200)
  await torrent.arrayBuffer()
  assert.doesNotMatch(stderr.text + stdout.text, /internal error|" 500 /)
})
