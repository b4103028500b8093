import assert from 'node:assert/strict'
import { test } from 'node:test'
import { magnetLink } from '../../src/metainfo/magnet.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import {
  directoryInfo,
  goldenTorrent,
  singleFileInfo,
  torrentOf,
  type PlainDict,
} from '../support/torrents.js'

function linkOf(info: PlainDict, beside: PlainDict = {}): string {
  return magnetLink(parseMetainfo(torrentOf(info, beside)))
}

test('a magnet link has the hash, the name and the size', () => {
  const { infoHash } = parseMetainfo(torrentOf(singleFileInfo()))
  assert.equal(linkOf(singleFileInfo()), `magnet:?xt=urn:btih:${infoHash ?? ''}&dn=a.txt&xl=5`)
})

test('names are percent-encoded', () => {
  assert.match(linkOf(singleFileInfo({ name: 'a b&c=d+é#?' })), /&dn=a%20b%26c%3Dd%2B%C3%A9%23%3F&/)
})

test('trackers come in order, each once, then web seeds', () => {
  const beside = {
    announce: 'http://b/announce?x=1',
    'announce-list': [['http://a/', 'http://b/announce?x=1'], ['udp://c:80'], [''], ['http://a/']],
    'url-list': ['http://w/1', 'http://w/1', 'http://w/2'],
  }
  const [, tail] = linkOf(singleFileInfo(), beside).split('&xl=5&')
  assert.equal(
    tail,
    'tr=http%3A%2F%2Fb%2Fannounce%3Fx%3D1&tr=http%3A%2F%2Fa%2F&tr=udp%3A%2F%2Fc%3A80' +
      '&ws=http%3A%2F%2Fw%2F1&ws=http%3A%2F%2Fw%2F2',
  )
})

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
