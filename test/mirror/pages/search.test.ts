import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { NameIndex } from '../../../src/mirror/kept/name-index.js'
import { NameSearch } from '../../../src/mirror/kept/name-search.js'
import { random } from '../../support/random.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { assertShows } from '../../support/visitor.js'
import { ask } from '../ask.js'

const FILES = {
  'linux/Debian/debian-13.iso': 'debian',
  'linux/Debian/debian-13.iso.asc': 'sign',
  'linux/fedora/Fedora-42.iso': 'fedora',
  'books/Moby Dick.txt': 'whale',
  '.hidden/secret.iso': 'x',
}

interface Found {
  readonly entries: readonly { readonly path: string; readonly type: string; size: number | null }[]
}

async function pathsOf(port: number, query: string): Promise<string[]> {
  const headers = { Accept: 'application/json' }
  const { status, body } = await ask(port, `/-/search?q=${encodeURIComponent(query)}`, { headers })
  assert.equal(status, 200, body.toString())
  return (JSON.parse(body.toString()) as Found).entries.map(({ path }) => path).sort()
}

test('a search finds all words in names and in folders, in any case and order', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const debian = ['/linux/Debian/debian-13.iso', '/linux/Debian/debian-13.iso.asc']
  for (const [query, paths] of [
    ['debian', ['/linux/Debian', ...debian]],
    ['ISO linux', [...debian, '/linux/fedora/Fedora-42.iso']],
    ['42 FEDORA', ['/linux/fedora/Fedora-42.iso']],
    ['linux/fedora', ['/linux/fedora', '/linux/fedora/Fedora-42.iso']],
    ['dick moby', ['/books/Moby Dick.txt']],
    ['whale', []],
    ['', []],
  ] as const)
    assert.deepEqual(await pathsOf(port, query), [...paths].sort(), query)
})

test('what the mirror does not publish is not found', async (t) => {
  const outside = makeScratch(t, { 'outside.iso': 'x' })
  const { port, root } = await serveMirror(t, { files: FILES })
  symlinkSync(join(outside, 'outside.iso'), join(root, 'outside.iso'))
  assert.deepEqual(await pathsOf(port, 'secret'), [])
  assert.deepEqual(await pathsOf(port, 'outside'), [])
})

test('an entry that is gone since the names were read is left out', async (t) => {
  const { port, root } = await serveMirror(t, { files: FILES })
  assert.equal((await pathsOf(port, 'moby')).length, 1)
  rmSync(join(root, 'books'), { recursive: true })
  assert.deepEqual(await pathsOf(port, 'moby'), [])
})

test('a name that is not UTF-8 is found, with the link to its bytes', async (t) => {
  const { port, root } = await serveMirror(t, { files: FILES })
  const folder = Buffer.concat([Buffer.from(`${root}/old-`), Buffer.of(0xe9)])
  mkdirSync(folder)
  writeFileSync(Buffer.concat([folder, Buffer.from('/letter-'), Buffer.of(0xe8)]), 'x')
  const { body } = await ask(port, '/-/search?q=letter', { headers: { Accept: 'text/html' } })
  const page = body.toString()
  assertShows(page, '<mark>letter</mark>-\\xe8</a>')
  assertShows(page, '/old-\\xe9</a')
  const [, href = ''] = /href="\.\.(\/[^"]*letter[^"]*)"/.exec(page) ?? []
  assert.equal((await ask(port, href)).body.toString(), 'x')
})

test('the page of a search has links to files, folders and torrents', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { headers, body } = await ask(port, '/-/search?q=moby', {
    headers: { Accept: 'text/html' },
  })
  assert.match(String(headers['content-type']), /^text\/html/)
  const page = body.toString()
  for (const link of [
    '../books/Moby%20Dick.txt',
    '../-/view/books/Moby%20Dick.txt.details',
    '../books/',
  ]) {
    assert.ok(page.includes(`href="${link}"`), link)
    assert.equal((await ask(port, link.slice('..'.length))).status, 200, link)
  }
  // The field of each page has the search
  assert.match(page, /<input\s+id="search"[^>]*value="moby"/)
})

test('a page of a directory has one field, whose results lead back to the directory', async (t) => {
  const { port } = await serveMirror(t, { files: { "it's\n/50%/a.iso": 'x' } })
  const headers = { Accept: 'text/html' }
  const listing = (await ask(port, '/it%27s%0A/50%25/')).body.toString()
  assert.equal(listing.match(/<input[^>]*type="search"/g)?.length, 1)
  const folder = /name="in" value="([^"]*)"/.exec(listing)?.[1] ?? ''
  const query = new URLSearchParams({ in: folder, q: '50% &' })
  const page = (await ask(port, `/-/search?${query.toString()}`, { headers })).body.toString()
  const back = /href="([^"]*\?filter=[^"]*)"/.exec(page)?.[1] ?? ''
  assert.equal(back, '.././it%27s%0A/50%25/?filter=50%25+%26')
  const above = (await ask(port, '/-/search?q=x&in=/it%27s%0A/', { headers })).body.toString()
  assert.match(above, /href="\.\.\/\.\/it%27s%0A\/\?filter=x"/)
  const ofRoot = await ask(port, '/-/search?q=x&in=/', { headers })
  assert.doesNotMatch(ofRoot.body.toString(), /filter=/, 'the root has all that was searched')
  const wrong = await ask(port, '/-/search?q=x&in=/%2e%2e/', { headers })
  assert.equal(wrong.status, 400)
})

test('results are in the order of people, and a stored .torrent hides no link', async (t) => {
  const files = { 'd/disc-10.iso': 'x', 'd/disc-9.iso': 'x', 'd/disc-9.iso.torrent': 'x' }
  const { port } = await serveMirror(t, { files })
  const headers = { Accept: 'text/html' }
  const page = (await ask(port, '/-/search?q=disc', { headers })).body.toString()
  const names = [...page.matchAll(/<th scope="row"[^>]*>\s*<a href="([^"]*)"/g)]
  assert.deepEqual(
    names.map(([, address]) => address),
    ['../d/disc-9.iso', '../d/disc-9.iso.torrent', '../d/disc-10.iso'],
  )
  assertShows(page, 'href="../-/view/d/disc-9.iso.details"')
  assertShows(page, 'href="../-/view/d/disc-10.iso.details"')
})

test('a search of which only the beginning counts says so', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const words = (count: number) => Array.from({ length: count }, (_, i) => `${i}`).join(' ')
  for (const [query, isCut] of [
    ['a'.repeat(200), false],
    ['a'.repeat(201), true],
    [`  ${'é'.repeat(200)}  `, false],
    [words(8), false],
    [words(9), true],
    ['debian iso debian', false],
  ] as const) {
    const headers = { Accept: 'text/html' }
    const { body } = await ask(port, `/-/search?q=${encodeURIComponent(query)}`, { headers })
    const said = body.toString().includes('<p>Only the first 200 characters and 8 words count.</p>')
    assert.equal(said, isCut, query)
  }
})

test('hostile searches and names are inert', async (t) => {
  const name = '<script>"\u202e'
  const { port } = await serveMirror(t, { files: { [`d/${name}`]: 'x' } })
  const query = encodeURIComponent('<SCRIPT>"')
  const { status, body } = await ask(port, `/-/search?q=${query}`, {
    headers: { Accept: 'text/html' },
  })
  assert.equal(status, 200)
  assert.doesNotMatch(body.toString().split('<main')[1] ?? '', /<script|\u202e/)
})

test('the first search finds what is read so far, and later ones the rest', async (t) => {
  const root = makeScratch(t, { 'first.iso': '' })
  const deep = Array.from({ length: 500 }, () => 'd').join('/')
  mkdirSync(join(root, deep), { recursive: true })
  writeFileSync(join(root, deep, 'last.iso'), '')
  const mirror = { root, hidden: false, followSymlinks: false }
  const search = new NameSearch(mirror, assert.ifError, 0)
  t.after(() => {
    search.stop()
  })
  const find = async () => {
    const index = await search.get()
    const found: string[] = []
    for await (const { path } of index.search(['iso'], () => Promise.resolve()))
      found.push(path.at(-1) ?? '')
    return { found, isReading: index.isReading }
  }
  let now = await find()
  while (now.found.length === 0) now = await find()
  assert.deepEqual(now, { found: ['first.iso'], isReading: true })
  while (now.isReading) now = await find()
  assert.deepEqual(now.found, ['first.iso', 'last.iso'])
})

test('an index finds what a look at all paths finds', async (t) => {
  const root = makeScratch(t)
  const letters = ['a', 'b', 'B', 'ß', 'é', '1', '-', ' ']
  const word = (length: number) =>
    Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('')
  const paths = new Set<string>()
  for (let i = 0; i < 300; i++) {
    const path = `${word(1)}x/${word(2)}y/${word(4)}z`
    paths.add(path)
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1))
      paths.add(path.slice(0, at))
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), '')
  }
  const mirror = { root, hidden: false, links: 'inside', prefix: '' } as never
  const index = await new NameIndex().read(mirror, new AbortController().signal)
  assert.equal(index.length, paths.size)
  for (let i = 0; i < 100; i++) {
    const words = [...new Set([word(1), word(2), word(1)].slice(0, 1 + (i % 3)))].map((each) =>
      each.toLowerCase(),
    )
    const found: string[] = []
    for await (const { path } of index.search(words, () => Promise.resolve()))
      found.push(path.join('/'))
    const wanted = [...paths].filter((path) => {
      const lower = path.toLowerCase()
      const name = lower.slice(lower.lastIndexOf('/') + 1)
      const above = lower.slice(0, lower.length - name.length)
      return (
        words.some((each) => name.includes(each)) &&
        words.every((each) => name.includes(each) || above.includes(each))
      )
    })
    assert.deepEqual(found.sort(), wanted.sort(), words.join('|'))
  }
})
