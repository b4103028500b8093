import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { requestText, type RawAnswer } from './raw.js'
import { besiege, digestAddress, SINGLE } from './siege.js'

const TARGET = `${SINGLE}/yum/good.rpm`

const PUBLIC = ['--public-url', 'https://public.example/pub/']

/** Values of Host that could do harm in a URL. */
const ODD = [
  '',
  'evil.example/x',
  '/',
  'a b',
  'a\tb',
  'a"b',
  "a'b",
  'a\\b',
  '<b>',
  'user@evil.example',
  'user:password@evil.example',
  'evil.example?x',
  'evil.example#x',
  'a,b',
  'a;b',
  '*',
  '..',
  '-',
  '%00',
  'a%0d%0ax',
  'a:b',
  'a:',
  ':80',
  'a:123456',
  'a:80:80',
  '[::1',
  '::1',
  '[::1]x',
  'http://evil.example',
  'm\xfcller.example',
  'm\xc3\xbcller.example',
  `${'a'.repeat(300)}.example`,
  'a'.repeat(8000),
]

function addressIn({ body }: RawAnswer): unknown {
  return decodeTorrent(Buffer.from(body, 'latin1'))['url-list']
}

test('refuses odd Hosts', async (t) => {
  await besiege(t, {}, async ({ ask, get, checkRefused }) => {
    for (const host of ODD) {
      await t.test(JSON.stringify(host.slice(0, 40)), async () => {
        // The answer to others must not be sent to this client
        assert.equal((await get(TARGET)).status, 200)
        checkRefused(await ask(requestText(`GET ${TARGET}`, [`Host: ${host}`])), 400)
      })
    }
  })
})

test('with --public-url, accepts any Host that HTTP allows', async (t) => {
  await besiege(t, { args: PUBLIC }, async ({ ask }) => {
    for (const host of ODD) {
      const answer = await ask(requestText(`GET ${TARGET}`, [`Host: ${host}`]))
      assert.equal(answer.status, 200, host)
      assert.deepEqual(addressIn(answer), ['https://public.example/pub/yum/'])
    }
  })
})

test('refuses two Hosts', async (t) => {
  await besiege(t, {}, async ({ ask, get, checkRefused }) => {
    assert.equal((await get(TARGET)).status, 200)
    for (const hosts of [
      ['mirror.example', 'evil.example'],
      ['mirror.example', 'mirror.example'],
    ]) {
      const fields = hosts.map((host) => `Host: ${host}`)
      checkRefused(await ask(requestText(`GET ${TARGET}`, fields)), 400)
    }
  })
})

test('refuses HTTP/1.0 without Host, because its torrent would have no web seed', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    checkRefused(await ask(`GET ${TARGET} HTTP/1.0\r\n\r\n`), 400)
  })
})

test('with --public-url, accepts HTTP/1.0 without Host', async (t) => {
  await besiege(t, { args: PUBLIC }, async ({ ask }) => {
    const answer = await ask(`GET ${TARGET} HTTP/1.0\r\n\r\n`)
    assert.deepEqual(addressIn(answer), ['https://public.example/pub/yum/'])
  })
})

test('refuses a request of HTTP/1.1 without Host in a line of text', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    checkRefused(await ask(requestText(`GET ${TARGET}`, [])), 400)
    checkRefused(await ask(requestText('GET /yum/good.rpm', [])), 400)
  })
})

test('refuses an invalid Host for a known set, too', async (t) => {
  await besiege(t, {}, async ({ ask, post, checkRefused }) => {
    const paths = ['/yum/good.rpm']
    assert.equal((await post(paths)).status, 200)
    const fields = ['Host: evil.example/x']
    checkRefused(await ask(requestText(`GET ${digestAddress(paths)}`, fields)), 400)
  })
})

test('ignores headers by which a proxy would name another host', async (t) => {
  await besiege(t, {}, async ({ ask }) => {
    const evil = ['X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example;proto=https']
    const answer = await ask(requestText(`GET ${TARGET}`, ['Host: mirror.example', ...evil]))
    assert.deepEqual(addressIn(answer), ['http://mirror.example/yum/'])
  })
})

for (const host of [
  'mirror.example',
  'mirror.example:8080',
  '10.0.0.1',
  '[2001:db8::1]:80',
  'a_b',
]) {
  test(`writes the Host ${host} into the torrent`, async (t) => {
    await besiege(t, {}, async ({ ask }) => {
      const answer = await ask(requestText(`GET ${TARGET}`, [`Host: ${host}`]))
      assert.deepEqual(addressIn(answer), [`http://${host}/yum/`])
    })
  })
}
