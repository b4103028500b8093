import assert from 'node:assert/strict'
import { test } from 'node:test'
import { singleFileInfo, torrentOf, type PlainDict } from '../../support/torrents.js'
import { ANNOUNCE, codesOf } from './torrent.js'

function codes(info: PlainDict, beside: PlainDict = ANNOUNCE): string[] {
  return codesOf(torrentOf(singleFileInfo(info), beside))
}

test('a private torrent should have a source', () => {
  assert.deepEqual(codes({ private: 1 }), ['private-without-source'])
  assert.deepEqual(codes({ private: 1, source: '' }), ['private-without-source'])
  assert.deepEqual(codes({ private: 1, source: 'TRACKER' }), [])
  assert.deepEqual(codes({ private: 0 }), [])
  assert.deepEqual(codes({}), [])
})

test('a private torrent needs a tracker', () => {
  const own = { private: 1, source: 'TRACKER' }
  assert.deepEqual(codes(own, {}), ['private-without-tracker'])
  assert.deepEqual(codes(own, { 'announce-list': [['http://a.example/']] }), [])
  assert.deepEqual(codes({}, {}), ['no-tracker'])
})

test('a private torrent must not have DHT nodes', () => {
  const nodes = { ...ANNOUNCE, nodes: [['router.example', 6881]] }
  assert.deepEqual(codes({ private: 1, source: 'T' }, nodes), ['private-with-nodes'])
  assert.deepEqual(codes({}, nodes), [])
})

test('private and source count inside info alone', () => {
  assert.deepEqual(codes({}, { ...ANNOUNCE, private: 1 }), ['misplaced-key'])
  assert.deepEqual(codes({}, { ...ANNOUNCE, source: 'x' }), ['misplaced-key'])
  assert.deepEqual(codes({ source: 'x' }), [])
})
