import assert from 'node:assert/strict'
import { mkdirSync, renameSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { decodeTorrent, independentInfoHash } from '../../support/decode-torrent.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { singleAddress } from '../app/yum-client.js'
import { readMetric } from '../read-metric.js'

const CONTENT = pseudoRandom(2_500_000, 7)
const FILES = { 'pub/a.iso': CONTENT, 'pub/Größe #1 100%+a;b?.iso': 'odd', 'pub/empty': '' }
const ODD = `/pub/${encodeURIComponent('Größe #1 100%+a;b?.iso')}`

test("a file's address with .torrent, or with ?torrent, is that of its torrent", async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const single = await ask(port, '/pub/a.iso.torrent')
  for (const address of ['/pub/a.iso.torrent', '/pub/a.iso?torrent', '/pub/a.iso?x=y&torrent']) {
    const { status, headers, body } = await ask(port, address)
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'application/x-bittorrent')
    assert.equal(headers['content-disposition'], 'attachment; filename="a.iso.torrent"')
    assert.equal(headers['content-length'], String(body.length))
    assert.equal(independentInfoHash(body), independentInfoHash(single.body))
  }
})

test('--piece-length sets its piece length; the protocol keeps its own', async (t) => {
  const args = ['--piece-length', '1MiB']
  const { port, root } = await serveMirror(t, { files: FILES, args })
  const made = await infoHashMade(t, join(root, 'pub/a.iso'), ['--piece-size-pow2', '20'])
  for (const address of ['/pub/a.iso.torrent', singleAddress('/pub/a.iso')]) {
    assert.equal(independentInfoHash((await ask(port, address)).body), made)
  }
})

/** The info hash of a file's torrent by makemetafile. */
async function infoHashMade(t: TestContext, file: string, args: readonly string[]) {
  const output = ['--target', join(makeScratch(t), 'a.torrent'), '--no-cache', '--json']
  const { stdout } = await runBtkit(['makemetafile', file, 'http://t/a', ...args, ...output])
  return (JSON.parse(stdout) as { infoHash: string }).infoHash
}

test("its creation date is the file's modification time, so that it stays the same", async (t) => {
  const root = makeScratch(t, FILES)
  utimesSync(join(root, 'pub/a.iso'), 1_600_000_000.9, 1_600_000_000.9)
  const first = await serveMirror(t, { root })
  const before = await ask(first.port, '/pub/a.iso.torrent', { headers: { Host: 'm.example' } })
  const torrent = decodeTorrent(before.body)
  assert.equal(torrent['creation date'], 1_600_000_000)
  assert.deepEqual(torrent['url-list'], ['http://m.example/pub/a.iso'])
  await first.stop()
  const { port } = await serveMirror(t, { root })
  const after = await ask(port, '/pub/a.iso.torrent', { headers: { Host: 'm.example' } })
  assert.ok(after.body.equals(before.body))
  assert.equal(after.headers.etag, before.headers.etag)
})

test('torrents of the protocol have no creation date', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  await ask(port, '/pub/a.iso.torrent')
  const { headers, body } = await ask(port, singleAddress('/pub/a.iso'))
  const hash = independentInfoHash(body)
  assert.equal(headers['content-disposition'], `attachment; filename=${hash}.torrent`)
  assert.deepEqual(Object.keys(decodeTorrent(body)), [
    'announce',
    'announce-list',
    'info',
    'url-list',
  ])
})

test('a real file with that name has priority, and the query still gives the torrent', async (t) => {
  const files = { ...FILES, 'pub/a.iso.torrent': 'my own' }
  const { port } = await serveMirror(t, { files })
  assert.equal((await ask(port, '/pub/a.iso.torrent')).body.toString(), 'my own')
  const byQuery = await ask(port, '/pub/a.iso?torrent')
  assert.equal(decodeTorrent(byQuery.body).info['name'], 'a.iso')
  const ofTorrent = await ask(port, '/pub/a.iso.torrent.torrent')
  assert.equal(decodeTorrent(ofTorrent.body).info['name'], 'a.iso.torrent')
})

test('files and their torrents are not confused when requested in turn', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  for (let times = 0; times < 2; times++) {
    assert.equal((await ask(port, '/pub/a.iso?torrent')).body.subarray(0, 2).toString(), 'd8')
    assert.ok((await ask(port, '/pub/a.iso')).body.equals(CONTENT))
    assert.ok((await ask(port, '/pub/a.iso?x')).body.equals(CONTENT))
    const { body } = await ask(port, '/pub/a.iso?torrent&v2')
    assert.equal(decodeTorrent(body).info['meta version'], 2)
  }
})

test('names may contain the same characters as files, and stay unchanged', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  for (const address of [`${ODD}.torrent`, `${ODD}?torrent`]) {
    const { status, headers, body } = await ask(port, address)
    assert.equal(status, 200)
    assert.equal(decodeTorrent(body).info['name'], 'Größe #1 100%+a;b?.iso')
    assert.equal(
      headers['content-disposition'],
      `attachment; filename="Gr__e #1 100_+a;b?.iso.torrent"; ` +
        `filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%231%20100%25%2Ba%3Bb%3F.iso.torrent`,
    )
  }
})

test('a pattern is not the address of a torrent; only names of files are', async (t) => {
  const { port } = await serveMirror(t, { files: { 'pub/a.iso': 'a', 'pub/[a].iso': 'b' } })
  const named = await ask(port, '/pub/[a].iso.torrent')
  assert.equal(decodeTorrent(named.body).info['name'], '[a].iso')
  for (const address of ['/pub/*.iso.torrent', '/pub/%3F.iso.torrent', '/pub/*.iso?torrent'])
    assert.equal((await ask(port, address)).status, 404, address)
})

test('missing and hidden files have no view', async (t) => {
  const files = { ...FILES, 'pub/.secret': 'x', '.d/x': 'x' }
  const { port } = await serveMirror(t, { files })
  for (const view of ['torrent', 'magnet', 'btih', 'sha256', 'meta4']) {
    for (const address of [
      `/pub/none.${view}`,
      `/pub/none?${view}`,
      `/pub/.${view}`,
      `/.${view}`,
      `/pub/.secret.${view}`,
      `/pub/.secret?${view}`,
      `/.d/x.${view}`,
      `/-/x.${view}`,
      `/-/health.${view}`,
      `/pub/a.iso.${view}/`,
      `/pub/a.iso/x.${view}`,
      `/pub/none.${view}.${view}`,
    ]) {
      const { status, body } = await ask(port, address)
      assert.deepEqual([status, body.toString().split('\n').length], [404, 2], address)
    }
    const isDigest = view === 'sha256' || view === 'meta4'
    assert.equal((await ask(port, `/pub/empty.${view}`)).status, isDigest ? 200 : 422, view)
    for (const address of [`/pub.${view}`, `/pub/?${view}`])
      assert.equal((await ask(port, address)).status, isDigest ? 422 : 200, address)
    assert.equal((await ask(port, `/?${view}`)).status, 422, view)
  }
})

test('a replaced file has another torrent, and a removed file has none', async (t) => {
  let ahead = 5_000
  const clock = { now: () => Date.now() + ahead, monotonic: () => performance.now() + ahead }
  const { port, root } = await serveMirror(t, { files: FILES, io: clock })
  const before = await ask(port, '/pub/a.iso.torrent')
  plantFiles(root, { 'pub/a.iso': 'other' })
  ahead += 5_000
  const after = await ask(port, '/pub/a.iso.torrent')
  assert.equal(decodeTorrent(after.body).info['length'], 5)
  assert.notEqual(after.headers.etag, before.headers.etag)
  mkdirSync(join(root, 'else'))
  renameSync(join(root, 'pub/a.iso'), join(root, 'else/a.iso'))
  ahead += 5_000
  assert.equal((await ask(port, '/pub/a.iso.torrent')).status, 404)
})

test('requests for torrents of files and for pages are counted apart from downloads', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  await ask(port, '/pub/a.iso.torrent')
  await ask(port, '/pub/a.iso')
  await ask(port, '/pub/')
  for (const route of ['/*', '/*.torrent', '/*/'])
    assert.equal(await readMetric(port, `btkit_requests_total{route="${route}",code="200"}`), 1)
})
