import assert from 'node:assert/strict'
import { test } from 'node:test'
import { otherKeys } from '../../src/metainfo/other-keys.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { singleFileInfo, torrentOf } from '../support/torrents.js'

test('keys that nothing is read from are named, those in info first', () => {
  const torrent = torrentOf(singleFileInfo({ x: 1, md5sum: 'a' }), { zz: 1, encoding: 'UTF-8' })
  assert.deepEqual(otherKeys(parseMetainfo(torrent)), ['info.md5sum', 'info.x', 'encoding', 'zz'])
})

test('keys that are known beside info are others in it', () => {
  const torrent = torrentOf(singleFileInfo({ comment: 'a' }), { private: 1 })
  assert.deepEqual(otherKeys(parseMetainfo(torrent)), ['info.comment', 'private'])
})

test('a key is named in its letters', () => {
  const torrent = torrentOf(singleFileInfo(), { schlüssel: 1 })
  assert.deepEqual(otherKeys(parseMetainfo(torrent)), ['schlüssel'])
})
