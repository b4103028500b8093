import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { PageOptions } from '../../../../src/tracker/pages/overview/pages.js'
import type { PlainDict } from '../../../support/torrents.js'
import { pagesOf, textOf, torrentNamed } from './site.js'

const GIB = 2 ** 30

test('the list has what is said of a torrent, its seeds of all peers, and the sums', async (t) => {
  const small = torrentNamed('b-small')
  const large = torrentNamed('A-large', { length: 3 * 16384, pieces: new Uint8Array(60) })
  const alone = torrentNamed('c-alone')
  const { ask } = await pagesOf(t, {
    torrents: { 'a.torrent': large.bytes, 'b.torrent': small.bytes, 'c.torrent': alone.bytes },
    swarms: { [large.hash]: [2, 1, 4], [small.hash]: [0, 3, 1] },
  })
  assert.equal((await ask('/')).headers['Location'], './catalogue/')
  const { status, headers, text } = await ask('/index.html', 'sort=name')
  assert.equal(status, 200)
  assert.equal(headers['Content-Type'], 'text/html; charset=utf-8')
  const shown = textOf(text)
  assert.match(shown, /Name ↑ Size Added Seeds of peers Completed/)
  const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\dZ`
  const rows = ['A-large 48.0 KiB · T 2 of 3 4 Get', 'b-small 5 B · T no seed · 3 waiting 1 Get']
  const all = [...rows, 'c-alone 5 B · T nobody 0 Get'].map((row) => row.replace('T', time))
  assert.match(shown, new RegExp(all.join('\\n ?')))
  assert.match(shown, /3 torrents · 48\.0 KiB · 192 KiB given 12:00 UTC btkit \d/)
})

test('without names the page has only hashes and counts', async (t) => {
  const one = torrentNamed('secret-name')
  const { ask } = await pagesOf(t, {
    torrents: { 'a.torrent': one.bytes },
    swarms: { [one.hash]: [1, 0, 0] },
    options: { showNames: false },
  })
  const { text } = await ask('/index.html')
  assert.match(textOf(text), /Info hash Seeds of peers ↓ Completed/)
  assert.doesNotMatch(text, /secret-name/)
  assert.match(textOf(text), new RegExp(`${one.hash} 1 of 1 0 Get`))
  assert.doesNotMatch((await ask('/torrent', `info_hash=${one.hash}`)).text, /secret-name/)
  assert.doesNotMatch((await ask('/index.json')).text, /secret-name/)
})

test('the front page has the announce URL, and the figures of all with their month', async (t) => {
  const one = torrentNamed('one')
  const { ask, sample, wait } = await pagesOf(t, {
    torrents: { 'a.torrent': one.bytes },
    swarms: { [one.hash]: [6, 3, 2] },
  })
  for (let hour = 0; hour < 49; hour++) {
    await sample()
    wait(60 * 60_000)
  }
  const { text } = await ask('/catalogue/')
  assert.match(text, /<code id="announce"[^>]*>http:\/\/t\.example\/announce<\/code>/)
  assert.match(textOf(text), /Torrents 1 \+1 this week Seeds 6 Leechers 3 Completed 0 this month/)
  assert.equal(text.match(/<svg\s+class="month"/g)?.length, 4)
})

test('a tracker that nobody uses yet says what to do', async (t) => {
  const { ask } = await pagesOf(t, { isOpen: true })
  const shown = textOf((await ask('/')).text)
  assert.match(
    shown,
    /Nobody announces yet .*btkit makemetafile FILE -a http:\/\/t\.example\/announce/,
  )
  assert.doesNotMatch(shown, /Seeds of peers/)
})

test('an open tracker shows its swarms', async (t) => {
  const { json } = await pagesOf(t, { isOpen: true, swarms: { ['ab'.repeat(20)]: [1, 2, 3] } })
  const { torrents } = await json('/index.json')
  assert.deepEqual(torrents, [
    {
      infoHash: 'ab'.repeat(20),
      name: null,
      size: null,
      complete: 1,
      downloading: 2,
      downloaded: 3,
      transferred: null,
      magnet: `magnet:?xt=urn:btih:${'ab'.repeat(20)}&tr=http%3A%2F%2Ft.example%2Fannounce`,
      file: null,
    },
  ])
})

test('a closed tracker does not show swarms that are no longer allowed', async (t) => {
  const { json, ask } = await pagesOf(t, { swarms: { ['ab'.repeat(20)]: [1, 2, 3] } })
  assert.deepEqual((await json('/index.json')).torrents, [])
  assert.equal((await ask('/torrent', `info_hash=${'ab'.repeat(20)}`)).status, 404)
})

const KEY = '0123456789abcdef0123456789abcdef'
const BESIDE = {
  announce: 'udp://one.example:6969',
  'announce-list': [['udp://one.example:6969'], [`http://two.example/${KEY}/announce`]],
  'url-list': ['https://seed.example/', `https://seed.example/?token=${KEY}`],
}

async function magnetOf(t: TestContext, changes: PlainDict, options: Partial<PageOptions> = {}) {
  const { bytes, hash } = torrentNamed('a', changes, BESIDE)
  const setup = { torrents: { 'a.torrent': bytes }, options: { allowGet: true, ...options } }
  const { json, ask } = await pagesOf(t, setup)
  const [row] = (await json('/index.json')).torrents as unknown as { magnet: string }[]
  const { text } = await ask('/torrent', `info_hash=${hash}`)
  const values = new URLSearchParams(row?.magnet.slice('magnet:?'.length))
  const [tr, ws, xs] = ['tr', 'ws', 'xs'].map((key) => values.getAll(key))
  return { tr, ws, xs, hash, text }
}

test('a magnet link has all ways to get a torrent, but no key of a user', async (t) => {
  const { tr, ws, xs, hash, text } = await magnetOf(t, {})
  assert.deepEqual(tr, ['http://t.example/announce', 'udp://one.example:6969'])
  assert.deepEqual(ws, ['https://seed.example/'])
  assert.deepEqual(xs, [`http://t.example/file?info_hash=${hash}`])
  assert.match(text, /content="[^"]*0 seeds, 2 web seeds, 0 leechers"/)
  assert.match(textOf(text), /Seeds 0 Web seeds 2 Leechers 0/)
})

test('a magnet link names no .torrent that nobody may fetch', async (t) => {
  assert.deepEqual((await magnetOf(t, {}, { allowGet: false })).xs, [])
})

test('a magnet link of a private torrent, or of one without a name, names this tracker alone', async (t) => {
  for (const [changes, options] of [
    [{ private: 1 }, {}],
    [{}, { showNames: false }],
  ] as const) {
    const { tr, ws, xs } = await magnetOf(t, changes, options)
    assert.deepEqual([tr, ws, xs], [['http://t.example/announce'], [], []])
  }
})

test('rows are sorted by any column, both ways', async (t) => {
  const [a, b, c] = [torrentNamed('a'), torrentNamed('B'), torrentNamed('c')]
  const { json } = await pagesOf(t, {
    torrents: { 'c.torrent': c.bytes, 'b.torrent': b.bytes, 'a.torrent': a.bytes },
    swarms: { [a.hash]: [5, 1, 1], [b.hash]: [10, 0, 2], [c.hash]: [1, 7, 3] },
  })
  const namesBy = async (query: string) =>
    (await json('/index.json', query)).torrents.map(({ name }) => name).join('')
  assert.equal(await namesBy(''), 'aBc')
  assert.equal(await namesBy('sort=name&order=desc'), 'cBa')
  assert.equal(await namesBy('sort=complete&order=desc'), 'Bac')
  assert.equal(await namesBy('sort=downloading'), 'Bac')
  assert.equal(await namesBy('sort=transferred&order=desc'), 'cBa')
  assert.equal(await namesBy('sort=__proto__'), 'aBc')
})

test('a filter is part of a name in any case, or begins an info hash', async (t) => {
  const [one, two] = [torrentNamed('Debian 13'), torrentNamed('fedora')]
  const { json, ask } = await pagesOf(t, {
    torrents: { 'a.torrent': one.bytes, 'b.torrent': two.bytes },
  })
  const first = await json('/index.json', 'q=DEB')
  assert.deepEqual(
    [first.torrents.map(({ name }) => name), first.totals['torrents']],
    [['Debian 13'], 1],
  )
  const second = await json('/index.json', `q=${two.hash.slice(0, 8)}`)
  assert.deepEqual(
    second.torrents.map(({ name }) => name),
    ['fedora'],
  )
  assert.match(
    (await ask('/index.html', 'q=%22%3E%3Cscript%3E')).text,
    /value="&quot;&gt;&lt;script&gt;"/,
  )
})

test('long lists are divided into pages', async (t) => {
  const hashes = Array.from({ length: 450 }, (_, i) => i.toString(16).padStart(40, '0'))
  const swarms = Object.fromEntries(hashes.map((hash) => [hash, [0, 1, 0] as const]))
  const { json, ask } = await pagesOf(t, { isOpen: true, swarms })
  const seen: string[] = []
  for (const page of [1, 2, 3]) {
    const { torrents, pages, totals } = await json('/index.json', `page=${page}`)
    assert.deepEqual([pages, totals['downloading']], [3, 450])
    seen.push(...torrents.map(({ infoHash }) => infoHash))
  }
  assert.deepEqual(seen, hashes)
  const last = await json('/index.json', 'page=99&order=desc')
  assert.equal(last.page, 3)
  assert.equal(last.torrents.at(-1)?.infoHash, hashes[0])
  assert.match(textOf((await ask('/', 'page=2&sort=hash')).text), /previous 1 2 3 next/)
})

test('each torrent has a page, and behind the figures of all are charts of the hours', async (t) => {
  const [one, two] = [torrentNamed('one'), torrentNamed('two')]
  const { sample, ask, wait } = await pagesOf(t, {
    torrents: { 'a.torrent': one.bytes, 'b.torrent': two.bytes },
    swarms: { [one.hash]: [6, 3, 2], [two.hash]: [1, 1, 1] },
  })
  const first = textOf((await ask('/catalogue/')).text)
  assert.match(first, /Torrents 2 .*Seeds 7 .*Leechers 4 .*Charts begin after two hours\./)
  await sample()
  wait(60 * 60_000)
  await sample()
  const { text } = await ask('/torrent', `info_hash=${one.hash}`)
  assert.match(textOf(text), /Seeds 6 Leechers 3 2 completed .* Info hash/)
  const charts = (await ask('/catalogue/')).text
  assert.match(charts, /Seeds: 7 at the end, 7 to 7\. Leechers: 4 at the end, 4 to 4\./)
  assert.match(textOf(charts), /\n2026-11-20 14:00 7 4 0\n/)
  const { status, headers } = await ask('/activity')
  assert.deepEqual([status, headers['Location']], [302, './catalogue/#charts'])
})

test('.torrent files are served if allowed, by both spellings of the hash', async (t) => {
  const one = torrentNamed('one')
  const setup = { torrents: { 'a.torrent': one.bytes }, options: { allowGet: true } }
  const { ask, directory } = await pagesOf(t, setup)
  const escaped = one.hash.replace(/../g, '%$&')
  for (const query of [`info_hash=${one.hash}`, `info_hash=${escaped}`, `hash=${one.hash}`]) {
    const { status, headers, body } = await ask('/file', query)
    assert.equal(status, 200)
    assert.equal(headers['Content-Type'], 'application/x-bittorrent')
    assert.equal(headers['Content-Disposition'], 'attachment; filename="a.torrent"')
    assert.deepEqual(Buffer.from(body), Buffer.from(one.bytes))
  }
  assert.match((await ask('/index.html')).text, new RegExp(`href="file\\?info_hash=${one.hash}"`))
  assert.equal((await ask('/file', `info_hash=${'00'.repeat(20)}`)).status, 404)
  assert.equal((await ask('/file', 'info_hash=../../etc/passwd')).status, 404)
  // Another torrent in its place is not served
  writeFileSync(join(directory, 'a.torrent'), torrentNamed('two').bytes)
  assert.equal((await ask('/file', `info_hash=${one.hash}`)).status, 404)
})

test('all clients of a .torrent file share its bytes', async (t) => {
  const one = torrentNamed('one')
  const setup = { torrents: { 'a.torrent': one.bytes }, options: { allowGet: true } }
  const { ask } = await pagesOf(t, setup)
  const answers = await Promise.all([1, 2].map(() => ask('/file', `info_hash=${one.hash}`)))
  const bodies = [...answers, await ask('/file', `info_hash=${one.hash}`)].map(({ body }) => body)
  assert.ok(bodies.every((body) => body === bodies[0]))
})

test('by default no .torrent file is served', async (t) => {
  const one = torrentNamed('one')
  const { ask } = await pagesOf(t, { torrents: { 'a.torrent': one.bytes } })
  assert.equal((await ask('/file', `info_hash=${one.hash}`)).status, 404)
})

test('the page can be redirected or turned off', async (t) => {
  const moved = await pagesOf(t, { options: { redirect: 'http://www.example/' } })
  for (const path of ['/', '/index.html']) {
    const { status, headers } = await moved.ask(path)
    assert.deepEqual([status, headers['Location']], [302, 'http://www.example/'])
  }
  const hidden = await pagesOf(t, { options: { showInfoPage: false } })
  for (const path of ['/', '/index.json', '/torrent', '/torrent.json']) {
    assert.equal((await hidden.ask(path)).status, 404)
  }
})

test('all pages have the name of the site', async (t) => {
  const { ask } = await pagesOf(t, { options: { siteName: 'Ours <&>' } })
  for (const path of ['/index.html', '/catalogue/'])
    assert.match((await ask(path)).text, /Ours &lt;&amp;&gt;<\/a>/, path)
})

test('a client that requests many pages at once is refused, and another one is not', async (t) => {
  const { ask, answer } = await pagesOf(t, {})
  const asked = Array.from({ length: 20 }, () => ask('/index.html'))
  const { signal } = new AbortController()
  const raw = { method: 'GET', url: '/index.html', headers: {} }
  const from = { raw, client: '192.0.2.9', announceUrls: [], signal }
  const other = answer({ path: '/index.html', query: '', ...from })
  const answers = await Promise.all(asked)
  assert.equal(answers.filter(({ status }) => status === 200).length, 16)
  const refused = answers.find(({ status }) => status !== 200)
  assert.deepEqual([refused?.status, refused?.headers['Retry-After']], [429, '5'])
  assert.equal((await other).status, 200)
  assert.equal((await ask('/index.html')).status, 200)
})

test('nothing is at an unknown path', async (t) => {
  const { ask } = await pagesOf(t, {})
  for (const path of ['/nowhere', '__proto__', '/constructor', '/catalogues/', '//catalogue/']) {
    assert.equal((await ask(path)).status, 404, path)
  }
})

test('the sums of large torrents are exact', async (t) => {
  const pieces = new Uint8Array(20)
  const huge = torrentNamed('huge', { length: GIB, 'piece length': GIB, pieces })
  const { json } = await pagesOf(t, {
    torrents: { 'a.torrent': huge.bytes },
    swarms: { [huge.hash]: [1, 0, 1000] },
  })
  const { totals } = await json('/index.json')
  assert.equal(totals['transferred'], 1000 * GIB)
})

test('the time shown is that of the figures, not of the answer', async (t) => {
  const { json, wait } = await pagesOf(t, {})
  const { time } = await json('/index.json')
  wait(9_000)
  assert.equal((await json('/index.json')).time, time)
  wait(2_000)
  assert.equal(Date.parse((await json('/index.json')).time) - Date.parse(time), 11_000)
})

test('lists that could not be made are made again for the next client', async (t) => {
  const one = torrentNamed('one')
  const { ask, store, wait } = await pagesOf(t, { torrents: { 'a.torrent': one.bytes } })
  for (const path of ['/index.html', '/catalogue/?sort=complete']) {
    wait(10_000)
    const scrape = store.scrape
    Object.assign(store, {
      scrape: () => {
        throw new Error('for a moment')
      },
    })
    const [place = '', query] = path.split('?')
    await assert.rejects(ask(place, query), /for a moment/)
    Object.assign(store, { scrape })
    assert.equal((await ask(place, query)).status, 200, path)
  }
})

/** The menu of a page: titles and addresses. */
function menuOf(page: string): string[] {
  const [, nav = ''] = /<nav aria-label="Site">(.*?)<\/nav>/s.exec(page) ?? []
  const links = [...nav.matchAll(/<a href="([^"]*)"[^>]*>([^<]*)</g)]
  return links.map(([, address, title]) => `${title} ${address}`)
}

test('beside a mirror the menu leads to its files and status', async (t) => {
  const mirror = { url: 'https://mirror.example/pub/', hasFiles: true, search: { files: null } }
  const { ask } = await pagesOf(t, { options: { mirror } })
  for (const path of ['/index.html', '/catalogue/']) {
    const page = (await ask(path)).text
    const menu = menuOf(page)
    assert.match(page, /<a class="brand" href="https:\/\/mirror.example\/pub\/"/)
    assert.equal(menu[0], 'Files https://mirror.example/pub/', path)
    assert.equal(menu.at(-1), 'Status https://mirror.example/pub/-/status', path)
  }
  assert.doesNotMatch((await (await pagesOf(t, {})).ask('/index.html')).text, />(?:Files|Status)</)
  const bare = await pagesOf(t, { options: { mirror: { ...mirror, hasFiles: false } } })
  assert.doesNotMatch((await bare.ask('/index.html')).text, />Files</)
})

test('beside a mirror without a public URL the menu leads to it at the same host', async (t) => {
  const url = (address: string) => `${address.replace('/announce', '')}:8080/`
  const { ask } = await pagesOf(t, {
    options: { mirror: { url, hasFiles: true, search: { files: null } } },
  })
  assert.deepEqual(menuOf((await ask('/index.html')).text), [
    'Files -/files',
    'Torrents catalogue/',
    'Status -/status',
  ])
  const catalogue = (await ask('/catalogue/')).text
  assert.equal(menuOf(catalogue)[0], 'Files ../-/files')
  assert.match(catalogue, /<a class="brand" href="\.\.\/-\/files"/)
  for (const [path, place] of [
    ['/-/files', 'http://t.example:8080/'],
    ['/-/status', 'http://t.example:8080/-/status'],
  ] as const) {
    const { status, headers } = await ask(path)
    assert.deepEqual([status, headers['Location']], [302, place])
  }
})
