import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const CHALLENGE = '.well-known/acme-challenge/token'
const FILES = { [CHALLENGE]: 'answer', '.well-known/.htpasswd': 'secret', 'a/.well-known/x': 'x' }

test('a challenge for a certificate is answered, as RFC 8615 places it', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { status, body } = await ask(port, `/${CHALLENGE}`)
  assert.deepEqual([status, String(body)], [200, 'answer'])
})

test('well-known files are listed nowhere and have no views', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  for (const address of [
    '/.well-known/',
    '/.well-known/acme-challenge/',
    '/.well-known/.htpasswd',
    '/a/.well-known/x',
    `/${CHALLENGE}.torrent`,
    `/${CHALLENGE}?torrent`,
    `/-/view/${CHALLENGE}.torrent`,
    `/-/view/${CHALLENGE}.details`,
    `/.well-known/torrent_service/single/${CHALLENGE}`,
    '/a/torrent_service/single/.well-known/acme-challenge/*',
  ]) {
    assert.equal((await ask(port, address)).status, 404, address)
  }
  assert.doesNotMatch(String((await ask(port, '/')).body), /well-known/)
})
