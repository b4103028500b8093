import { PAGE_SCRIPT } from '../../../../src/page-parts/page-script.js'
import assert from 'node:assert/strict'
import { rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { directoryInfo, goldenTorrent, torrentOf } from '../../../support/torrents.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { pagesOf, textOf, torrentNamed, type Setup } from '../overview/site.js'

const debian = torrentNamed('debian-13.iso', { length: 3 * 16384, pieces: new Uint8Array(60) })
const fedora = torrentNamed('Fedora-43.iso')
const book = torrentNamed('book.pdf')
const old = torrentNamed('debian-11.iso')

const TREE = {
  'linux/debian/a.torrent': debian.bytes,
  'linux/fedora/b.torrent': fedora.bytes,
  'books/c.torrent': book.bytes,
}

/** The pages of three torrents in directories, the book the newest and debian the oldest. */
async function treeOf(t: TestContext, setup: Omit<Setup, 'torrents'> = {}) {
  const site = await pagesOf(t, { torrents: TREE, ...setup })
  Object.keys(TREE).forEach((path, i) => {
    utimesSync(join(site.directory, path), 1.7e9 + 86_400 * i, 1.7e9 + 86_400 * i)
  })
  await site.list.refresh()
  return site
}

test('the front page has categories with counts, and all torrents, the newest first', async (t) => {
  const { ask } = await treeOf(t, { swarms: { [book.hash]: [4, 2, 9] } })
  const { status, headers, text } = await ask('/catalogue/')
  assert.deepEqual([status, headers['Content-Type']], [200, 'text/html; charset=utf-8'])
  const shown = textOf(text)
  assert.match(shown, /All 3 books 1 linux 2/)
  assert.match(
    shown,
    /book\.pdf books · 5 B · 2023-11-16 22:13Z 4 of 6 9 Get.*Fedora-43\.iso linux \/ fedora.*debian-13/s,
  )
  assert.match(text, /<a href="[./]*\/catalogue\/linux\/"\s*>linux</)
  assert.match(text, new RegExp(`href="\\.\\./torrent\\?info_hash=${book.hash}"`))
})

test('a category has all torrents below it, sorted and searched', async (t) => {
  const swarms = { [debian.hash]: [1, 0, 5], [fedora.hash]: [9, 1, 1] } as const
  const { ask, json } = await treeOf(t, { swarms })
  const shown = textOf((await ask('/catalogue/linux/')).text)
  assert.match(shown, /All 2 debian 1 fedora 1/)
  assert.match(shown, /Fedora-43\.iso fedora .*\n.*debian-13\.iso debian/)
  assert.doesNotMatch(shown, /book/)
  const names = async (query: string) =>
    (await json('/catalogue/linux/index.json', query)).torrents.map(({ name }) => name).join()
  assert.equal(await names(''), 'debian-13.iso,Fedora-43.iso')
  assert.equal(await names('sort=complete&order=desc'), 'Fedora-43.iso,debian-13.iso')
  assert.equal(await names('sort=downloaded'), 'Fedora-43.iso,debian-13.iso')
  assert.equal(await names('sort=size'), 'Fedora-43.iso,debian-13.iso')
  assert.equal(await names('sort=added'), 'debian-13.iso,Fedora-43.iso')
  assert.equal(await names('sort=__proto__'), 'debian-13.iso,Fedora-43.iso')
  assert.equal(await names('q=43+FEDORA'), 'Fedora-43.iso')
  assert.equal(await names('q=linux/deb'), 'debian-13.iso')
  assert.equal(await names(`q=${debian.hash.slice(0, 9)}`), 'debian-13.iso')
  assert.equal(await names('q=book'), '')
  const found = textOf((await ask('/catalogue/', 'q=book')).text)
  assert.match(found, /1 torrent · 5 B with “book”, show all/)
  const here = (await ask('/catalogue/linux/', 'q=book')).text
  assert.match(textOf(here), /0 torrents · 0 B with “book”, show all No torrent has all these/)
  assert.match(here, /<input\s+id="filter"[^>]*value="book"/)
})

test('long lists of torrents and categories are divided into pages', async (t) => {
  const names = Array.from({ length: 150 }, (_, i) => `n${String(i).padStart(3, '0')}`)
  const torrents = names.map((name) => [`${name}/x.torrent`, torrentNamed(name).bytes] as const)
  const { ask, json } = await pagesOf(t, { torrents: Object.fromEntries(torrents) })
  const second = textOf((await ask('/catalogue/', 'sort=name&page=2')).text)
  assert.match(second, /n100 .*n149 .*previous 1 2 /s)
  const categories = textOf((await ask('/catalogue/', 'categories=3')).text)
  assert.match(categories, / n120 .*n149 .*previous 1 2 3 /)
  for (const page of ['0', '-1', '1e9', '99999999', '9999999', 'x']) {
    const { status, text } = await ask('/catalogue/', `page=${page}&categories=${page}`)
    assert.equal(status, 200, page)
    assert.match(text, /<tbody>/, page)
  }
  const all = await json('/catalogue/index.json')
  assert.deepEqual([all.torrents.length, all.pages], [150, 1])
})

test('a torrent has a page with what its file says', async (t) => {
  const files = [
    { length: 3, path: ['docs', 'a.txt'] },
    { length: 2000, path: ['data', 'deep', 'b.bin'] },
    { length: 7, path: ['README'] },
  ]
  const bytes = torrentOf(directoryInfo(files, { name: 'release' }), {
    comment: 'First line.\nSecond line.',
    'created by': 'somebody',
    announce: 'http://one.example/announce',
    'announce-list': [['http://one.example/announce'], ['udp://two.example:1']],
    'url-list': ['https://seed.example/'],
  })
  const key = '0123456789abcdef0123456789abcdef'
  const keyed = torrentOf(directoryInfo(files, { name: 'keyed' }), {
    announce: `http://one.example/${key}/announce`,
    'url-list': [`https://seed.example/?token=${key}`],
  })
  const keyedHash = parseMetainfo(keyed).infoHash ?? ''
  const hash = parseMetainfo(bytes).infoHash ?? ''
  const { ask } = await pagesOf(t, {
    torrents: { 'data/r.torrent': bytes, 'data/keyed.torrent': keyed },
    options: { allowGet: true },
  })
  for (const path of ['/torrent', '/torrent.json']) {
    const { text: open } = await ask(path, `info_hash=${keyedHash}`)
    assert.match(open, /http:\/\/one\.example\/\*\*\*\/announce/)
    assert.ok(!open.includes(key), path)
  }
  const { text } = await ask('/torrent', `info_hash=${hash}`)
  assert.match(text, /<meta property="og:title" content="release" \/>/)
  assert.match(text, /<p>First line\.\nSecond line\.<\/p>/)
  const shown = textOf(text)
  assert.match(shown, /Torrents \/ data \/ release \.torrent Open in torrent app Copy magnet/)
  assert.match(
    shown,
    /3 files data\/ 2\.0 KiB deep\/ 2\.0 KiB b\.bin 2\.0 KiB docs\/ 3 B a\.txt 3 B README 7 B/,
  )
  assert.match(shown, /Trackers http:\/\/one\.example\/announce udp:\/\/two\.example:1 Web seeds/)
  assert.match(shown, new RegExp(`Info hash ${hash} copy .* Version 1 .* Created by somebody`))
  const { text: answer } = await ask('/torrent.json', `info_hash=${hash}`)
  const {
    comment,
    category,
    files: listed,
    webSeeds,
  } = JSON.parse(answer) as Record<string, unknown>
  assert.deepEqual([comment, category], ['First line.\nSecond line.', 'data'])
  assert.deepEqual(webSeeds, ['https://seed.example/'])
  assert.deepEqual(listed, [
    { path: ['data', 'deep', 'b.bin'], size: 2000 },
    { path: ['docs', 'a.txt'], size: 3 },
    { path: ['README'], size: 7 },
  ])
})

test('the files of a large torrent are divided into pages', async (t) => {
  const files = Array.from({ length: 10_500 }, (_, i) => {
    return { length: 1, path: ['d', `f${String(i).padStart(5, '0')}`] }
  })
  const bytes = torrentOf(directoryInfo(files))
  const { ask } = await pagesOf(t, { torrents: { 'x.torrent': bytes } })
  const query = `info_hash=${parseMetainfo(bytes).infoHash ?? ''}`
  const first = textOf((await ask('/torrent', query)).text)
  assert.match(first, /10,500 files .*f00000 .*f00199 1 B 1 2 3 … 50 next/)
  assert.match(first, /Not listed here: 500 more files/)
  assert.match(textOf((await ask('/torrent', `${query}&files=2`)).text), /d\/ 200 B f00200 /)
})

test('a torrent of very many files has a page without them', async (t) => {
  const files = Array.from({ length: 20_001 }, (_, i) => ({ length: 1, path: [`f${i}`] }))
  const bytes = torrentOf(directoryInfo(files), { comment: 'large' })
  const { ask } = await pagesOf(t, { torrents: { 'x.torrent': bytes } })
  const { text } = await ask('/torrent', `info_hash=${parseMetainfo(bytes).infoHash ?? ''}`)
  assert.match(textOf(text), /Files 20,001 /)
  assert.doesNotMatch(text, /large|f20000/)
})

test('a hybrid torrent is one torrent, at both info hashes', async (t) => {
  const bytes = goldenTorrent('hybrid-directory.torrent')
  const { infoHash, infoHashV2, name } = parseMetainfo(bytes)
  const [one, two] = [infoHash ?? '', infoHashV2?.slice(0, 40) ?? '']
  const { ask, json } = await pagesOf(t, {
    torrents: { 'h.torrent': bytes },
    swarms: { [one]: [2, 1, 3], [two]: [1, 4, 3] },
  })
  const queries = ['', `q=${one}`, `q=${two}`, `q=${infoHashV2}`]
  for (const path of ['/index.json', '/catalogue/index.json']) {
    for (const query of queries) {
      const { totals, torrents } = await json(path, query)
      const [row, ...more] = torrents as unknown as Record<string, unknown>[]
      assert.deepEqual([row?.['infoHash'], row?.['name'], more], [one, name, []], path + query)
      const counts = { complete: 2, downloading: 4, downloaded: 3 }
      const { complete, downloading, downloaded, size } = row ?? {}
      assert.deepEqual({ complete, downloading, downloaded }, counts)
      const transferred = Number(size) * 3
      if (path === '/index.json')
        assert.deepEqual(totals, { torrents: 1, size, ...counts, transferred })
      else assert.equal(row?.['infoHashV2'], infoHashV2)
    }
  }
  for (const hash of [one, two]) {
    const shown = textOf((await ask('/torrent', `info_hash=${hash}`)).text)
    assert.match(shown, new RegExp(`${name} Open in torrent app .* Seeds 2 Leechers 4 3 completed`))
    assert.match(
      shown,
      new RegExp(`v1 ${one} copy Info hash v2 ${infoHashV2} copy .* Version 1 and`),
    )
  }
})

test('of a private torrent only its name, size and counts are shown', async (t) => {
  const secret = torrentNamed(
    'a',
    { private: 1 },
    {
      comment: 'passphrase',
      announce: 'http://private.example/passkey/announce',
    },
  )
  const { ask } = await pagesOf(t, { torrents: { 'x.torrent': secret.bytes } })
  const query = `info_hash=${secret.hash}`
  const places = ['/catalogue/', '/catalogue/index.json', '/catalogue/feed.xml']
  const answers = [await ask('/torrent', query), await ask('/torrent.json', query)]
  for (const path of places) answers.push(await ask(path))
  for (const { status, text } of answers) {
    assert.equal(status, 200)
    assert.doesNotMatch(text, /passphrase|passkey|private\.example|file\?/)
  }
  assert.equal((await ask('/file', query)).status, 404)
})

test('a retired torrent is listed apart and still tracked; a deleted one is gone', async (t) => {
  const torrents = { ...TREE, 'archive/linux/d.torrent': old.bytes }
  const { ask, json, list, directory } = await pagesOf(t, { torrents, archive: 'archive' })
  assert(list.torrents.has(old.hash))
  const current = await json('/catalogue/index.json')
  assert.deepEqual(
    current.torrents.map(({ name }) => name),
    ['book.pdf', 'debian-13.iso', 'Fedora-43.iso'],
  )
  const retired = await json('/archive/linux/index.json')
  assert.deepEqual(
    retired.torrents.map(({ name }) => name),
    ['debian-11.iso'],
  )
  assert.equal((await ask('/catalogue/archive/')).status, 404)
  const { text } = await ask('/torrent', `info_hash=${old.hash}`)
  assert.match(textOf(text), /Archive \/ linux \/ debian-11\.iso .*Retired: kept in the archive/)
  rmSync(join(directory, 'archive/linux/d.torrent'))
  await list.refresh()
  assert.equal((await ask('/archive/linux/')).status, 404)
  assert.equal((await ask('/torrent', `info_hash=${old.hash}`)).status, 404)
})

test('hostile names, comments, trackers and searches are inert', async (t) => {
  const name = `<img src=x onerror=alert(1)>"'\u202e\u0007]]>`
  const comment = `<script>x</script>${name}`
  const evil = torrentNamed(name, {}, { comment, announce: name, 'warning message': comment })
  const path = `${name.replace('/', '')}/x.torrent`
  const { ask } = await pagesOf(t, { torrents: { [path]: evil.bytes } })
  const answers = [
    await ask('/index.html', 'sort=<script>&q=<script>&order="><script>'),
    await ask('/catalogue/'),
    await ask('/catalogue/', 'q=<script>"%E2%80%AE'),
    await ask('/catalogue/', 'sort=name'),
    await ask(`/catalogue/${encodeURIComponent(path.split('/')[0] ?? '')}/`),
    await ask('/torrent', `info_hash=${evil.hash}`),
  ]
  for (const { status, text, headers } of answers) {
    assert.equal(status, 200)
    const foreign = text.replace(PAGE_SCRIPT.element.text, '')
    assert.doesNotMatch(foreign, /<img src|<script|\u202e|\u0007/)
    const policy = headers['Content-Security-Policy'] ?? ''
    assert.match(policy, /^default-src 'none'; style-src( 'sha256-[\w+/=]+')+;/)
    assert.match(policy, /; script-src 'sha256-[\w+/=]+';/)
    assert.doesNotMatch(policy, /unsafe/)
  }
  const json = (await ask('/torrent.json', `info_hash=${evil.hash}`)).text
  assert.doesNotMatch(json, /\u202e|\u0007/)
})

test('a path leads only to categories', async (t) => {
  const { ask, directory } = await treeOf(t)
  for (const path of [
    '/catalogue/../',
    '/catalogue/%2e%2e/',
    '/catalogue/linux/../books/',
    '/catalogue/linux%2Fdebian/',
    '/catalogue//linux/',
    '/catalogue/linux/debian/a.torrent',
    '/catalogue/constructor/',
    '/catalogue/__proto__/',
    `/catalogue${directory}/`,
    '/archive/',
  ]) {
    assert.equal((await ask(path)).status, 404, path)
  }
  assert.equal((await ask('/catalogue/%ff/')).status, 404)
  for (const [path, place] of [
    ['/catalogue', './catalogue/'],
    ['/catalogue/linux/debian', './debian/'],
  ] as const) {
    const { status, headers } = await ask(path)
    assert.deepEqual([status, headers['Location']], [302, place])
  }
})

test('the catalogue can be the front page, or off', async (t) => {
  const front = await treeOf(t, { options: { catalogue: 'front' } })
  assert.equal((await front.ask('/')).headers['Location'], './catalogue/')
  assert.match((await front.ask('/index.html')).text, /<title>All torrents - /)
  for (const setup of [
    { options: { catalogue: 'off' as const } },
    { options: { showNames: false } },
    { options: { showInfoPage: false } },
  ]) {
    const { ask } = await treeOf(t, setup)
    assert.equal((await ask('/catalogue/')).status, 404)
  }
})

test('an open tracker has no catalogue', async (t) => {
  const { ask } = await pagesOf(t, { isOpen: true, swarms: { ['ab'.repeat(20)]: [1, 2, 3] } })
  assert.equal((await ask('/catalogue/')).status, 404)
  assert.doesNotMatch((await ask('/')).text, /href="catalogue/)
  const page = await ask('/torrent', `info_hash=${'ab'.repeat(20)}`)
  assert.match(textOf(page.text), /Seeds 1 Leechers 2 3 completed/)
})

test('torrents, categories and files are in the order of people', async (t) => {
  const list = ['disc-10.iso', 'Disc-9.iso', 'disc-1.iso'].map((name) => torrentNamed(name).bytes)
  const torrents = Object.fromEntries(list.map((bytes, i) => [`v${i + 8}/${i}.torrent`, bytes]))
  const { ask, json } = await pagesOf(t, { torrents })
  const names = ['disc-1.iso', 'Disc-9.iso', 'disc-10.iso']
  for (const path of ['/catalogue/index.json', '/index.json'])
    assert.deepEqual(
      (await json(path, 'sort=name')).torrents.map(({ name }) => name),
      names,
    )
  assert.match(textOf((await ask('/catalogue/')).text), / v8 1 v9 1 v10 1 /)
})
