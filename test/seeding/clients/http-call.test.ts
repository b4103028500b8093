import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { parseClientAddress } from '../../../src/seeding/clients/address.js'
import { withCredentials } from '../../../src/seeding/clients/credentials.js'
import { failureWords } from '../../../src/seeding/clients/deluge.js'
import {
  callHttp,
  parseAnswer,
  refuseDense,
  XML_MARKS,
  type HttpAnswer,
} from '../../../src/seeding/clients/http-call.js'
import { longTest, quickFirst } from '../../support/long.js'
import { makeScratch } from '../../support/scratch.js'
import { serveLocally } from '../../support/listen.js'

const MIB = 2 ** 20

async function answerOf(t: TestContext, listener: RequestListener) {
  const port = await serveLocally(t, listener)
  const url = `http://127.0.0.1:${port}/`
  const { signal } = new AbortController()
  return callHttp({ url }, { label: 'Deluge', timeoutMs: 600_000, signal })
}

test('a packed answer of a client is unpacked', async (t) => {
  const answer = await answerOf(t, (_, response) => {
    response.setHeader('Content-Encoding', 'gzip').end(gzipSync('{"result":1}'))
  })
  assert.equal(answer.text, '{"result":1}')
})

longTest('an answer of more than 96 MiB is refused, packed or not', async (t) => {
  const long = Buffer.alloc(96 * MIB + 1)
  const refusal = { code: 'client', message: /Deluge: .*longer than 96 MiB/ }
  const plain = answerOf(t, (_, response) => response.end(long))
  await assert.rejects(plain, refusal)
  const packed = answerOf(t, (_, response) => {
    response.setHeader('Content-Encoding', 'gzip').end(gzipSync(long))
  })
  await assert.rejects(packed, refusal)
})

/** A torrent as in a list of qBittorrent 5: some 60 values and 1.6 KiB. */
const TORRENT = JSON.stringify({
  ...Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`some_value_${i}`, i * 1000])),
  magnet_uri: `magnet:?xt=${'a'.repeat(400)}`,
})

longTest('the list of a client with 50,000 torrents is read', () => {
  const text = `[${Array<string>(50_000).fill(TORRENT).join(',')}]`
  assert.ok(text.length > 75 * MIB)
  const torrents = parseAnswer({ text } as HttpAnswer, 'qBittorrent') as unknown[]
  assert.equal(torrents.length, 50_000)
})

const testAnswer = quickFirst()

for (const dense of ['{},', '[],', '{"a":{"b":0}},', '[[[[[[[[']) {
  testAnswer(`a long answer of ${dense} is refused without parsing it`, () => {
    const text = `[${dense.repeat((24 * MIB) / dense.length)}`
    assert.throws(() => parseAnswer({ text } as HttpAnswer, 'Deluge'), {
      code: 'client',
      message: 'Deluge: unexpected answer: more than 7000000 values',
    })
  })
}

longTest('XML of very many elements is refused', () => {
  assert.throws(() => {
    refuseDense('<a/>'.repeat(5_000_000), XML_MARKS, 'rtorrent')
  }, /rtorrent: unexpected answer: more than 4000000 values/)
})

/** As Deluge 2.0.3 has what its daemon raised. */
function failureOf(raised: string, rest: string): string {
  const head = 'Failure: [Failure instance: Traceback (failure with no frames): '
  return `${head}<class 'deluge.error.${raised}\n${rest}]`
}

test('of a failure of the daemon its words are told, not its traceback', () => {
  const traceback = 'Traceback (most recent call last):\n  File "core.py", line 9, in call\n\n'
  const unknown = failureOf("WrappedException'>: Unknown Torrent", traceback)
  assert.equal(failureWords(unknown), 'Unknown Torrent')
  const twice = failureOf("AddTorrentError'>: Torrent already in session (00).", '')
  assert.equal(failureWords(twice), 'Torrent already in session (00).')
})

test('a failure without words is told by its class', () => {
  assert.equal(failureWords(failureOf("InvalidPathError'>: ", '')), 'deluge.error.InvalidPathError')
})

test('of a plain traceback the last line is told', () => {
  const message = 'Traceback (most recent call last):\n  File "a"\nKeyError: label\n]'
  assert.equal(failureWords(message), 'KeyError: label')
  assert.equal(failureWords('Unknown method'), 'Unknown method')
  assert.equal(failureWords(']'), 'fails without saying why')
})

const urls: Readonly<Record<string, string>> = {
  'transmission+http://host': 'http://host:9091/transmission/rpc',
  'transmission+https://host:443/x/rpc': 'https://host:443/x/rpc',
  'qbittorrent+http://host:80': 'http://host:80/',
  'deluge+http://host': 'http://host:8112/json',
  'rtorrent+https://host': 'https://host:443/RPC2',
  'transmission://[::1]': 'http://[::1]:9091/transmission/rpc',
}

for (const [text, url] of Object.entries(urls)) {
  void test(`${text} is reached at ${url}`, () => {
    assert.equal(parseClientAddress(text).url, url)
  })
}

test('credentials are read, and are not part of what the client is called', () => {
  const address = parseClientAddress('deluge+http://me:a%40b%3a@host')
  assert.deepEqual([address.user, address.password], ['me', 'a@b:'])
  assert.equal(address.label, 'deluge+http://host:8112')
})

test('rtorrent is reached by a socket or a port', () => {
  const socket = parseClientAddress('scgi+unix:///run/rtorrent.sock')
  assert.deepEqual(socket.scgi, { path: '/run/rtorrent.sock' })
  const port = parseClientAddress('scgi://[::1]:5000')
  assert.deepEqual(port.scgi, { host: '::1', port: 5000 })
  assert.equal(port.isLocal, true)
  assert.equal(parseClientAddress('scgi://seedbox:5000').isLocal, false)
})

for (const text of [
  'http://host',
  'utorrent+http://host',
  'deluge+ftp://host',
  'scgi://host',
  '',
]) {
  void test(`'${text}' is no address of a client`, () => {
    assert.throws(() => parseClientAddress(text), { code: 'usage' })
  })
}

test('aria2 is no client any more, and the refusal says what to use', () => {
  const why = 'btkit does not control it any more; use btkit seed, or another client (scgi+unix:'
  assert.throws(
    () => parseClientAddress('aria2+http://:Pa55@host'),
    ({ message }: Error) => message.startsWith(`aria2+http://host: ${why}`),
  )
})

test('a refused address is told without its password', () => {
  assert.throws(
    () => parseClientAddress('nothing+http://me:Pa55@host'),
    (error: Error) => !error.message.includes('Pa55') && error.message.includes('//host'),
  )
})

const NETRC = `# clients
machine other login x password y
machine host:8080 login eight password 8
machine host
  login me # a comment
  password secret`

function plant(t: TestContext, mode = 0o600): string {
  const file = join(makeScratch(t, { netrc: NETRC }), 'netrc')
  chmodSync(file, mode)
  return file
}

function find(url: string, file: string | null): [user: string, password: string] {
  const { user, password } = withCredentials(parseClientAddress(url), file)
  return [user, password]
}

test('credentials come from the entry of the host', (t) => {
  assert.deepEqual(find('transmission+http://host', plant(t)), ['me', 'secret'])
})

test('an entry with the port goes before one without', (t) => {
  assert.deepEqual(find('qbittorrent+http://host', plant(t)), ['eight', '8'])
})

test('those of the address itself go before all', (t) => {
  assert.deepEqual(find('qbittorrent+http://a:b@host', plant(t)), ['a', 'b'])
})

test('a host without an entry, or no file at all, means no credentials', (t) => {
  assert.deepEqual(find('deluge+http://nobody', plant(t)), ['', ''])
  assert.deepEqual(find('deluge+http://host', join(makeScratch(t), 'none')), ['', ''])
})

test(
  'a file that others may read is refused',
  { skip: process.platform === 'win32' && 'no modes here' },
  (t) => {
    assert.throws(() => find('deluge+http://host', plant(t, 0o640)), { code: 'not-permitted' })
  },
)
