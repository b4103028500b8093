import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { type Answer, OK } from '../../../../src/server/headers/answer.js'
import { PageTurns } from '../../../../src/tracker/pages/overview/page-answer.js'
import { until } from '../../../support/until.js'
import { makeScratch } from '../../../support/scratch.js'
import { startTrack } from '../../../support/track.js'
import { ask } from '../../../mirror/ask.js'
import { torrentNamed } from './site.js'

/** As Firefox asks for a page. */
const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

/** A tracker of so many torrents. */
async function trackMany(t: TestContext, count: number) {
  const files = Array.from({ length: count }, (_, i) => {
    return [`${i}.torrent`, torrentNamed(`release-${i}.iso`).bytes] as const
  })
  const directory = makeScratch(t, Object.fromEntries(files))
  return startTrack(t, { args: ['--allowed-dir', directory, '--show-names'] })
}

test('clients that fill all places of pages keep no other from its page', async () => {
  const turns = new PageTurns()
  const ends: (() => void)[] = []
  const held = () => new Promise<Answer>((resolve) => ends.push(resolve.bind(null, OK)))
  const asked = Array.from({ length: 7 * 16 }, (_, n) => turns.run(`192.0.2.${n % 7}`, held))
  const page = turns.run('192.0.2.99', () => OK)
  const outcomes = Promise.allSettled([page, ...asked])
  await until('two are rendered', () => ends.length === 2)
  while (ends.length > 0) {
    ends.pop()?.()
    await setImmediate()
    await setImmediate()
  }
  const [own, ...others] = (await outcomes).map(({ status }) => status)
  assert.equal(own, 'fulfilled')
  assert.equal(others.filter((status) => status === 'rejected').length, 7 * 16 + 1 - 102)
})

test('pages, JSON and feeds are compressed for clients that accept gzip', async (t) => {
  const { port } = await trackMany(t, 100)
  for (const path of [
    '/index.html',
    '/index.json',
    '/catalogue/?sort=name',
    '/catalogue/feed.xml',
  ]) {
    const plain = await ask(port, path)
    assert.equal(plain.headers['content-encoding'], undefined, path)
    const refused = await ask(port, path, { headers: { 'Accept-Encoding': 'gzip;q=0, br' } })
    assert.equal(refused.headers['content-encoding'], undefined, path)
    const packed = await ask(port, path, { headers: { 'Accept-Encoding': 'gzip, deflate' } })
    assert.equal(packed.headers['content-encoding'], 'gzip', path)
    assert.equal(Number(packed.headers['content-length']), packed.body.length)
    assert.ok(packed.body.length < plain.body.length / 3, path)
    assert.match(gunzipSync(packed.body).toString(), /release-\d+\.iso/)
    // A cache on the way must not send one form to clients of the other
    for (const { headers } of [plain, packed]) assert.equal(headers.vary, 'Accept-Encoding', path)
  }
})

test('at an unknown address a browser gets a page with ways on, others a line', async (t) => {
  const { port } = await trackMany(t, 1)
  for (const [path, root] of [
    ['/nope', ''],
    ['/no/such/place', '../../'],
    ['/catalogue/nope/', '../../'],
    ['/catalogue/nope/x/', '../../../'],
    ['/catalogue/nope/index.json', '../../'],
    ['/torrent', ''],
  ] as const) {
    const page = await ask(port, path, { headers: BROWSER })
    assert.equal(page.status, 404)
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
    const text = page.body.toString()
    assert.match(text, /<html lang="en">/)
    assert.ok(text.includes(`<title>There is nothing at ${path} - btkit</title>`), path)
    assert.ok(text.includes(`<a href="${root}catalogue/">Torrents</a>`), path)
    const line = await ask(port, path, { headers: { Accept: '*/*' } })
    assert.deepEqual([line.status, line.body.toString()], [404, 'not found\n'], path)
    for (const { headers } of [page, line])
      assert.equal(headers.vary, 'Accept, Accept-Encoding', path)
  }
})

test('without pages, a browser gets no links to them', async (t) => {
  const { port } = await startTrack(t, { args: ['--no-show-infopage'] })
  const { status, body } = await ask(port, '/nope', { headers: BROWSER })
  assert.deepEqual([status, body.toString()], [404, 'not found\n'])
})
