import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import {
  ClientAddresses,
  clientKey,
  parseTrustedProxy,
} from '../../../src/server/connections/client-address.js'

/** A request from that peer, and what is told of its client; no peer means a Unix socket. */
function requestOf(proxies: readonly string[], peer: string | undefined, headers: object) {
  const request = { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage
  return { request, addresses: new ClientAddresses(proxies.map(parseTrustedProxy)) }
}

/** The client of a request from that peer. */
function clientOf(proxies: readonly string[], peer?: string, forwardedFor?: string): string | null {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
  const { request, addresses } = requestOf(proxies, peer, headers)
  return addresses.of(request)
}

for (const [what, proxies, peer, said, client] of [
  ['the peer, whatever headers say', [], '192.0.2.1', '198.51.100.7', '192.0.2.1'],
  ['the peer if it is not trusted', ['10.0.0.0/8', 'unix'], '192.0.2.1', '1.1.1.1', '192.0.2.1'],
  ['nobody on a socket that is not trusted', [], undefined, '198.51.100.7', null],
  ['named by a proxy', ['127.0.0.1'], '127.0.0.1', '198.51.100.7', '198.51.100.7'],
  ['named by a network', ['10.0.0.0/8'], '10.9.8.7', '2001:db8::1', '2001:db8::1'],
  ['named by one of IPv6', ['2001:db8::/32'], '2001:db8:1::2', '198.51.100.7', '198.51.100.7'],
  ['named on a socket', ['unix'], undefined, '198.51.100.7', '198.51.100.7'],
  ['the last hop', ['127.0.0.1'], '127.0.0.1', '1.1.1.1, 198.51.100.7', '198.51.100.7'],
  ['the last but proxies', ['10.0.0.0/8'], '10.0.0.2', '1.1.1.1,1.2.3.4 , 10.0.0.1', '1.2.3.4'],
  ['the first of proxies', ['10.0.0.0/8'], '10.0.0.2', '10.0.0.9, 10.0.0.1', '10.0.0.9'],
] as const) {
  test(`the client is ${what}`, () => {
    assert.equal(clientOf(proxies, peer, said), client)
  })
}

test('a proxy that names no address is itself the client', () => {
  for (const said of [undefined, '', 'unknown', '198.51.100.7, _hidden', '[1.2.3', '1.2.3']) {
    assert.equal(clientOf(['127.0.0.1'], '127.0.0.1', said), '127.0.0.1', said)
  }
  assert.equal(clientOf(['unix'], undefined, 'unknown'), null)
})

test('a port and brackets that a proxy adds are no part of the address', () => {
  for (const [said, client] of [
    ['198.51.100.7:4711', '198.51.100.7'],
    ['[2001:db8::9]:443', '2001:db8::9'],
    ['[2001:db8::9]', '2001:db8::9'],
    ['1.1.1.1:9, 198.51.100.7:4711, 10.0.0.1:80', '198.51.100.7'],
    ['[::ffff:192.0.2.1]:80', '192.0.2.1'],
  ] as const) {
    assert.equal(clientOf(['10.0.0.0/8'], '10.9.8.7', said), client, said)
  }
})

test('a trusted proxy that names no client is warned of once', () => {
  const warnings: string[] = []
  const addresses = new ClientAddresses([parseTrustedProxy('10.0.0.0/8')], (warning) => {
    warnings.push(warning)
  })
  const ask = (headers: Record<string, string>) => {
    addresses.of({ socket: { remoteAddress: '10.0.0.1' }, headers } as unknown as IncomingMessage)
  }
  // A check of the proxy's own health passes nothing on
  ask({})
  ask({ 'x-forwarded-for': '198.51.100.7' })
  assert.deepEqual(warnings, [])
  ask({ 'x-forwarded-for': 'unknown' })
  ask({ 'x-real-ip': '198.51.100.7' })
  assert.equal(warnings.length, 1)
  assert.match(warnings.join(), /proxy at 10\.0\.0\.1 names no client.*X-Forwarded-For is "unk/)
})

test('a request is the own one of its client unless a proxy hides that', () => {
  const [peer, named, unnamed] = ['192.0.2.1', '198.51.100.7', 'unknown']
  for (const [proxies, from, said, isOwn] of [
    [[], peer, undefined, true],
    [[], peer, named, false],
    [[], undefined, undefined, false],
    [[peer], peer, undefined, true],
    [[peer], peer, named, true],
    [[peer], peer, unnamed, false],
  ] as const) {
    const { request, addresses } = requestOf(proxies, from, { 'x-forwarded-for': said })
    assert.equal(addresses.isOwnRequest(request), isOwn, `${from} ${said}`)
  }
})

test('the first scheme that a trusted proxy names is that of the client', () => {
  const headers = { 'x-forwarded-proto': 'HTTPS , http' }
  for (const [proxy, scheme] of [
    ['192.0.2.1', 'https'],
    ['192.0.2.2', ''],
  ] as const) {
    const { request, addresses } = requestOf([proxy], '192.0.2.1', headers)
    assert.equal(addresses.forwardedScheme(request), scheme)
  }
})

test('an IPv4 address is the same in all notations of the socket', () => {
  assert.equal(clientOf([], '::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(clientOf(['127.0.0.1'], '::ffff:127.0.0.1', '::ffff:192.0.2.1'), '192.0.2.1')
})

test('clients of one IPv6 /64 are one client', () => {
  const same = ['2001:db8:0:1::1', '2001:DB8::1:2:3:4:5', '2001:db8:0:1:ffff:ffff:ffff:ffff']
  for (const address of same) assert.equal(clientKey(address), '2001:db8:0:1::/64')
  assert.equal(clientKey('2001:db8:0:2::1'), '2001:db8:0:2::/64')
  assert.equal(clientKey('::1'), '0:0:0:0::/64')
  assert.equal(clientKey('fe80::1%eth0'), 'fe80:0:0:0::/64')
  assert.equal(clientKey('192.0.2.1'), '192.0.2.1')
})

test('a proxy is an address, a network or unix', () => {
  for (const text of ['192.0.2.1', '192.0.2.0/24', '0.0.0.0/0', '::1', '2001:db8::/32', 'unix']) {
    assert.doesNotThrow(() => parseTrustedProxy(text), text)
  }
  for (const text of [
    '',
    'localhost',
    '192.0.2.1/33',
    '::1/129',
    '/8',
    '1.2.3.4/',
    '1.2.3.4/8/8',
  ]) {
    assert.throws(() => parseTrustedProxy(text), /neither unix nor an address/, text)
  }
})
