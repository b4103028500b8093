import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpStream } from '../../support/http-strangers.js'
import { longTest } from '../../support/long.js'
import { outlast, startService } from '../../support/outlast.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { besiege } from '../../support/strangers.js'
import { TRACKER } from '../../support/torrents.js'

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

longTest('minutes of strangers cost a mirror nothing', async (t) => {
  const where = ['--port', '0', '--cache-dir', makeScratch(t), '--tracker', TRACKER]
  const service = startService(t, ['serve', makeScratch(t, FILES), ...where])
  const [, address = ''] = await service.said(/^address: +(.+)$/m)
  const port = Number(address.split(':').at(-1))
  const strangers = { port, stream: () => httpStream(PATHS), packet: null }
  const answers = async () => {
    const signal = AbortSignal.timeout(1000)
    const file = await fetch(`${address}/a.iso`, { signal })
    const bytes = Buffer.from(await file.arrayBuffer())
    const torrent = await fetch(`${address}/a.iso.torrent`, { signal })
    return torrent.status === 200 && bytes.equals(CONTENT)
  }
  await outlast(t, service, { strangers, answers })
})
