import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseClientAddress } from '../../src/clients/address.js'

const urls: Readonly<Record<string, string>> = {
  'transmission+http://host': 'http://host:9091/transmission/rpc',
  'transmission+https://host:443/x/rpc': 'https://host:443/x/rpc',
  'qbittorrent+http://host:80': 'http://host:80/',
  'aria2+http://host': 'http://host:6800/jsonrpc',
  'deluge+http://host': 'http://host:8112/json',
  'rtorrent+https://host': 'https://host:443/RPC2',
  'transmission://[::1]': 'http://[::1]:9091/transmission/rpc',
}

for (const [text, url] of Object.entries(urls)) {
  void test(`${text} is reached at ${url}`, () => {
    assert.equal(parseClientAddress(text).url, url)
  })
}

void test('credentials are read, and are not part of what the client is called', () => {
  const address = parseClientAddress('deluge+http://me:a%40b%3a@host')
  assert.deepEqual([address.user, address.password], ['me', 'a@b:'])
  assert.equal(address.label, 'deluge+http://host:8112')
})

void test('rtorrent is reached by a socket or a port', () => {
  const socket = parseClientAddress('scgi+unix:///run/rtorrent.sock')
  assert.deepEqual(socket.scgi, { path: '/run/rtorrent.sock' })
  const port = parseClientAddress('scgi://[::1]:5000')
  assert.deepEqual(port.scgi, { host: '::1', port: 5000 })
  assert.equal(port.isLocal, true)
  assert.equal(parseClientAddress('scgi://seedbox:5000').isLocal, false)
})

for (const text of ['http://host', 'utorrent+http://host', 'aria2+ftp://host', 'scgi://host', '']) {
  void test(`'${text}' is no address of a client`, () => {
    assert.throws(() => parseClientAddress(text), { code: 'usage' })
  })
}

void test('a refused address is told without its password', () => {
  assert.throws(
    () => parseClientAddress('nothing+http://me:Pa55@host'),
    (error: Error) => !error.message.includes('Pa55') && error.message.includes('//host'),
  )
})
