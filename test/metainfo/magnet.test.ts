import assert from 'node:assert/strict'
import { test } from 'node:test'
import { magnetLink, parseMagnet } from '../../src/metainfo/magnet.js'
import { contentSize } from '../../src/metainfo/metainfo.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import {
  type PlainDict,
  directoryInfo,
  goldenTorrent,
  singleFileInfo,
  torrentOf,
} from '../support/torrents.js'
import { assertRefused } from './refusal.js'

function linkOf(info: PlainDict, beside: PlainDict = {}): string {
  return magnetLink(parseMetainfo(torrentOf(info, beside)))
}

test('a torrent of no bytes has no size to tell', () => {
  assert.doesNotMatch(linkOf(singleFileInfo({ length: 0, pieces: '' })), /xl=/)
})

test('a v2 torrent has a multihash, a hybrid both', () => {
  const v2 = magnetLink(parseMetainfo(goldenTorrent('v2-single.torrent')))
  assert.match(v2, /^magnet:\?xt=urn:btmh:1220[0-9a-f]{64}&dn=content\.bin&xl=40001&tr=/)
  const hybrid = magnetLink(parseMetainfo(goldenTorrent('hybrid-directory.torrent')))
  assert.match(
    hybrid,
    /^magnet:\?xt=urn:btih:[0-9a-f]{40}&xt=urn:btmh:1220[0-9a-f]{64}&dn=content&/,
  )
})

test('pad files do not count for the size', () => {
  const files = [
    { path: ['a'], length: 5 },
    { path: ['.pad', '11'], length: 11, attr: 'p' },
    { path: ['b'], length: 3 },
  ]
  assert.match(linkOf(directoryInfo(files)), /&xl=8$/)
})

test('peers are named by host and port, an IPv6 address in brackets', () => {
  const peers = [
    { host: '192.0.2.1', port: 6881 },
    { host: '2001:db8::1', port: 6882 },
    { host: 'a&b', port: 1 },
    { host: '192.0.2.1', port: 6881 },
  ]
  const link = magnetLink({ ...parseMetainfo(goldenTorrent('v2-single.torrent')), peers })
  assert.match(link, /&x\.pe=192\.0\.2\.1:6881&x\.pe=\[2001:db8::1\]:6882&x\.pe=a%26b:1$/)
  assert.ok(parseMagnet(link).namesPeers)
})

const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const TOPIC = `xt=urn:btih:${HASH}`

test('a link that btkit wrote has what it says', () => {
  const metainfo = parseMetainfo(goldenTorrent('v2-single.torrent'))
  const trackers = ['http://a/announce?x=1&y', 'udp://b:80']
  const webSeeds = ['http://w/a%20b']
  const exactSource = 'http://t/a.torrent?x=1'
  const announceList = trackers.map((tracker) => [tracker])
  const around = { announce: null, announceList, webSeeds, exactSource }
  assert.deepEqual(parseMagnet(magnetLink({ ...metainfo, ...around, infoHash: HASH })), {
    infoHash: HASH,
    infoHashV2: metainfo.infoHashV2,
    name: metainfo.name,
    size: contentSize(metainfo),
    trackers,
    webSeeds,
    exactSources: [exactSource],
    selectsFiles: false,
    namesPeers: false,
  })
})

// python3 -c 'import base64; print(base64.b32encode(bytes.fromhex("c12fe1c0…")).decode())'
test('a hash may be in base32, in capitals or not, and slashes before the question mark', () => {
  for (const link of [
    'magnet:?xt=urn:btih:YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK',
    'magnet:?xt=urn:btih:yex6dqdlxisuvhoj6um3gnnkpqjwpkek',
    ` magnet:?${TOPIC}\n`,
    `MAGNET:?XT=urn:BTIH:${HASH.toUpperCase()}`,
    // Transmission reads a link as a URL, whose authority and path do not matter
    ...['/', '//', '///'].map((slashes) => `magnet:${slashes}?${TOPIC}`),
  ])
    assert.equal(parseMagnet(link).infoHash, HASH)
})

test('parameters may be numbered, and unknown ones do no harm', () => {
  const link = `magnet:?x.pe=1.2.3.4:5&xt.1=urn:btih:${HASH}&tr.1=http%3A%2F%2Fa%2F&tr.2=http://b/&tr.1=http://a/`
  assert.deepEqual(parseMagnet(link).trackers, ['http://a/', 'http://b/'])
})

test('the name and the size are read, and are null if there are none or they are wrong', () => {
  const { name, size } = parseMagnet(`magnet:?${TOPIC}&dn=a+b%20%C3%A4&xl=12345678901`)
  assert.deepEqual([name, size], ['a b ä', 12_345_678_901])
  for (const rest of ['', '&dn=&xl=', '&xl=-1', '&xl=1e3', '&xl=9007199254740992']) {
    const link = parseMagnet(`magnet:?${TOPIC}${rest}`)
    assert.deepEqual([link.name, link.size], [null, null])
  }
})

test('what can be no tracker, seed or source is left out', () => {
  const link = `magnet:?${TOPIC}&tr=file:///etc&ws=javascript:x&xs=urn:btih:${HASH}&xs=http://&so=0`
  const { trackers, webSeeds, exactSources, selectsFiles } = parseMagnet(link)
  assert.deepEqual([trackers, webSeeds, exactSources, selectsFiles], [[], [], [], true])
})

test('a link that names no torrent is refused, as is one of several', () => {
  const one = 'magnet link: names no torrent by xt=urn:btih:HASH or xt=urn:btmh:HASH'
  const other = 'a'.repeat(40)
  assertRefused(() => parseMagnet('magnet:?dn=a'), 'usage', one)
  assertRefused(() => parseMagnet('magnet:'), 'usage', 'magnet link: no ? after magnet:')
  assertRefused(
    () => parseMagnet('magnet:?xt=urn:sha1:abc'),
    'usage',
    'magnet link: urn:sha1:abc: not xt=urn:btih:HASH or xt=urn:btmh:HASH',
  )
  assertRefused(
    () => parseMagnet(`magnet:?${TOPIC}&xt=urn:btih:${other}`),
    'usage',
    'magnet link: names several torrents',
  )
})

test('whether peers are named is told, whatever the addresses are', () => {
  for (const peer of ['192.0.2.1:6881', '[2001:db8::1]:6881', 'peer.example:6881']) {
    assert.ok(parseMagnet(`magnet:?${TOPIC}&x.pe=${peer}`).namesPeers)
  }
})
