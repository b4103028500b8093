import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { StatusReport } from '../../../src/mirror/pages/status.js'
import { holdHashing } from '../../support/held-hashing.js'
import { serveMirror } from '../../support/serve.js'
import { fillDisk, mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'
import type { Files } from '../../support/scratch.js'
import { ask } from '../ask.js'
import { Clock } from '../clock.js'
import { SINGLE } from '../hostile/siege.js'
import { until } from '../../support/until.js'

const HEADERS = { Host: 'x' }
const BROWSER = { Host: 'x', Accept: 'text/html' }

interface Setup {
  readonly files?: Files
  readonly args?: readonly string[]
  readonly cacheDir?: string
}

/** A service whose last report is always too old. */
async function serve(t: TestContext, setup: Setup = {}) {
  const clock = new Clock()
  const files = setup.files ?? { 'yum/image.iso': 'x'.repeat(1000), 'yum/a': 'a', 'yum/b': 'b' }
  const { now, monotonic } = clock
  const args = setup.args ?? []
  const { cacheDir } = setup
  const io = { now, monotonic }
  const { port, stderr, stop } = await serveMirror(t, {
    files,
    args,
    io,
    ...(cacheDir && { cacheDir }),
  })
  const status = async (byMs = 1_500): Promise<StatusReport> => {
    clock.jump(byMs)
    const { status, body } = await ask(port, '/-/status.json', { headers: HEADERS })
    assert.equal(status, 200)
    return JSON.parse(String(body)) as StatusReport
  }
  /** Resolves with the report as soon as it meets the condition. */
  const statusWhen = (isSo: (report: StatusReport) => boolean): Promise<StatusReport> =>
    until('the status is so', async () => {
      const report = await status()
      return isSo(report) && report
    })
  const page = async () => {
    clock.jump()
    return String((await ask(port, '/-/status', { headers: BROWSER })).body)
  }
  const fetchTorrent = (path: string) => ask(port, `${SINGLE}${path}`, { headers: HEADERS })
  return { clock, port, stderr, stop, status, statusWhen, page, fetchTorrent }
}

test('a new service has an empty report', async (t) => {
  const { status, page } = await serve(t, { args: ['--seed', '--seed-port', '0'] })
  const { hashing, planning, cache, version, uptimeSeconds, warm } = await status()
  assert.equal(warm, null)
  assert.deepEqual(hashing, { running: 0, waiting: 0, bytesHashed: 0, torrents: [] })
  assert.deepEqual(planning, { running: 0, waiting: 0 })
  assert.deepEqual(cache.origins, { memory: 0, cache: 0, files: 0 })
  assert.match(version, /^\d+\.\d+/)
  assert.ok(uptimeSeconds >= 1)
  const shown = await page()
  assert.match(shown, /✓ All is ready\.[^]*<div class="">\s*<dt>Uploading<\/dt>\s*<dd>0 B\/s<\/dd>/)
  assert.doesNotMatch(shown, /Being hashed|Waiting|anybody asked/)
})

test('torrents being hashed are reported with their progress', async (t) => {
  const held = holdHashing(t)
  const { statusWhen, page, fetchTorrent } = await serve(t)
  const torrent = fetchTorrent('/yum/image.iso')
  const waiting = await statusWhen(({ hashing }) => hashing.torrents.length > 0)
  const title = { name: 'image.iso', path: ['yum', 'image.iso'], files: 1, size: 1000 }
  const told = { title, state: 'waiting', bytesDone: 0, bytesTotal: 1000, bytesPerSecond: null }
  assert.deepEqual(waiting.hashing.torrents, [told])
  held.reach(0.25)
  const { hashing } = await statusWhen((report) => report.hashing.torrents[0]?.bytesDone === 250)
  assert.equal(hashing.torrents[0]?.state, 'hashing')
  assert.match(await page(), /<b class="name">image\.iso<\/b>: 25 %: 250 B of 1000 B/)
  held.release()
  assert.equal((await torrent).status, 200)
  const done = await statusWhen((report) => report.hashing.torrents.length === 0)
  assert.equal(done.hashing.bytesHashed, 1000)
  assert.equal(done.cache.origins.files, 1)
})

test('trackers, and the sources of torrents, are reported', async (t) => {
  const url = "http://tracker.example/announce?a&b'c"
  const { status, fetchTorrent } = await serve(t, { args: ['--tracker', url] })
  for (const path of ['/yum/a', '/yum/b', '/yum/b', '/yum/b', '/yum/[ab]']) {
    assert.equal((await fetchTorrent(path)).status, 200)
  }
  const { cache, trackers } = await status()
  assert.equal(cache.origins.memory + cache.origins.cache + cache.origins.files, 5)
  assert.ok(cache.records > 0 && cache.bytes > 0)
  assert.deepEqual(trackers, [url])
})

test('hidden files and forbidden paths are never named', async (t) => {
  const { page, status, fetchTorrent } = await serve(t, {
    files: { 'yum/.secret': 'x', 'yum/a': 'a' },
  })
  for (const path of ['/yum/.secret', '/yum/nothing-there']) {
    assert.equal((await fetchTorrent(path)).status, 404)
  }
  assert.doesNotMatch((await page()) + JSON.stringify(await status()), /secret|nothing-there/)
})

test('hostile names are inert', async (t) => {
  const held = holdHashing(t)
  const name = `<img src=x onerror=alert(1)>"'\u202e\njavascript:#?%.iso`
  const { page, statusWhen, fetchTorrent } = await serve(t, { files: { [`yum/${name}`]: 'x' } })
  const torrent = fetchTorrent(`/yum/${encodeURIComponent(name)}`)
  const { hashing } = await statusWhen((report) => report.hashing.torrents.length > 0)
  assert.equal(hashing.torrents[0]?.title.name, name)
  assert.doesNotMatch(await page(), /<img|\u202e/)
  held.release()
  assert.equal((await torrent).status, 200)
})

test(
  'a cache whose disk is full is reported, and when it has space again',
  unlessNoDisks,
  async (t) => {
    const disk = mountSmallDisk(t, 24)!
    const names = Array.from({ length: 40 }, (_, i) => `yum/${i}`)
    const files = Object.fromEntries(names.map((name) => [name, name]))
    const setup = { files, cacheDir: join(disk, 'cache') }
    const { statusWhen, page, fetchTorrent, port, stderr, stop } = await serve(t, setup)
    const isWritten = async () => {
      const { body } = await ask(port, '/-/metrics', { headers: HEADERS })
      return /^btkit_cache_writable (\d)$/m.exec(String(body))?.[1]
    }
    assert.match(await page(), /<dt>State<\/dt>\s*<dd>in use<\/dd>/)
    assert.equal(await isWritten(), '1')
    const filler = fillDisk(disk)
    const answers = await Promise.all(names.map((name) => fetchTorrent(`/${name}`)))
    for (const { status } of answers) assert.equal(status, 200)
    await statusWhen(({ cache }) => cache.state === 'full')
    assert.match(await page(), /its disk is full/)
    assert.equal(await isWritten(), '0')
    rmSync(filler)
    await statusWhen(({ cache }) => cache.state === 'used')
    assert.equal(await isWritten(), '1')
    const said = stderr.text.split('\n').filter((line) => line.startsWith('btkit: warning: cache '))
    assert.match(said[0]!, /: only read until it can be written: no space left on device$/)
    assert.match(said[1]!, /: written again$/)
    assert.equal((await stop()).status, 0)
  },
)

test(
  'a cache whose disk is full at the start is begun when it has space',
  unlessNoDisks,
  async (t) => {
    const disk = mountSmallDisk(t, 24)!
    const filler = fillDisk(disk)
    const args = ['--warm', '/yum/*']
    const { status, statusWhen, page, stderr } = await serve(t, {
      cacheDir: join(disk, 'cache'),
      args,
    })
    assert.equal((await status()).cache.state, 'full')
    assert.match(await page(), /its disk is full/)
    rmSync(filler)
    await statusWhen(({ cache }) => cache.state === 'used')
    assert.match(
      stderr.text,
      /^btkit: warning: cache [^\n]+: not used until it can be written: no space left on device\nbtkit: warning: cache [^\n]+: written again\n$/,
    )
  },
)

test('files hashed ahead are reported', async (t) => {
  const { statusWhen } = await serve(t, { args: ['--warm', '/yum/*'] })
  const { warm } = await statusWhen((report) => report.warm?.ready === 3)
  assert.deepEqual([warm?.waiting, warm?.failed, warm?.bytesHashed], [0, 0, 1002])
})

test('clients that accept JSON get it, others the page', async (t) => {
  const { port } = await serve(t)
  const typeFor = async (path: string, Accept: string) => {
    const { status, headers } = await ask(port, path, { headers: { Host: 'x', Accept } })
    assert.equal(status, 200)
    assert.equal(headers['cache-control'], 'max-age=1')
    return String(headers['content-type'])
  }
  assert.match(await typeFor('/-/status', 'application/json'), /^application\/json/)
  assert.match(await typeFor('/-/status.json', 'text/html'), /^application\/json/)
  for (const accept of ['*/*', BROWSER.Accept]) {
    assert.equal(await typeFor('/-/status', accept), 'text/html; charset=utf-8')
  }
})

test('a page that updates itself is available on request', async (t) => {
  const { port } = await serve(t)
  const bodyOf = async (path: string) => String((await ask(port, path, { headers: BROWSER })).body)
  const [plain, live] = [await bodyOf('/-/status'), await bodyOf('/-/status?live')]
  assert.match(plain, /href="status\?live"/)
  assert.doesNotMatch(plain, /http-equiv|id="again"/)
  assert.match(live, /<noscript\s*><meta http-equiv="refresh" content="5; url=status\?live"/)
  assert.match(live, /<script>/)
})

test('however many ask, the report is made once a second', async (t) => {
  const { port, status, clock } = await serve(t)
  await status()
  clock.jump()
  const times = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const { body } = await ask(port, '/-/status.json', { headers: HEADERS })
      return (JSON.parse(String(body)) as StatusReport).time
    }),
  )
  // A slow machine may take more than a second for them
  assert.ok(new Set(times).size < 10, times.join())
})
