import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { checkHosts, publicAddress } from '../../../src/mirror/requests/public-address.js'
import { refused } from '../refused.js'

/** The mirror is at the root of whatever host the request names. */
const AT_ROOT = { publicUrl: null, prefix: '' }

/** A request with these Host header fields, as node:http passes it. */
function requestTo(...hosts: string[]): IncomingMessage {
  return requestOf('1.1', hosts)
}

function requestOf(httpVersion: string, hosts: string[]): IncomingMessage {
  const [host] = hosts
  const request: Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'httpVersion' | 'socket'> = {
    httpVersion,
    socket: new Socket(),
    headers: host === undefined ? {} : { host },
    rawHeaders: hosts.flatMap((each) => ['Host', each]),
  }
  return request as IncomingMessage
}

test("the address contains the client's name of the mirror", () => {
  const hosts = ['mirror.example', 'mirror.example:8080', 'localhost', 'a_b.example', '10.0.0.1:80']
  for (const host of [
    ...hosts,
    '[::1]',
    '[2001:db8::1]:8080',
    'mirror.example.',
    'Xn--Mgba.Example',
  ]) {
    assert.equal(publicAddress(requestTo(host), AT_ROOT), `http://${host}`)
  }
})

test('a Host that cannot be in a URL is refused', () => {
  const hosts = [
    '',
    ' ',
    'a b',
    'a/b',
    'a?b',
    'a#b',
    'user@host',
    'host:',
    'host:port',
    'host:123456',
    'host:99999',
    'host:0',
    'a..b',
    '.a',
    'a.-b',
    '1.2.3.999',
    '[::::]',
    '[1]',
  ]
  const more = [
    '-a',
    'ü.example',
    'a\nb',
    'a%2eb',
    '[::1',
    '::1',
    '[g::1]',
    '<b>',
    'a"b',
    "a'b",
    'a\\b',
  ]
  for (const host of [...hosts, ...more, 'a.example, b.example', 'a'.repeat(256)]) {
    assert.throws(() => publicAddress(requestTo(host), AT_ROOT), refused('usage', /Host/), host)
  }
})

test('a host in the address of the request outweighs the header', () => {
  const request = Object.assign(requestTo('a.example'), { url: 'http://b.example:81/yum' })
  assert.equal(publicAddress(request, AT_ROOT), 'http://b.example:81')
  const odd = Object.assign(requestTo('a.example'), { url: 'http://b@c/yum' })
  assert.throws(() => publicAddress(odd, AT_ROOT), refused('usage', /Host/))
})

test('a missing Host, or two, are refused', () => {
  assert.throws(() => publicAddress(requestTo(), AT_ROOT), refused('usage', /Host/))
  for (const hosts of [[], ['a.example', 'a.example']]) {
    assert.throws(
      () => {
        checkHosts(requestTo(...hosts), false)
      },
      refused('usage', /Host/),
    )
  }
})

test('HTTP/1.0 and services with a public URL need no Host', () => {
  assert.doesNotThrow(() => {
    checkHosts(requestOf('1.0', []), false)
    checkHosts(requestTo(), true)
  })
})

test('the public URL has priority over everything', () => {
  for (const request of [requestTo('evil.example'), requestTo(), requestTo('a b')]) {
    assert.equal(
      publicAddress(request, { publicUrl: 'https://m.example/pub', prefix: '' }),
      'https://m.example/pub',
    )
  }
})
