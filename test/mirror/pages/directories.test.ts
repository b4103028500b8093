import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { loadNative } from '../../../src/base/native-addon.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { longTest } from '../../support/long.js'
import { makeScratch, plantLinks } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { Clock } from '../clock.js'

interface Entry {
  readonly name: string
  readonly type: string
  readonly size: number | null
  readonly mtime: string
  readonly address: string
  readonly torrent: string | null
  readonly magnet: string | null
}

interface Listed {
  readonly path: string
  readonly page: number
  readonly pages: number
  readonly directories: number
  readonly files: number
  readonly size: number
  readonly unnameable: number
  readonly next: string | null
  readonly entries: readonly Entry[]
}

async function list(port: number, path: string): Promise<Listed> {
  const { status, body } = await ask(port, path, { headers: { Accept: 'application/json' } })
  assert.equal(status, 200, body.toString())
  return JSON.parse(body.toString()) as Listed
}

async function namesIn(port: number, path: string): Promise<string[]> {
  return (await list(port, path)).entries.map(({ name }) => name)
}

const HOSTILE = [
  '<script>alert(1)<script>',
  '"quotes" & \'apostrophes\'',
  'new\nline',
  '\u202etxt.exe',
  'javascript:alert(1)',
  'a#b?c%d+e;f',
  '\u001b[31mred',
  'x%2f..',
]

test('a directory has a page with its entries, their sizes, dates and the pages of their torrents', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'pub/b.iso': '12345', 'pub/a/x': '1' } })
  const at = new Date('2026-03-04T05:06:07Z')
  utimesSync(join(root, 'pub/b.iso'), at, at)
  const { status, headers, body } = await ask(port, '/pub/')
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(headers['content-length'], String(body.length))
  const page = body.toString()
  assert.match(page, /<title>pub - btkit mirror<\/title>/)
  assert.match(page, /role="status">1 folder · 1 file · 5 B in these files</)
  const rows = page.split('<tr>').slice(2)
  assert.match(rows[0] ?? '', /<a href="\.\/a\/">a\/<\/a>/)
  assert.match(rows[1] ?? '', /<a href="\.\/b\.iso">b\.iso<\/a>[^]*<data value="5">5 B<\/data>/)
  assert.match(rows[1] ?? '', /<time>2026-03-04 05:06Z<\/time>/)
  assert.match(
    rows[1] ?? '',
    /<a href="\.\.\/-\/view\/pub\/b\.iso\.details" rel="nofollow"\s*>torrent</,
  )
  // Each program that follows links asks for each of them
  assert.deepEqual(
    rows.map((row) => row.match(/<a /g)?.length),
    [1, 2],
  )
  assert.match(page, /<a class="button" href="\.\.\/-\/view\/pub\.magnet"/)
})

test("if an entry has the name of another one's view, the links lead to the view", async (t) => {
  const files = { 'pub/b': '1', 'pub/b.magnet': '2', 'pub/c': '3', 'pub/c.torrent/x': '4' }
  const { port } = await serveMirror(t, { files })
  const { entries } = await list(port, '/pub/')
  const links = (name: string) => {
    const { torrent, magnet } = entries.find((entry) => entry.name === name)!
    return [torrent, magnet]
  }
  assert.deepEqual(links('b'), ['./b.torrent', './b?magnet'])
  assert.deepEqual(links('b.magnet'), ['./b.magnet.torrent', './b.magnet.magnet'])
  assert.deepEqual(links('c'), ['./c?torrent', './c.magnet'])
  const page = (await ask(port, '/pub/')).body.toString()
  for (const [, way = ''] of page.matchAll(/href="\.\.(\/-\/view\/pub\/b\.magnet)"/g))
    assert.match((await ask(port, way)).body.toString(), /^magnet:/)
  assert.match((await ask(port, '/pub/b?magnet')).body.toString(), /^magnet:/)
  assert.equal((await ask(port, '/pub/b.magnet')).body.toString(), '2')
})

test('the page of a file links everything that is made of it', async (t) => {
  const name = "it's <b>.iso"
  const { port } = await serveMirror(t, { files: { [`pub/${name}`]: '12345', 'pub/a/x': '1' } })
  const listing = String((await ask(port, '/pub/')).body)
  const [, path = ''] = /href="\.\.\/([^"]*\.details)"/.exec(listing) ?? []
  assert.equal([...listing.matchAll(/\.details"/g)].length, 1)
  const visit = async () => String((await ask(port, `/${path.replaceAll('&#39;', "'")}`)).body)
  const page = await visit()
  assert.doesNotMatch(page, /<b>|xt=urn/)
  assert.match(page, /curl -fO &#39;http:\/\/[^']*\/pub\/it%27s%20%3Cb%3E\.iso&#39;/)
  // A magnet link alone may name no tracker, and aria2 finds the mirror by the torrent
  assert.match(page, /aria2c &#39;http:\/\/[^'&]*\/pub\/it%27s%20%3Cb%3E\.iso\.torrent&#39;/)
  const links = [...page.matchAll(/<a[^>]*\shref="((?:\.\.\/)+[^"]*\.iso[^"]*)"/g)].map(
    ([, link = '']) => link,
  )
  assert.equal(links.length, 7)
  for (const link of links) {
    const { href } = new URL(link.replaceAll('&#39;', "'"), `http://host/${path}`)
    assert.equal((await ask(port, href.slice('http://host'.length))).status, 200, link)
  }
  // The checksum is known now
  const digest = createHash('sha256').update('12345').digest('hex')
  assert.ok((await visit()).includes(`>${digest}</code>`))
})

test('what has no page of its own is refused as ever', async (t) => {
  const files = { 'pub/.secret': 'x', 'pub/empty': '', 'pub/a.torrent': 'x' }
  const { port } = await serveMirror(t, { files })
  for (const name of ['.secret', 'none'])
    assert.equal((await ask(port, `/-/view/pub/${name}.details`)).status, 404, name)
  assert.equal((await ask(port, '/-/view/pub.details')).status, 404)
  for (const name of ['empty', 'a.torrent']) {
    const { status, body } = await ask(port, `/-/view/pub/${name}.details`)
    assert.equal(status, 200)
    assert.doesNotMatch(String(body), /[?.]magnet"|>Torrent</)
  }
})

test('a file with the name of a view is marked, and its view is not linked', async (t) => {
  const files = { 'b.iso': '1', 'b.iso.sha256': 'from elsewhere', 'c.sha256': 'of nothing', d: '' }
  const { port } = await serveMirror(t, { files })
  const page = (await ask(port, '/')).body.toString()
  const rows = new Map(
    page.split('<tr>').map((row) => [/<a href="\.\/([^"]*)"/.exec(row)?.[1] ?? '', row]),
  )
  assert.match(rows.get('b.iso.sha256') ?? '', /<small>stored</)
  assert.doesNotMatch(rows.get('b.iso') ?? '', /stored/)
  assert.doesNotMatch(rows.get('c.sha256') ?? '', /<small>stored/)
  assert.match(page, /“stored”: the mirror has this file/)
  const other = (await ask(port, '/?filter=c.sha')).body.toString()
  assert.doesNotMatch(other, /“stored”|<small>stored/)
})

test('the page of a directory without content for a torrent offers none of the whole', async (t) => {
  const files = {
    'a/x': '1',
    'hidden/.x': '1',
    'junk/Thumbs.db': '1',
    'zeros/a': '',
    'deep/a/b': '1',
  }
  const { port, root } = await serveMirror(t, { files })
  mkdirSync(join(root, 'void'))
  for (const name of ['void', 'hidden', 'junk', 'zeros', 'a', 'deep']) {
    const own = (await ask(port, `/${name}/`)).body.toString()
    assert.equal(own.includes('Torrent of this folder'), ['a', 'deep'].includes(name), name)
  }
})

test('the root has a page, too, and the others link to it', async (t) => {
  const { port } = await serveMirror(t, { files: { 'a/b c/d': '1' } })
  assert.match((await ask(port, '/')).body.toString(), /<a href="\.\/a\/">a\/<\/a>/)
  const deep = (await ask(port, '/a/b%20c/')).body.toString()
  const links = [...deep.matchAll(/<a href="([./a]+)">([^<]+)<\/a> \//g)].map(
    ([, link = '', title]) => [new URL(link, 'http://host/a/b%20c/').pathname, title],
  )
  assert.deepEqual(links, [
    ['/', 'Index'],
    ['/a/', 'a'],
  ])
  assert.match(deep, /<h1>b c<\/h1>/)
})

test('programs get the same as JSON', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'pub/b.iso': '12345', 'pub/a/x': '1' } })
  const at = new Date('2026-03-04T05:06:07.125Z')
  for (const name of ['b.iso', 'a']) utimesSync(join(root, 'pub', name), at, at)
  const listed = await list(port, '/pub/')
  assert.deepEqual(listed, JSON.parse((await ask(port, '/pub/?json')).body.toString()))
  const { entries, ...rest } = listed
  assert.deepEqual(rest, {
    path: '/pub/',
    page: 1,
    pages: 1,
    directories: 1,
    files: 1,
    size: 5,
    isCut: false,
    unnameable: 0,
    next: null,
  })
  const mtime = at.toISOString()
  assert.deepEqual(entries, [
    {
      name: 'a',
      type: 'directory',
      size: null,
      mtime,
      address: './a/',
      torrent: './a/?torrent',
      magnet: './a/?magnet',
    },
    {
      name: 'b.iso',
      type: 'file',
      size: 5,
      mtime,
      address: './b.iso',
      torrent: './b.iso.torrent',
      magnet: './b.iso.magnet',
    },
  ])
})

test('a browser gets HTML, and so does a program that accepts anything', async (t) => {
  const { port } = await serveMirror(t, { files: { a: '1' } })
  for (const accept of ['text/html,application/xhtml+xml,*/*;q=0.8', '*/*', 'application/xml']) {
    const { headers } = await ask(port, '/', { headers: { Accept: accept } })
    assert.match(headers['content-type'] ?? '', /^text\/html/, accept)
    assert.equal(headers.vary, 'Accept, Accept-Encoding')
  }
})

test('an address without its slash redirects to the directory, wherever the mirror is', async (t) => {
  const { port } = await serveMirror(t, { files: { 'a/b c:d/e': '1' } })
  for (const [asked, location] of [
    ['/a', './a/'],
    ['/a/b%20c:d?sort=size&order=desc', './b%20c%3Ad/?sort=size&order=desc'],
    ['//a//b%20c:d/?json', '../../../../a/b%20c%3Ad/?json'],
    ['//', '../'],
  ]) {
    const { status, headers } = await ask(port, asked!)
    assert.deepEqual([status, headers.location], [302, location], asked)
    const way = new URL(location!, `http://h/mirror${asked!}`).pathname
    assert.match(way, /^\/mirror\/(?:a\/(?:b%20c%3Ad\/)?)?$/)
  }
})

test('unpublished entries are not listed', async (t) => {
  const outside = makeScratch(t, { secret: 's' })
  const files = { 'pub/.hidden': '1', 'pub/-/f': '1', '-/f': '1', 'pub/file': '12' }
  const { port, root } = await serveMirror(t, { files })
  plantLinks(root, { 'pub/out': join(outside, 'secret'), 'pub/broken': '/nowhere' })
  plantLinks(root, { 'pub/loop': 'loop', 'pub/link': 'file', 'pub/dash': '-' })
  const { entries } = await list(port, '/pub/')
  assert.deepEqual(
    entries.map(({ name, type, size }) => `${name} ${type} ${size}`),
    ['- directory null', 'dash directory null', 'file file 2', 'link file 2'],
  )
  assert.deepEqual(await namesIn(port, '/'), ['pub'])
  for (const path of ['/-/f', '/-/f/', '/pub/.hidden/', '/.git/']) {
    assert.equal((await ask(port, path)).status, 404, path)
  }
  // The service's own addresses, which some programs take for a directory
  const { status, body } = await ask(port, '/-/')
  assert.deepEqual([status, /href|\bf\b/.test(body.toString())], [200, false])
})

test('hidden files and links to elsewhere are listed if they are published', async (t) => {
  const outside = makeScratch(t, { secret: 's' })
  const args = ['--hidden', '--follow-symlinks']
  const { port, root } = await serveMirror(t, { files: { '.hidden': '1' }, args })
  symlinkSync(join(outside, 'secret'), join(root, 'out'))
  assert.deepEqual(await namesIn(port, '/'), ['.hidden', 'out'])
})

test('hostile names are inert in HTML, and lead to their files', async (t) => {
  const files = Object.fromEntries(HOSTILE.map((name) => [`pub/${name}`, name]))
  const { port } = await serveMirror(t, { files })
  const page = (await ask(port, '/pub/')).body.toString()
  assert.equal(page.match(/<script>/g)?.length, 1)
  assert.doesNotMatch(page, /\u202e|\u001b|href="javascript/)
  const { entries } = await list(port, '/pub/')
  assert.deepEqual(new Set(entries.map(({ name }) => name)), new Set(HOSTILE))
  for (const { name, address } of entries) {
    assert(page.includes(`href="${address.replaceAll("'", '&#39;')}"`), address)
    const { body } = await ask(port, `/pub/${address.slice(2)}`)
    assert.equal(body.toString(), name)
  }
})

test('names that are not UTF-8 are listed with links by their bytes, and without torrents', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'a/x': '1', 'a/\ufffd': 'é' } })
  const bytes = (path: string) =>
    Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')])
  mkdirSync(bytes("a/d'\xff"))
  writeFileSync(bytes("a/d'\xff/\xfe"), 'deep')
  const { entries, unnameable } = await list(port, '/a/')
  assert.equal(unnameable, 0)
  assert.deepEqual(
    entries.map(({ address, torrent }) => [address, torrent !== null]),
    [
      ['./d%27%ff/', false],
      ['./x', true],
      ['./%EF%BF%BD', true],
    ],
  )
  const { headers } = await ask(port, '/a/d%27%ff')
  assert.equal(headers.location, './d%27%ff/')
  assert.equal((await list(port, '/a/d%27%ff/')).entries[0]?.address, './%fe')
  const page = (await ask(port, '/a/d%27%ff/')).body.toString()
  assert.match(page, /<a href="\.\/%fe">\\xfe<\/a>/)
  assert.match(page, /Names that are not UTF-8 have no torrent/)
  assert.equal((await ask(port, '/a/d%27%ff/%fe')).body.toString(), 'deep')
  // The torrent of the directory above has all others
  const torrent = await ask(port, '/a/?torrent')
  assert.deepEqual(
    parseMetainfo(torrent.body).files.map(({ path }) => path.join('/')),
    ['x', '\ufffd'],
  )
})

test('names that no address can contain are counted, but not listed', async (t) => {
  const files = { good: '1', 'back\\slash': '1', '-/x': '1', 'good-/-/y': '1' }
  const { port } = await serveMirror(t, { files })
  assert.equal((await list(port, '/good-/')).unnameable, 0)
  assert.equal((await ask(port, '/good-/-/y')).status, 200)
  const { entries, unnameable } = await list(port, '/')
  assert.deepEqual([entries.map(({ name }) => name), unnameable], [['good-', 'good'], 2])
  const page = (await ask(port, '/')).body.toString()
  assert.match(page, /2 entries have names that no address can contain/)
})

test('of large lists that one client asks for at once and does not read, two are kept', async (t) => {
  const names = Array.from({ length: 2720 }, (_, i) => `a/${'€'.repeat(80)}${i}`)
  const { port } = await serveMirror(t, {
    files: Object.fromEntries(names.map((name) => [name, 'x'])),
  })
  const whole = (await ask(port, '/a/?json')).body
  // Three of them are more than one client may leave unread, and the kernel's buffers cannot hold
  // one
  assert.ok(whole.length > 6.8e6 && whole.length < 7e6, `${whole.length}`)
  const sockets = Array.from({ length: 6 }, () => connect(port, '127.0.0.1').pause())
  // A request with a condition never gets the page that was sent before
  for (const socket of sockets) {
    socket.on('error', () => undefined)
    socket.write('GET /a/?json HTTP/1.1\r\nHost: x\r\nIf-Match: *\r\nConnection: close\r\n\r\n')
  }
  await Promise.all(sockets.map((socket) => once(socket, 'readable')))
  const outcomes: string[] = []
  for (const socket of sockets) {
    const answer = await buffer(socket).catch(() => Buffer.alloc(0))
    const body = answer.subarray(answer.indexOf('\r\n\r\n') + 4)
    if (body.equals(whole)) outcomes.push('whole')
    else if (answer.includes('your requests need too much')) outcomes.push('refused')
    else outcomes.push('cut')
  }
  const count = (outcome: string) => outcomes.filter((each) => each === outcome).length
  assert.ok(count('whole') >= 2 && count('whole') < 6, outcomes.join())
})

test('a README is shown unchanged as text', async (t) => {
  const text = '# <b>Title</b>\r\n\n\tindented \u001b[1mbold\u202e &amp;\n'
  const { port } = await serveMirror(t, { files: { 'a/README': text, 'a/readme.txt': 'no' } })
  const page = (await ask(port, '/a/')).body.toString()
  assert.match(page, /<h2 id="readme">README<\/h2>/)
  const shown = '# &lt;b&gt;Title&lt;/b&gt;\n\n\tindented \\x1b[1mbold\\u{202e} &amp;amp;\n'
  assert(page.includes(`<pre>${shown}</pre>`), page)
  assert.doesNotMatch((await ask(port, '/a/?filter=x')).body.toString(), /<pre>/)
})

test('a README in Markdown is formatted, and links lead on from its directory', async (t) => {
  const text = '# Title\n\n[New](new/) <script>'
  const { port } = await serveMirror(t, { files: { 'a/Readme.md': text, 'a/README': 'no' } })
  const page = (await ask(port, '/a/')).body.toString()
  assert.match(page, /<h2 id="readme">Readme\.md<\/h2>/)
  assert.match(page, /<h3>Title<\/h3>\s+<p><a href="new\/">New<\/a> &lt;script&gt;<\/p>/)
})

test('the beginning of a long README is shown, with a link to the whole', async (t) => {
  const long = 'é'.repeat(40_000)
  const { port } = await serveMirror(t, { files: { README: long, 'a/README.md': long } })
  for (const [path, name, most] of [
    ['/', 'README', 64],
    ['/a/', 'README\\.md', 32],
  ] as const) {
    const page = (await ask(port, path)).body.toString()
    assert.equal(page.match(/é/g)?.length, 512 * most)
    const link = `first ${most} KiB\\. <a href="\\./${name}">Show the whole file</a>`
    assert.match(page, new RegExp(link))
  }
})

test('a README that would make too large a page is shown as text', async (t) => {
  const bomb = `[a]: /${'y'.repeat(10_000)}\n\n${'[a]'.repeat(5000)}`
  const { port } = await serveMirror(t, { files: { 'README.md': bomb } })
  const { body } = await ask(port, '/')
  assert(body.length < 100_000)
  assert(body.toString().includes('[a][a]'))
})

test('the filter and the order are in the address, so that they work without a script', async (t) => {
  const files = { 'a.iso': '1', 'B.iso': '22', 'c.txt': '333' }
  const { port } = await serveMirror(t, { files })
  const path = '/?filter=ISO&sort=size&order=desc'
  assert.deepEqual(await namesIn(port, path), ['B.iso', 'a.iso'])
  const page = (await ask(port, path)).body.toString()
  assert.match(
    page,
    /2 files · 3 B<\/span>\s+with “ISO” in the name, <a href="\?sort=size&amp;order=desc">show all<\/a>/,
  )
  assert.match(page, /<th scope="col" class="n" aria-sort="descending">/)
  const [, form = '', sort = ''] =
    /<button form="(\w+)" name="sort" value="(\w+)">\s*Size/.exec(page) ?? []
  assert.deepEqual([form, sort], ['ascending', 'size'])
  assert.match(page, /<form id="ascending"[^>]*><input type="hidden" name="filter" value="ISO"/)
  const none = (await ask(port, '/?filter=%3Cscript%3E')).body.toString()
  assert.match(none, /Nothing in here has “&lt;script&gt;” in its name/)
})

test('a client that has the page gets 304 until something changes', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'a/x': '1' } })
  for (const path of ['/a/', '/a/?json']) {
    const { etag } = (await ask(port, path)).headers
    assert.match(etag ?? '', /^W\/"/)
    const again = () => ask(port, path, { headers: { 'If-None-Match': etag! } })
    const { status, body } = await again()
    assert.deepEqual([status, body.length], [304, 0])
    writeFileSync(join(root, 'a', path.length.toString()), '1')
    assert.equal((await again()).status, 200)
  }
  const { etag } = (await ask(port, '/a/')).headers
  assert.equal((await ask(port, '/a/?json', { headers: { 'If-None-Match': etag! } })).status, 200)
  assert.equal((await ask(port, '/a/', { headers: { 'If-Match': etag! } })).status, 412)
})

test('a client that has a page gets that of another look, and its JSON stays', async (t) => {
  const root = makeScratch(t, { 'd/x': '1' })
  const header = join(makeScratch(t, { 'header.html': 'Welcome' }), 'header.html')
  const [one, other] = [
    await serveMirror(t, { root }),
    await serveMirror(t, { root, args: ['--site-header', header] }),
  ]
  for (const [path, status] of [
    ['/d/', 200],
    ['/d/?json', 304],
  ] as const) {
    const { etag = '' } = (await ask(one.port, path)).headers
    const again = await ask(other.port, path, { headers: { 'If-None-Match': etag } })
    assert.equal(again.status, status, path)
  }
})

test('a 304 keeps a page for a second as the page itself does', async (t) => {
  if (loadNative('openNow') === null) return
  let time = 0
  const io = { now: new Clock(20_000).now, monotonic: () => time }
  const names = Array.from({ length: 8 }, (_, n) => `${n}`)
  const files = Object.fromEntries(names.map((name) => [`${name}/x`, '1']))
  const { port, root } = await serveMirror(t, { files, io })
  for (const accept of ['text/html', 'application/json']) {
    let kept = 0
    for (const name of names) {
      const request = async (headers: Record<string, string> = {}) => {
        return ask(port, `/${name}/`, { headers: { Accept: accept, ...headers } })
      }
      const { etag = '' } = (await request()).headers
      const again = async () => (await request({ 'If-None-Match': etag })).status
      time += 2000
      assert.equal(await again(), 304)
      appendFileSync(join(root, name, 'x'), '2')
      if ((await again()) === 304) kept++
      time += 1000
      assert.equal(await again(), 200)
    }
    // Beside other work the kernel may not say at once that a directory is the same
    assert.ok(kept > 0)
  }
})

test('new, removed and changed entries are noticed at once', async (t) => {
  // With a clock that is ahead, two changes in one tick of the file system would look like one
  const setup = { files: { a: '1' }, io: { now: Date.now } }
  const { port, root } = await serveMirror(t, setup)
  assert.deepEqual(await namesIn(port, '/'), ['a'])
  writeFileSync(join(root, 'b'), '1')
  assert.deepEqual(await namesIn(port, '/'), ['a', 'b'])
  rmSync(join(root, 'a'))
  mkdirSync(join(root, 'c'))
  assert.deepEqual(await namesIn(port, '/'), ['c', 'b'])
})

test('entries that change in place show within a second, in every form', async (t) => {
  const clock = new Clock()
  const files = {
    'd/grows': '1',
    'd/other': '22',
    'd/sub/x': '1',
    'd/README': 'old',
    target: '333',
  }
  const { port, root } = await serveMirror(t, { files, io: clock })
  plantLinks(root, { 'd/link': '../target', 'd/gone': '../target' })
  // The directory itself is settled
  clock.jump(10_000)
  const page = async () => (await ask(port, '/d/', { headers: { Accept: 'text/html' } })).body
  const { entries, size } = await list(port, '/d/')
  assert.deepEqual([entries.length, size], [6, 12])
  assert.match((await page()).toString(), /<pre>old<\/pre>/)
  const { etag } = (await ask(port, '/d/?json')).headers
  appendFileSync(join(root, 'd/grows'), '23456')
  writeFileSync(join(root, 'd/sub/y'), '1')
  writeFileSync(join(root, 'd/README'), 'newer')
  writeFileSync(join(root, 'target'), '4444')
  clock.jump(1_000)
  const now = await list(port, '/d/')
  const sizes = Object.fromEntries(now.entries.map((entry) => [entry.name, entry.size]))
  assert.deepEqual(sizes, { sub: null, README: 5, gone: 4, grows: 6, link: 4, other: 2 })
  assert.equal(now.size, 21)
  const again = await ask(port, '/d/?json', { headers: { 'If-None-Match': etag! } })
  assert.equal(again.status, 200)
  assert.match((await page()).toString(), /<pre>newer<\/pre>/)
  const shown = await sizesOf(port, '/d/')
  assert.deepEqual([shown.sizes['grows'], shown.sizes['sub/']], ['6 B', '2 entries'])
  const bySize = await namesIn(port, '/d/?sort=size&order=desc&filter=o')
  assert.deepEqual(bySize, ['grows', 'gone', 'other'])
  rmSync(join(root, 'target'))
  clock.jump(1_000)
  assert.deepEqual(await namesIn(port, '/d/'), ['sub', 'grows', 'other', 'README'])
})

test('HEAD has the headers of GET', async (t) => {
  const { port } = await serveMirror(t, { files: { 'a/x': '1' } })
  for (const path of ['/a/', '/a/?json', '/a']) {
    const got = await ask(port, path)
    const { status, headers, body } = await ask(port, path, { method: 'HEAD' })
    assert.deepEqual([status, body.length], [got.status, 0])
    assert.deepEqual({ ...headers, date: '' }, { ...got.headers, date: '' }, path)
  }
})

test('a file has no page, nor has a missing directory', async (t) => {
  const { port } = await serveMirror(t, { files: { 'a/file': '1' } })
  for (const path of [
    '/a/file/',
    '/a/file/x',
    '/nothing/',
    '/a/../../',
    '/a/%2e%2e/%2e%2e/',
    '/a%2f/',
  ]) {
    const { status, body } = await ask(port, path)
    assert([400, 404].includes(status), path)
    assert.match(body.toString(), /^[^\n]+\n$/)
  }
})

test('an index.html is a file like any other', async (t) => {
  const { port } = await serveMirror(t, { files: { 'index.html': '<p>own</p>' } })
  assert.match((await ask(port, '/')).body.toString(), /<a href="\.\/index\.html">/)
})

test('without listings, or without files, there are no pages', async (t) => {
  for (const option of ['--no-listings', '--no-files']) {
    const { port } = await serveMirror(t, { files: { 'a/x': '1' }, args: [option] })
    for (const path of ['/', '/a/', '/a']) assert.equal((await ask(port, path)).status, 404, path)
  }
})

longTest('many entries are split into pages, each linked to the next', async (t) => {
  const files = Object.fromEntries([...Array(2345).keys()].map((i) => [`d/f${i}`, '']))
  const { port } = await serveMirror(t, { files })
  const last = (await ask(port, '/d/?page=3')).body.toString()
  assert.equal(last.match(/<th scope="row" class="file/g)?.length, 345)
  assert.match(last, /<b aria-current="page">3<\/b>/)
  for (const [accepted, isPacked] of [
    ['br, gzip;q=0.8', true],
    ['gzip;q=0', false],
  ] as const) {
    const headers = { 'Accept-Encoding': accepted }
    const answer = await ask(port, '/d/?page=3', { headers })
    assert.equal(answer.headers['content-encoding'] === 'gzip', isPacked)
    const page = isPacked ? gunzipSync(answer.body) : answer.body
    assert.equal(page.toString(), last)
    if (isPacked) assert.ok(answer.body.length < page.length / 5)
  }
  const first = (await ask(port, '/d/?sort=size')).body.toString()
  assert.match(first, /<a href="\?sort=size&amp;page=2" rel="next">next<\/a>/)
  assert.match(first, /2,345 files · 0 B/)
  const { entries, next } = await list(port, '/d/')
  assert.deepEqual([entries.length, next], [2345, null])
})

test('a page that is kept as sent shows each new entry at once, in every form', async (t) => {
  const names = Array.from({ length: 300 }, (_, i) => [`d/some-long-name-${i}`, 'x'] as const)
  const { port, root } = await serveMirror(t, { files: Object.fromEntries(names) })
  const forms: Record<string, string>[] = [
    { Accept: 'text/html' },
    { Accept: 'text/html', 'Accept-Encoding': 'gzip' },
    { Accept: 'application/json' },
  ]
  const pages = () => {
    return Promise.all(
      forms.map(async (headers) => {
        const { body, headers: got } = await ask(port, '/d/', { headers })
        return (got['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()
      }),
    )
  }
  const first = await pages()
  assert.deepEqual(await pages(), first)
  writeFileSync(join(root, 'd/new-entry'), 'x')
  for (const page of await pages()) assert.match(page, /new-entry/)
})

test('empty entries and torrents have no links to torrents, which could only fail', async (t) => {
  const files = { 'd/full/x': 'x', 'd/hidden/.x': 'x', 'd/zero': '', 'd/a.torrent': '1' }
  const { port, root } = await serveMirror(t, { files })
  mkdirSync(join(root, 'd/empty'))
  const linked = async () => {
    const { entries } = await list(port, '/d/')
    const filled = entries.filter(({ torrent, magnet }) => torrent !== null || magnet !== null)
    return filled.map(({ name }) => name)
  }
  assert.deepEqual(await linked(), ['full'])
  const page = (await ask(port, '/d/', { headers: { Accept: 'text/html' } })).body.toString()
  assert.equal(page.match(/>empty</g)?.length, 2)
  assert.doesNotMatch(page, /empty\/?\?torrent/)
})

/** The text of the size of each entry of a page, by name, and the caption. */
async function sizesOf(port: number, path: string) {
  const page = (await ask(port, path, { headers: { Accept: 'text/html' } })).body.toString()
  const rows = [
    ...page.matchAll(
      /<th scope="row"[^>]*><a[^>]*>([^<]*)<\/a>[^]{0,100}?<td class="n">(.*?)<\/td>/g,
    ),
  ]
  const sizes = rows.map(([, name, size = '']) => [name, size.replace(/<[^>]*>/g, '')] as const)
  const caption = /role="status">([^<]*)</.exec(page)?.[1]
  return { sizes: Object.fromEntries(sizes) as Record<string, string>, caption }
}

test('directories show how much is in them', async (t) => {
  const many = Object.fromEntries([...Array(600).keys()].map((i) => [`many/${i}`, 'x']))
  const files = { 'one/x': 'x', 'some/a/x': 'x', 'some/b': 'x', 'some/.hidden': 'x', top: '12345' }
  const { port } = await serveMirror(t, { files: { ...files, ...many } })
  const { sizes, caption } = await sizesOf(port, '/')
  assert.deepEqual(sizes, {
    'many/': 'over 500 entries',
    'one/': '1 entry',
    'some/': '2 entries',
    top: '5 B',
  })
  assert.equal(caption, '3 folders · 1 file · 5 B in these files')
  assert.equal((await sizesOf(port, '/one/')).caption, '1 file · 1 B')
})

test('directories of which --warm knows all files show their size, and are sorted by it', async (t) => {
  const files = {
    'iso/a/x': '1',
    'iso/b/y': '12345',
    'iso/b/c/z': '123',
    'iso/top': '1',
    'other/x': '1',
  }
  const { port } = await serveMirror(t, { files, args: ['--warm', '/iso/**'], ready: 4 })
  const { sizes, caption } = await sizesOf(port, '/iso/?sort=size&order=desc')
  assert.deepEqual(Object.entries(sizes), [
    ['b/', '8 B'],
    ['a/', '1 B'],
    ['top', '1 B'],
  ])
  assert.equal(caption, '2 folders · 1 file · 10 B in all')
  assert.deepEqual((await sizesOf(port, '/')).sizes, { 'iso/': '10 B', 'other/': '1 entry' })
  // A filter shows a part
  assert.equal((await sizesOf(port, '/iso/?filter=t')).caption, '1 file · 1 B')
})
