import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { truncateSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { StatusReport } from '../../../src/mirror/pages/status.js'
import type { HashJob } from '../../../src/disk/hash/jobs/job.js'
import { WorkerPool } from '../../../src/disk/hash/jobs/worker-pool.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { longTest } from '../../support/long.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { plantFiles } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { readHashedBytes, readMetric } from '../read-metric.js'
import { until } from '../../support/until.js'

const MIB = 2 ** 20
const CONTENT = pseudoRandom(2.5 * MIB, 4)
const SHA256 = createHash('sha256').update(CONTENT).digest()
const FILES = { 'pub/a.iso': CONTENT, 'pub/empty': '', 'pub/.secret': 'x', 'pub/new\nline': 'odd' }

test('.sha256 is a line that sha256sum checks, whatever the name', async (t) => {
  const { port, root } = await serveMirror(t, { files: FILES })
  for (const name of ['a.iso', 'empty', 'new\nline']) {
    const { status, headers, body } = await ask(port, `/pub/${encodeURIComponent(name)}.sha256`)
    assert.deepEqual([status, headers['content-type']], [200, 'text/plain; charset=utf-8'])
    const checked = spawnSync('sha256sum', ['-c', '--strict'], {
      cwd: join(root, 'pub'),
      input: body,
      encoding: 'utf8',
    })
    assert.equal(checked.status, 0, checked.stderr)
  }
  const { body } = await ask(port, '/pub/a.iso?sha256')
  assert.equal(body.toString(), `${SHA256.toString('hex')}  a.iso\n`)
})

test('one reading serves the checksum and the torrent, and both are kept', async (t) => {
  const first = await serveMirror(t, { files: FILES })
  const all = ['/pub/a.iso.sha256', '/pub/a.iso.meta4', '/pub/a.iso.torrent']
  for (const address of all) assert.equal((await ask(first.port, address)).status, 200)
  assert.equal(await readMetric(first.port, 'btkit_torrents_total{from="files"}'), 0)
  assert.equal(await readHashedBytes(first.port), CONTENT.length)
  const { root, cacheDir } = first
  await first.stop()
  const { port } = await serveMirror(t, { root, cacheDir })
  for (const address of all) assert.equal((await ask(port, address)).status, 200)
  assert.equal(await readHashedBytes(port), 0)
})

test('many requests for a checksum at once read the file once', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask(port, '/pub/a.iso.sha256')),
  )
  for (const { status } of answers) assert.equal(status, 200)
  assert.equal(await readHashedBytes(port), CONTENT.length)
})

test('a download has its digest once it is known, of the whole in every part', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  assert.equal((await ask(port, '/pub/a.iso')).headers['repr-digest'], undefined)
  await ask(port, '/pub/a.iso.sha256')
  const digest = `sha-256=:${SHA256.toString('base64')}:`
  for (const question of [
    {},
    { method: 'HEAD' },
    { headers: { Range: 'bytes=0-9' } },
    { headers: { 'Want-Repr-Digest': 'sha-256=9, sha-512=0' } },
  ])
    assert.equal((await ask(port, '/pub/a.iso', question)).headers['repr-digest'], digest)
  const unwanted = { headers: { 'Want-Repr-Digest': 'sha-512=3, sha-256=0' } }
  assert.equal((await ask(port, '/pub/a.iso', unwanted)).headers['repr-digest'], undefined)
  const outside = { headers: { Range: 'bytes=99999999-' } }
  assert.equal((await ask(port, '/pub/a.iso', outside)).headers['repr-digest'], undefined)
})

test('a replaced file has another checksum, and no download has the old one', async (t) => {
  const { port, root } = await serveMirror(t, { files: FILES })
  await ask(port, '/pub/a.iso.sha256')
  plantFiles(root, { 'pub/a.iso': 'other' })
  assert.equal((await ask(port, '/pub/a.iso')).headers['repr-digest'], undefined)
  const { body } = await ask(port, '/pub/a.iso.sha256')
  const other = createHash('sha256').update('other').digest('hex')
  assert.equal(body.toString(), `${other}  a.iso\n`)
})

longTest('the reading of a large file stops when nobody waits any more', async (t) => {
  const { port, root } = await serveMirror(t, { files: FILES, args: ['--max-wait', '0.2'] })
  writeFileSync(join(root, 'pub/huge'), '')
  truncateSync(join(root, 'pub/huge'), 2 ** 36)
  const { status, headers } = await ask(port, '/pub/huge.sha256')
  assert.equal(status, 503)
  assert.ok(Number(headers['retry-after']) > 0)
})

test('a metalink has size, digests, torrent and the addresses of all mirrors', async (t) => {
  const args = ['--web-seed', 'https://o.example/m/']
  const { port } = await serveMirror(t, { files: FILES, args })
  const { headers, body } = await ask(port, '/pub/a.iso.meta4', { headers: { Host: 'm.example' } })
  assert.equal(headers['content-type'], 'application/metalink4+xml')
  const text = body.toString()
  const torrent = await ask(port, '/pub/a.iso.torrent')
  const pieces = [...text.matchAll(/^      <hash>([0-9a-f]{40})<\/hash>$/gm)].map(([, hex]) => hex)
  assert.equal(pieces.join(''), decodeTorrent(torrent.body).info['pieces'])
  for (const part of [
    '<file name="a.iso">',
    `<size>${CONTENT.length}</size>`,
    `<hash type="sha-256">${SHA256.toString('hex')}</hash>`,
    '<pieces length="32768" type="sha-1">',
    '<metaurl mediatype="torrent">http://m.example/pub/a.iso.torrent</metaurl>',
    '<url priority="1">http://m.example/pub/a.iso</url>',
    '<url priority="2">https://o.example/m/pub/a.iso</url>',
  ])
    assert.ok(text.includes(part), `${part} in ${text}`)
})

test('a metalink of an empty file has its address and no torrent', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { status, body } = await ask(port, '/pub/empty.meta4')
  assert.equal(status, 200)
  assert.match(body.toString(), /<size>0<\/size>/)
  assert.doesNotMatch(body.toString(), /metaurl|pieces/)
})

test('a client gets every view again only after a change', async (t) => {
  const { port, root } = await serveMirror(t, { files: FILES })
  for (const view of ['sha256', 'meta4', 'magnet', 'btih', 'torrent']) {
    const address = `/pub/a.iso.${view}`
    const { headers, body } = await ask(port, address)
    assert.match(headers.etag!, /^"[^"]+"$/)
    const again = await ask(port, address, { headers: { 'If-None-Match': headers.etag! } })
    assert.deepEqual([again.status, again.body.length], [304, 0], view)
    const lasting = ({ etag, vary }: IncomingHttpHeaders) => [etag, vary]
    assert.deepEqual(lasting(again.headers), lasting(headers), view)
    const head = await ask(port, address, { method: 'HEAD' })
    assert.deepEqual([head.status, head.body.length], [200, 0], view)
    assert.deepEqual(lasting(head.headers), lasting(headers), view)
    assert.equal(head.headers['content-length'], String(body.length), view)
    const other = await ask(port, address, { headers: { 'If-Match': '"x"' } })
    assert.equal(other.status, 412, view)
  }
  const views = ['sha256', 'meta4'].map((view) => `/pub/a.iso.${view}`)
  const tags = await Promise.all(views.map(async (view) => (await ask(port, view)).headers.etag!))
  plantFiles(root, { 'pub/a.iso': 'other' })
  for (const [i, view] of views.entries()) {
    const { status } = await ask(port, view, { headers: { 'If-None-Match': tags[i]! } })
    assert.equal(status, 200, view)
  }
})

/** Delays all reading for checksums until it is released. */
function holdReading(t: TestContext) {
  const run = Reflect.get(WorkerPool.prototype, 'run')
  let release: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (release = resolve))
  t.mock.method(WorkerPool.prototype, 'run', async function (this: WorkerPool, job: HashJob) {
    await gate
    return run.call(this, job)
  })
  return release
}

test('a browser gets a page while a checksum is made, and then the checksum', async (t) => {
  const release = holdReading(t)
  const { port } = await serveMirror(t, { files: FILES, args: ['--max-wait', '0.05'] })
  const headers = { Host: 'x', Accept: 'text/html' }
  const visitUntil = async (address: string, words: RegExp) => {
    for (;;) {
      const { status, body } = await ask(port, address, { headers })
      if (words.test(String(body))) return { status, page: String(body) }
    }
  }
  const first = await visitUntil('/pub/a.iso.sha256', /<progress/)
  assert.equal(first.status, 503)
  assert.match(first.page, /<h1>The checksum is being made<\/h1>/)
  release()
  const ready = await visitUntil('/pub/a.iso.sha256?progress', /The checksum is ready/)
  assert.equal(ready.status, 200)
  const { body } = await ask(port, '/pub/a.iso.sha256', { headers })
  assert.equal(String(body), `${SHA256.toString('hex')}  a.iso\n`)
})

test('readings for a checksum are in the status', async (t) => {
  const release = holdReading(t)
  const { port } = await serveMirror(t, { files: FILES, args: ['--max-wait', '60'] })
  const statusUntil = (isSo: (torrents: StatusReport['hashing']['torrents']) => boolean) =>
    until('the status is so', async () => {
      const { body } = await ask(port, '/-/status.json')
      const { hashing } = JSON.parse(String(body)) as StatusReport
      return isSo(hashing.torrents) && hashing
    })
  const asked = [ask(port, '/pub/a.iso.sha256'), ask(port, '/pub/a.iso.meta4')]
  const { running, torrents } = await statusUntil(([first]) => first?.state === 'hashing')
  const title = { name: 'a.iso', path: ['pub', 'a.iso'], files: 1, size: CONTENT.length }
  assert.deepEqual([running, torrents.map((each) => each.title)], [1, [title]])
  release()
  for (const { status } of await Promise.all(asked)) assert.equal(status, 200)
  const { bytesHashed } = await statusUntil(({ length }) => length === 0)
  assert.equal(bytesHashed, CONTENT.length)
})
