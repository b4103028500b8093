import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const BROWSER = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

const DIRECTORY = 'Index of the directory'

/** The links of the header and of the page. */
function linksOf(page: string): Record<string, string> {
  const links = [...page.matchAll(/<a href="([^"]*)"\s*>([^<]*)</g)]
  return Object.fromEntries(links.map(([, address = '', text = '']) => [text, address]))
}

/** The header's links, with this way to the root of the mirror. */
const around = (root: string) => ({ Files: `${root}./`, Status: `${root}./-/status` })

test('a browser gets errors as pages with links back', async (t) => {
  const root = makeScratch(t, { 'pub/a/x': '1' })
  mkdirSync(join(root, 'pub/void'))
  const { port } = await serveMirror(t, { root })
  const cases = [
    ['/none', 404, around('./')],
    ['/none/', 404, around('../')],
    ['/pub/none', 404, { [DIRECTORY]: './', ...around('../') }],
    ['/pub/none/', 404, { [DIRECTORY]: '../', ...around('../../') }],
    ['/pub/void/?torrent', 422, { [DIRECTORY]: './', ...around('../../') }],
    ['/pub/void.torrent', 422, { [DIRECTORY]: './', ...around('../') }],
    ['/?torrent', 422, around('./')],
    ['/pub/%zz', 400, { [DIRECTORY]: './', ...around('../') }],
    ['/-/none', 404, around('../')],
  ] as const
  for (const [path, expected, links] of cases) {
    const { status, headers, body } = await ask(port, path, { headers: BROWSER })
    assert.equal(status, expected, path)
    assert.equal(headers['content-type'], 'text/html; charset=utf-8', path)
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/)
    assert.equal(String(headers.vary), 'Accept')
    assert.deepEqual(linksOf(body.toString()), links, path)
  }
})

test('the page contains the same line that programs get, as text', async (t) => {
  const { port } = await serveMirror(t, { files: { a: '1' } })
  const path = '/%3Cb%3E'
  const { status, headers, body } = await ask(port, path)
  assert.deepEqual([status, headers['content-type']], [404, 'text/plain; charset=utf-8'])
  assert.equal(String(headers.vary), 'Accept')
  assert.equal(body.toString().split('\n').length, 2)
  const page = (await ask(port, path, { headers: BROWSER })).body.toString()
  assert.match(page, /<h1>404 Not Found<\/h1>\s*<p>\/&lt;b&gt;: not found\.<\/p>/)
})

test('without pages of directories, the page links to none', async (t) => {
  const { port } = await serveMirror(t, { files: { a: '1' }, args: ['--no-listings'] })
  const { body } = await ask(port, '/pub/none', { headers: BROWSER })
  assert.deepEqual(linksOf(body.toString()), { Status: '.././-/status' })
})
