import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { setDigest } from '../app/reference-rules.js'
import { MOUNT, post } from '../app/yum-client.js'

const PATHS = ['/yum/a.rpm', '/yum/b.rpm']
const DIGEST = `${MOUNT}/digest/${setDigest(PATHS)}`
const SINGLE = `${MOUNT}/single/yum/a.rpm`

async function serveSet(t: Parameters<typeof serveMirror>[0]) {
  const { port } = await serveMirror(t, { files: { 'yum/a.rpm': 'a', 'yum/b.rpm': 'b' } })
  await post(port, PATHS)
  return port
}

test('a client that has the torrent gets 304 by its tag, and must revalidate', async (t) => {
  const port = await serveSet(t)
  for (const address of [DIGEST, SINGLE]) {
    const { headers } = await ask(port, address)
    const etag = headers.etag!
    assert.match(etag, /^"[\w-]{20,}"$/)
    assert.equal(headers['last-modified'], undefined)
    assert.match(headers['cache-control']!, /no-cache/)
    const conditions: Record<string, string>[] = [
      { 'If-None-Match': etag },
      { 'If-None-Match': `"other", W/${etag}` },
      { 'If-None-Match': '*' },
    ]
    for (const condition of conditions) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await ask(port, address, { method, headers: condition })
        assert.equal(answer.status, 304, JSON.stringify(condition))
        assert.equal(answer.body.length, 0)
        assert.equal(answer.headers.etag, etag)
      }
    }
  }
})

test('torrents that differ only in their web seed have different tags', async (t) => {
  const port = await serveSet(t)
  const one = await ask(port, SINGLE, { headers: { Host: 'one.example' } })
  const two = await ask(port, SINGLE, { headers: { Host: 'two.example' } })
  assert.notEqual(one.headers.etag, two.headers.etag)
  assert.ok(one.body.includes('http://one.example/yum/'))
  assert.ok(two.body.includes('http://two.example/yum/'))
  const again = await ask(port, SINGLE, { headers: { Host: 'one.example' } })
  assert.deepEqual(again.body, one.body)
})
