import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const ANY = 'application/octet-stream'

test('the type of a file follows from the extension after its last dot', async (t) => {
  const types = {
    'pub/a.txt': 'text/plain; charset=utf-8',
    'pub/A.HTML': 'text/html',
    'pub/a.tar.gz': 'application/gzip',
    'pub/in': ANY,
    'pub/html': ANY,
    'pub.txt/in': ANY,
    'pub/README.unknown': ANY,
    'pub/a.txt.': ANY,
    'pub/a.unknown-to-all': ANY,
  }
  const files = Object.fromEntries(Object.keys(types).map((path) => [path, 'x']))
  const { port } = await serveMirror(t, { files })
  for (const [path, type] of Object.entries(types)) {
    const { status, headers } = await ask(port, `/${path}`)
    assert.deepEqual([status, headers['content-type']], [200, type], path)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
})

test('files whose names mean text are text, unless their bytes cannot be', async (t) => {
  const utf8 = 'text/plain; charset=utf-8'
  const names = ['README', 'readme', 'LICENSE', 'COPYING', 'ChangeLog', 'NEWS', 'Makefile']
  const lists = ['SHA256SUMS', 'MD5SUMS', 'CHECKSUM', 'InRelease', 'Contents-amd64']
  const kinds: Record<string, [string | Uint8Array, string]> = {
    ...Object.fromEntries([...names, ...lists].map((name) => [`pub/${name}`, ['Grüße', utf8]])),
    'pub/latin1/README': [Buffer.from('Gr\xfc\xdfe', 'latin1'), 'text/plain'],
    'pub/packed/README': [Buffer.from('\x1f\x8b\0\0'), ANY],
    'pub/SHA256SUMS.gpg': ['x', ANY],
  }
  const files = Object.fromEntries(
    Object.entries(kinds).map(([path, [content]]) => [path, content]),
  )
  const { port } = await serveMirror(t, { files })
  for (const [path, [, type]] of Object.entries(kinds))
    assert.equal((await ask(port, `/${path}`)).headers['content-type'], type, path)
})

test('a hidden file without an extension has no type of its own either', async (t) => {
  const { port } = await serveMirror(t, { files: { 'pub/.html': 'x' }, args: ['--hidden'] })
  assert.equal((await ask(port, '/pub/.html')).headers['content-type'], ANY)
})

test('UTF-8 is declared, also in parts and to HEAD; other encodings are not', async (t) => {
  const head = 'x'.repeat(16 * 1024 - 1)
  const utf8 = 'text/plain; charset=utf-8'
  const kinds: Record<string, [string | Uint8Array, string]> = {
    'pub/utf8.txt': ['Grüße, 世界\n', utf8],
    'pub/empty.txt': ['', utf8],
    // The last character of the examined bytes is complete in the file
    'pub/across.txt': [`${head}€ and more`, utf8],
    'pub/latin1.txt': [Buffer.from('Gr\xfc\xdfe an alle\n', 'latin1'), 'text/plain'],
    'pub/utf16.txt': [Buffer.from('\ufeffhello', 'utf16le'), 'text/plain'],
    'pub/style.css': ['p::before { content: "→" }', 'text/css; charset=utf-8'],
    'pub/data.json': ['"ü"', 'application/json'],
    // The file declares its own encoding
    'pub/page.html': ['<meta charset=iso-8859-1>', 'text/html'],
  }
  const files = Object.fromEntries(
    Object.entries(kinds).map(([path, [content]]) => [path, content]),
  )
  const { port } = await serveMirror(t, { files })
  for (const [path, [content, type]] of Object.entries(kinds)) {
    for (const method of ['GET', 'HEAD']) {
      const headers = content.length > 0 ? { Range: 'bytes=1-3' } : {}
      const answer = await ask(port, `/${path}`, { method, headers })
      assert.equal(answer.headers['content-type'], type, `${method} ${path}`)
    }
  }
})
