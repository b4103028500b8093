import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Torrents } from '../../../src/mirror/torrents/torrents.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const BROWSER = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

const PUB = 'Index / pub'

/** The links of the header and of the page. */
function linksOf(page: string): Record<string, string> {
  const links = [...page.matchAll(/<a\s+href="([^"]*)"[^>]*>([^<]*)</g)]
  return Object.fromEntries(links.map(([, address = '', text = '']) => [text, address]))
}

/** The header's links, with this way to the root of the mirror. */
const around = (root: string) => ({ Files: `${root}./`, Status: `${root}./-/status` })

test('a browser gets errors as pages with links back', async (t) => {
  const root = makeScratch(t, { 'pub/a/x': '1', 'pub/.old/x': '1' })
  mkdirSync(join(root, 'pub/void'))
  symlinkSync(makeScratch(t, { x: '1' }), join(root, 'pub/out'))
  const { port } = await serveMirror(t, { root })
  const cases = [
    ['/none', 404, { ...around('./') }],
    ['/none/', 404, { ...around('../') }],
    ['/pub/none', 404, { [PUB]: './', ...around('../') }],
    ['/pub/none/', 404, { [PUB]: '../', ...around('../../') }],
    ['/pub/none/b/c.iso.torrent?a/b', 404, { [PUB]: '../../', ...around('../../../') }],
    ['/pub/a/none/', 404, { 'Index / pub / a': '../', ...around('../../../') }],
    ['/pub/.old/none', 404, { [PUB]: '../', ...around('../../') }],
    ['/pub/out/none', 404, { [PUB]: '../', ...around('../../') }],
    ['/pub/1/2/3/4/none', 404, { ...around('../../../../../') }],
    ['/pub/void/?torrent', 422, { 'Index / pub / void': './', ...around('../../') }],
    ['/pub/void.torrent', 422, { [PUB]: './', ...around('../') }],
    ['/?torrent', 422, around('./')],
    ['/pub/%zz', 400, { [PUB]: './', ...around('../') }],
    ['/-/none', 404, { ...around('../') }],
  ] as const
  for (const [path, expected, links] of cases) {
    const { status, headers, body } = await ask(port, path, { headers: BROWSER })
    assert.equal(status, expected, path)
    assert.equal(headers['content-type'], 'text/html; charset=utf-8', path)
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/)
    assert.equal(String(headers.vary), 'Accept, Accept-Encoding')
    assert.deepEqual(linksOf(body.toString()), links, path)
  }
})

test('the page says in words what programs get as a line, as text', async (t) => {
  const { port } = await serveMirror(t, { files: { a: '1' } })
  const path = '/%3Cb%3E'
  const { status, headers, body } = await ask(port, path)
  assert.deepEqual([status, headers['content-type']], [404, 'text/plain; charset=utf-8'])
  assert.equal(String(headers.vary), 'Accept, Accept-Encoding')
  assert.equal(body.toString().split('\n').length, 2)
  const page = (await ask(port, path, { headers: BROWSER })).body.toString()
  assert.match(page, /<title>There is nothing at \/&lt;b&gt; - btkit mirror<\/title>/)
  assert.match(page, /<h1>There is nothing at \/&lt;b&gt;<\/h1>/)
  assert.match(page, /<input\s+id="search"/)
  const odd = (await ask(port, '/a;%20b:%20not%20found;%20c', { headers: BROWSER })).body.toString()
  assert.match(odd, /<h1>There is nothing at \/a; b: not found; c<\/h1>\s*<\/div>/)
  const advised = (await ask(port, '/torrent_service/x', { headers: BROWSER })).body.toString()
  assert.match(
    advised,
    /<h1>There is nothing at \/torrent_service<\/h1>[^]*?<p>Any name comes first: /,
  )
})

test('without pages of directories, the page links to none', async (t) => {
  const { port } = await serveMirror(t, { files: { a: '1' }, args: ['--no-listings'] })
  const { body } = await ask(port, '/pub/none', { headers: BROWSER })
  assert.deepEqual(linksOf(body.toString()), { Status: '.././-/status' })
})

test('the page lists the names most like what was asked, and fills the search', async (t) => {
  const files = {
    'iso/debian-13.iso': '1',
    'iso/debian-12.iso': '1',
    'iso/other': '1',
    'is/x': '1',
  }
  const { port } = await serveMirror(t, { files: { ...files, '.isos/x': '1' } })
  const visit = async (path: string) =>
    (await ask(port, path, { headers: BROWSER })).body.toString()
  const below = await visit('/isos/debian-13.iso')
  assert.match(below, /<a href="\.\.\/iso\/debian-13\.iso">Index \/ iso \/ debian-13\.iso<\/a>/)
  assert.match(below, /<input\s+id="search"[^>]*value="debian-13\.iso"/)
  const beside = linksOf(await visit('/iso/debian-13.img'))
  const alike = Object.keys(beside).filter((text) => text.startsWith('Index / iso / '))
  assert.deepEqual(alike, ['Index / iso / debian-13.iso', 'Index / iso / debian-12.iso'])
  for (const text of alike)
    assert.equal((await ask(port, new URL(beside[text]!, 'http://x/iso/').pathname)).status, 200)
  assert.doesNotMatch(await visit('/.isoz'), /\.isos/)
})

test('the operator reads of a fault of the program, and its client does not', async (t) => {
  t.mock.method(Torrents.prototype, 'obtain', () => Promise.reject(new Error('a fault')))
  const { port, stderr } = await serveMirror(t, { files: { a: '1' } })
  const { status, body } = await ask(port, '/a.torrent')
  assert.equal(status, 500)
  assert.doesNotMatch(body.toString(), /a fault/)
  assert.match(stderr.text, /^btkit: internal error: a fault /m)
})
