import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const HTTPS = { Host: 'mirror.example', 'X-Forwarded-Proto': 'https' }
const TRUSTED = ['--trust-proxy', '127.0.0.1']

/** The warnings of a mirror after two requests for a torrent. */
async function warningsWith(
  t: Parameters<typeof serveMirror>[0],
  args: readonly string[],
  headers: Readonly<Record<string, string>> = HTTPS,
): Promise<string[]> {
  const served = await serveMirror(t, { files: { a: 'x' }, args: ['--log', 'off', ...args] })
  for (let i = 0; i < 2; i++) {
    const { status } = await ask(served.port, '/a.torrent', { headers })
    assert.equal(status, 200)
  }
  return served.stderr.text.split('\n').filter((line) => line !== '')
}

test('behind a TLS proxy without --public-url, one warning says what to type', async (t) => {
  assert.deepEqual(await warningsWith(t, TRUSTED), [
    'btkit: warning: the proxy speaks HTTPS, but torrents name http://mirror.example as web seed; give --public-url https://mirror.example',
  ])
})

test('no warning with --public-url, from an untrusted proxy, or over plain HTTP', async (t) => {
  const publicUrl = ['--public-url', 'https://mirror.example']
  const plain = { ...HTTPS, 'X-Forwarded-Proto': 'http' }
  assert.deepEqual(await warningsWith(t, [...TRUSTED, ...publicUrl]), [])
  assert.deepEqual(await warningsWith(t, []), [])
  assert.deepEqual(await warningsWith(t, TRUSTED, plain), [])
})
