import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { StatusReport } from '../../../src/mirror/status/status-report.js'
import { holdHashing } from '../../support/held-hashing.js'
import { serveMirror } from '../../support/serve.js'
import type { Files } from '../../support/scratch.js'
import { startHttpTracker } from '../../clients/scrape/hostile-tracker.js'
import { ask } from '../ask.js'
import { Clock } from '../clock.js'
import { SINGLE } from '../hostile/siege.js'

const HEADERS = { Host: 'x' }
const BROWSER = { Host: 'x', Accept: 'text/html' }

interface Setup {
  readonly files?: Files
  readonly args?: readonly string[]
}

/** A service whose last report is always too old. */
async function serve(t: TestContext, setup: Setup = {}) {
  const clock = new Clock()
  const files = setup.files ?? { 'yum/image.iso': 'x'.repeat(1000), 'yum/a': 'a', 'yum/b': 'b' }
  const { now, monotonic } = clock
  const args = setup.args ?? []
  const { port, root } = await serveMirror(t, { files, args, io: { now, monotonic } })
  const status = async (byMs = 1_500): Promise<StatusReport> => {
    clock.jump(byMs)
    const { status, body } = await ask(port, '/-/status.json', { headers: HEADERS })
    assert.equal(status, 200)
    return JSON.parse(String(body)) as StatusReport
  }
  /** Resolves with the report as soon as it meets the condition. */
  const statusWhen = async (isSo: (report: StatusReport) => boolean): Promise<StatusReport> => {
    for (;;) {
      const report = await status()
      if (isSo(report)) return report
      await setTimeout(10)
    }
  }
  const page = async () => {
    clock.jump()
    return String((await ask(port, '/-/status', { headers: BROWSER })).body)
  }
  const fetchTorrent = (path: string) => ask(port, `${SINGLE}${path}`, { headers: HEADERS })
  return { clock, port, root, status, statusWhen, page, fetchTorrent }
}

test('a new service has an empty report', async (t) => {
  const { status } = await serve(t)
  const { hashing, planning, busiest, cache, version, uptimeSeconds, warm } = await status()
  assert.equal(warm, null)
  assert.deepEqual(hashing, { running: 0, waiting: 0, bytesHashed: 0, torrents: [] })
  assert.deepEqual([planning, busiest.torrents], [{ running: 0, waiting: 0 }, []])
  assert.deepEqual(cache.origins, { memory: 0, cache: 0, files: 0 })
  assert.match(version, /^\d+\.\d+/)
  assert.ok(uptimeSeconds >= 1)
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

test('the versions of busy torrents are distinguished', async (t) => {
  const { port, status, page } = await serve(t)
  for (const view of ['torrent', 'torrent&v2', 'torrent&hybrid']) {
    assert.equal((await ask(port, `/yum/a?${view}`, { headers: HEADERS })).status, 200)
  }
  const { busiest } = await status()
  assert.deepEqual(busiest.torrents.map(({ version }) => version).sort(), ['hybrid', 'v1', 'v2'])
  assert.match(await page(), /data-label="version">hybrid</)
})

test('the most requested torrents are reported, and the sources of torrents', async (t) => {
  const { status, fetchTorrent, page } = await serve(t)
  for (const path of ['/yum/a', '/yum/b', '/yum/b', '/yum/b', '/yum/[ab]']) {
    assert.equal((await fetchTorrent(path)).status, 200)
  }
  const { busiest, cache } = await status()
  assert.deepEqual(
    busiest.torrents.map(({ title, requests }) => [title.name, title.files, requests]),
    [
      ['b', 1, 3],
      ['a', 1, 1],
      ['yum', 2, 1],
    ],
  )
  assert.match(busiest.torrents[0]?.infoHash ?? '', /^[0-9a-f]{40}$/)
  assert.equal(cache.origins.memory + cache.origins.cache + cache.origins.files, 5)
  assert.ok(cache.records > 0 && cache.bytes > 0)
  const html = await page()
  assert.match(html, /<a href="\.\.\/yum\/b">b<\/a> <a href="\.\.\/yum\/b\?torrent">torrent<\/a>/)
  assert.match(html, /yum \(2 files\)/)
})

test('a busy torrent is linked even if a file occupies its name', async (t) => {
  const { port, page, fetchTorrent } = await serve(t, {
    files: { 'yum/a': 'a', 'yum/a.torrent': 'no torrent' },
  })
  assert.equal((await fetchTorrent('/yum/a')).status, 200)
  const [, link = ''] = /<a href="([^"]*)">torrent<\/a>/.exec(await page()) ?? []
  const { pathname, search } = new URL(link, 'http://x/-/status')
  const linked = await ask(port, pathname + search, { headers: HEADERS })
  assert.equal(linked.headers['content-type'], 'application/x-bittorrent')
})

test('a file that is no longer published is no longer named', async (t) => {
  const { root, status, fetchTorrent } = await serve(t)
  for (const path of ['/yum/a', '/yum/b']) await fetchTorrent(path)
  rmSync(join(root, 'yum/a'))
  const { busiest } = await status()
  assert.deepEqual(
    busiest.torrents.map(({ title }) => title.name),
    ['b'],
  )
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

test('hostile names are inert, and link only to their files', async (t) => {
  const name = `<img src=x onerror=alert(1)>"'\u202e\njavascript:#?%.iso`
  const { page, status, fetchTorrent } = await serve(t, { files: { [`yum/${name}`]: 'x' } })
  assert.equal((await fetchTorrent(`/yum/${encodeURIComponent(name)}`)).status, 200)
  const html = await page()
  assert.doesNotMatch(html, /<img|\u202e/)
  assert.ok(html.includes(`href="../yum/${encodeURIComponent(name).replaceAll("'", '&#39;')}"`))
  assert.equal((await status()).busiest.torrents[0]?.title.name, name)
})

test('files hashed ahead are reported', async (t) => {
  const { statusWhen, page } = await serve(t, { args: ['--warm', '/yum/*'] })
  const { warm } = await statusWhen((report) => report.warm?.ready === 3)
  assert.deepEqual([warm?.waiting, warm?.failed, warm?.bytesHashed], [0, 0, 1002])
  assert.match(await page(), /3 files ready/)
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
  assert.doesNotMatch(plain, /http-equiv|<script/)
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

test('trackers are asked only while somebody looks, and then not for minutes', async (t) => {
  let visits = 0
  const url = await startHttpTracker(t, (_request, response) => {
    visits++
    response.end('d5:filesdee')
  })
  const { clock, status, fetchTorrent } = await serve(t, { args: ['--tracker', url] })
  assert.deepEqual((await status()).trackers, [{ url, askedAt: null, error: null, counts: null }])
  await fetchTorrent('/yum/a')
  await fetchTorrent('/yum/b')
  assert.equal(visits, 0)
  // However long that takes, the service's clock does not move
  let { trackers } = await status()
  while (trackers[0]?.askedAt === null) ({ trackers } = await status(0))
  assert.deepEqual(trackers[0]?.counts, { seeds: 0, leechers: 0, completed: 0 })
  for (let i = 0; i < 10; i++) await status()
  assert.equal(visits, 1)
  clock.jump(120_000)
  while (visits < 2) await status()
})

test('a failing tracker is reported with its error', async (t) => {
  const url = await startHttpTracker(t, (_request, response) => {
    response.end('d14:failure reason19:<b>no scrapes.</b>!e')
  })
  const { statusWhen, page, fetchTorrent } = await serve(t, { args: ['--tracker', url] })
  await fetchTorrent('/yum/a')
  const { trackers } = await statusWhen((report) => report.trackers[0]?.askedAt !== null)
  assert.match(trackers[0]?.error ?? '', /^refuses: "<b>no scrapes/)
  assert.match(await page(), /refuses: &quot;&lt;b&gt;no scrapes/)
})

test('a tracker that never answers delays neither the status nor the end of the service', async (t) => {
  let visits = 0
  const url = await startHttpTracker(t, () => {
    visits++
  })
  const { status, fetchTorrent } = await serve(t, { args: ['--tracker', url] })
  await fetchTorrent('/yum/a')
  while (visits === 0) await status()
  assert.equal((await status()).trackers[0]?.askedAt, null)
})
