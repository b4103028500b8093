import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const ANY = 'application/octet-stream'

test('the type of a file is that of its extension, which follows a dot', async (t) => {
  const types = {
    'pub/a.txt': 'text/plain',
    'pub/A.HTML': 'text/html',
    'pub/a.tar.gz': 'application/gzip',
    'pub/in': ANY,
    'pub/html': ANY,
    'pub.txt/README': ANY,
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

test('a hidden file without an extension has no type of its own either', async (t) => {
  const { port } = await serveMirror(t, { files: { 'pub/.html': 'x' }, args: ['--hidden'] })
  assert.equal((await ask(port, '/pub/.html')).headers['content-type'], ANY)
})
