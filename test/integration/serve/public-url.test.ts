import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test, type TestContext } from 'node:test'
import { assertHolds, downloadWithLibtorrent, fetchSingle, postSet } from '../../support/clients.js'
import { unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { serveMirror } from '../../support/serve.js'
import { longTest } from '../../support/long.js'
import { serveLocally } from '../../support/listen.js'

/** Where the proxy has the mirror, and nothing else. */
const PREFIX = '/linux%20mirror'

const FILES = { 'pub/a #1.iso': pseudoRandom(1_500_000, 1), 'pub/b.iso': pseudoRandom(9, 2) }

longTest('a single file downloads from behind a proxy with a path', unlessLibtorrent, async (t) => {
  const { mirror, passed } = await serveBehindProxy(t)
  const directory = await downloadWithLibtorrent(t, await fetchSingle(mirror, 'pub/a #1.iso'))
  assertHolds(directory, { 'a #1.iso': FILES['pub/a #1.iso'] })
  assert.deepEqual([...passed], ['/pub/a #1.iso'])
})

test('a set downloads from behind a proxy with a path', unlessLibtorrent, async (t) => {
  const { mirror, passed } = await serveBehindProxy(t)
  const torrent = await postSet(mirror, ['/pub/a #1.iso', '/pub/b.iso'])
  const directory = await downloadWithLibtorrent(t, torrent)
  const size = 2 ** 21 - 1_500_000
  const nullFile = { [`pub/torrent_service/nullfile/${size}_0`]: Buffer.alloc(size) }
  const files = { ...FILES, ...nullFile }
  assertHolds(directory, files)
  assert.deepEqual(
    [...passed].sort(),
    Object.keys(files).map((path) => `/${path}`),
  )
})

/** Serves a mirror whose torrents name the address of a proxy before it. */
async function serveBehindProxy(t: TestContext) {
  const target = { port: 0 }
  const { address, passed } = await startProxy(t, target)
  const args = ['--trackerless', '--public-url', `${address}${PREFIX}/`]
  const mirror = await serveMirror(t, { files: FILES, args })
  target.port = mirror.port
  return { mirror, passed }
}

/**
 * Takes the prefix away and passes on to the target; what is without the prefix is not there.
 * Tells which paths were passed on.
 */
async function startProxy(t: TestContext, target: { readonly port: number }) {
  const passed = new Set<string>()
  const port = await serveLocally(t, (incoming, outgoing) => {
    const { method, headers, url = '' } = incoming
    if (!url.startsWith(`${PREFIX}/`)) {
      outgoing.writeHead(404).end()
      return
    }
    const path = url.slice(PREFIX.length)
    passed.add(decodeURIComponent(path))
    request({ host: '127.0.0.1', port: target.port, path, method, headers }, (answer) => {
      answer.pipe(outgoing.writeHead(answer.statusCode!, answer.headers))
    }).end()
  })
  return { address: `http://127.0.0.1:${port}`, passed }
}
