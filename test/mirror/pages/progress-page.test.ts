import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { describeProgress } from '../../../src/mirror/pages/progress-page.js'
import { holdHashing } from '../../support/held-hashing.js'
import { serveMirror } from '../../support/serve.js'
import type { Files } from '../../support/scratch.js'
import { ask } from '../ask.js'
import { readHashedBytes } from '../read-metric.js'
import { SINGLE } from '../hostile/siege.js'
import { longTest } from '../../support/long.js'

const BROWSER = { Host: 'x', Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const CURL = { Host: 'x', Accept: '*/*' }

/** The address of a torrent, and that of its progress page. */
const PATH = `${SINGLE}/yum/image.iso`
const PROGRESS = `${PATH}?progress`

/** A service that hashes nothing yet, with a function to request it. */
async function serveHeld(t: TestContext, files: Files = { 'yum/image.iso': 'x'.repeat(1000) }) {
  const held = holdHashing(t)
  const { port } = await serveMirror(t, { files, args: ['--max-wait', '0.05'] })
  const visit = (path: string) => ask(port, path, { headers: BROWSER })
  /** Requests an address until its page matches `words`. */
  const visitUntil = async (path: string, words: RegExp) => {
    for (;;) {
      const answer = await visit(path)
      if (words.test(String(answer.body))) return answer
    }
  }
  return { held, port, visit, visitUntil }
}

longTest('a browser gets a page while the torrent is made, and then the torrent', async (t) => {
  const { held, visit, visitUntil } = await serveHeld(t)
  const first = await visitUntil(PATH, /waits for its turn/)
  assert.equal(first.status, 503)
  assert.equal(first.headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(first.headers['cache-control'], 'no-store')
  assert.match(String(first.headers['retry-after']), /^\d+$/)
  assert.match(String(first.body), /<b class="name">image\.iso<\/b>, 1000 B/)
  held.release()
  const { status } = await visitUntil(PROGRESS, /The torrent is ready/)
  assert.equal(status, 200)
  const torrent = await visit(PATH)
  assert.equal(torrent.status, 200)
  assert.equal(torrent.headers['content-type'], 'application/x-bittorrent')
})

for (const [state, bytesDone, bytesPerSecond, expected] of [
  ['waiting', 0, null, 'waits for its turn'],
  ['waiting', 250, null, 'waits for its turn (25 %: 250 B of 1000 B)'],
  ['hashing', 0, null, '0 %: 0 B of 1000 B'],
  ['hashing', 999, 0, '99 %: 999 B of 1000 B'],
  ['hashing', 700, 3, '70 %: 700 B of 1000 B, 3 B/s, about 1:40 left'],
] as const) {
  test(`the progress is told as: ${expected}`, () => {
    const title = { name: '', path: [], files: 1, size: 1000 }
    const told = { title, state, bytesDone, bytesTotal: 1000, bytesPerSecond }
    assert.equal(describeProgress(told), expected)
  })
}

test('the page shows the progress, and hashing is not abandoned between two updates', async (t) => {
  const { held, visit, visitUntil } = await serveHeld(t)
  held.reach(0.25)
  const { body } = await visitUntil(PATH, /<progress/)
  assert.match(String(body), /<progress aria-label="Hashed" max="1000" value="250"><\/progress>/)
  assert.match(String(body), /<title>25 % of image\.iso - btkit mirror<\/title>/)
  for (let i = 0; i < 3; i++) await visit(PROGRESS)
  assert.equal(held.abandoned(), 0)
})

test('the script replaces the heading and every sentence about the progress', async (t) => {
  const { held, visitUntil } = await serveHeld(t)
  const outside = (body: Uint8Array) => {
    const [, main = ''] = /<main[^>]*>([^]*)<\/main>/.exec(String(body)) ?? []
    return main.replace(/<section id="state">[^]*?<\/section>/, '')
  }
  const { body } = await visitUntil(PATH, /is being made/)
  assert.doesNotMatch(outside(body), /being made|begins|ready|updates/)
  held.release()
  assert.equal(outside((await visitUntil(PROGRESS, /The torrent is ready/)).body).trim(), '')
})

test('the page refreshes itself, without a script, too', async (t) => {
  const { visit } = await serveHeld(t)
  for (const path of [PATH, PROGRESS]) {
    const { body, headers } = await visit(path)
    const refresh = /<noscript\s*><meta http-equiv="refresh" content="1; url=\?progress"/
    assert.match(String(body), refresh)
    const [, script = ''] = /<script>([^]*?)<\/script>/.exec(String(body)) ?? []
    assert.match(script, /fetch/)
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /^default-src 'none'; .*script-src 'sha256-[^']+'; connect-src 'self'/)
  }
})

test('other parts of the query stay in the links of the page, and are inert', async (t) => {
  const { held, visit, visitUntil } = await serveHeld(t)
  const hostile = await visit(`${PATH}?"><img%20src=x>&progress`)
  assert.doesNotMatch(String(hostile.body), /<img/)
  assert.match(String((await visit(`${PATH}?v2`)).body), /url=\?v2&amp;progress"/)
  assert.match(String((await visit(`${PATH}?v2&progress`)).body), /url=\?v2&amp;progress"/)
  held.release()
  const { body } = await visitUntil(`${PATH}?v2&progress`, /The torrent is ready/)
  assert.match(String(body), /<a id="download" href="\?v2">/)
})

test('programs get the same as before', async (t) => {
  const { held, port, visitUntil } = await serveHeld(t)
  held.reach(0.5)
  await visitUntil(PATH, /50 %/)
  for (const path of [PATH, PROGRESS]) {
    const { status, headers, body } = await ask(port, path, { headers: CURL })
    assert.deepEqual(
      [status, headers['content-type'], headers['retry-after'], String(body)],
      [
        503,
        'text/plain; charset=utf-8',
        '5',
        'the files are being hashed, 0 MiB so far; try again in 5 s\n',
      ],
    )
  }
  held.release()
  await visitUntil(PROGRESS, /The torrent is ready/)
  const { headers } = await ask(port, PROGRESS, { headers: CURL })
  assert.equal(headers['content-type'], 'application/x-bittorrent')
})

test('a browser is answered after about a second, however long others wait', async (t) => {
  holdHashing(t)
  const { port } = await serveMirror(t, {
    files: { 'yum/image.iso': 'x' },
    args: ['--max-wait', '3600'],
  })
  const { status } = await ask(port, PATH, { headers: BROWSER })
  assert.equal(status, 503)
})

test('a hostile name is inert, and a line stays a line', async (t) => {
  const name = '<script>alert(1)<\u2044script>"\'\u202e\n.iso'
  const { visitUntil } = await serveHeld(t, { [`yum/${name}`]: 'x' })
  const { body } = await visitUntil(`${SINGLE}/yum/${encodeURIComponent(name)}`, /waits for/)
  assert.doesNotMatch(String(body), /<script>alert|\u202e/)
  assert.match(String(body), /&lt;script&gt;alert\(1\)/)
})

for (const path of ['/yum/image.iso.torrent', '/yum/?torrent', '/yum.torrent', '/yum?torrent']) {
  test(`the progress of ${path} ends with its torrent`, async (t) => {
    const { held, visit, visitUntil } = await serveHeld(t)
    held.reach(0.5)
    const { body } = await visitUntil(path, /50 %/)
    const [, again = ''] = /<a id="again" [^>]*href="([^"]*)"/.exec(String(body)) ?? []
    const progress = new URL(again.replaceAll('&amp;', '&'), `http://x${path}`)
    held.release()
    const ready = await visitUntil(progress.pathname + progress.search, /The torrent is ready/)
    const [, download = ''] = /<a id="download" href="([^"]*)"/.exec(String(ready.body)) ?? []
    const { pathname, search } = new URL(download, progress)
    assert.equal(
      (await visit(pathname + search)).headers['content-type'],
      'application/x-bittorrent',
    )
  })
}

test('for a missing file, a browser gets the error page and no progress', async (t) => {
  const { visitUntil } = await serveHeld(t)
  // On a busy machine even the look may take longer than a browser is kept waiting
  const { status, headers, body } = await visitUntil(`${SINGLE}/yum/nothing`, /^(?![^]*Refresh)/i)
  assert.deepEqual([status, headers['content-type']], [404, 'text/html; charset=utf-8'])
  assert.match(String(body), /nothing/)
  assert.doesNotMatch(String(body), /id="again"|Refresh/i)
})

test('a page causes no second hashing', async (t) => {
  const { held, port, visit, visitUntil } = await serveHeld(t)
  await Promise.all([visit(PATH), visit(PATH), visit(`${PATH}?progress`)])
  held.release()
  await visitUntil(PROGRESS, /The torrent is ready/)
  assert.equal(await readHashedBytes(port), 1000)
  // From memory, too
  assert.equal((await visit(PATH)).headers['content-type'], 'application/x-bittorrent')
  await visitUntil(PROGRESS, /The torrent is ready/)
})
