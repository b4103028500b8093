import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { spliceTorrent, topLevelValue } from '../../../src/metainfo/edit/splice-torrent.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { withoutKeys } from '../../support/without-keys.js'

const metainfo = parseMetainfo(torrentOf(singleFileInfo({ odd: 'x' }), { comment: 'c', zzz: 1 }))

test('an edit of the top level leaves the bytes of info alone', () => {
  const bytes = spliceTorrent(metainfo, { top: new Map([['comment', Buffer.from('3:new')]]) })
  const after = parseMetainfo(bytes)
  assert.deepEqual([after.comment, after.infoHash], ['new', metainfo.infoHash])
  assert.equal(withoutKeys(bytes, ['comment']), withoutKeys(metainfo.bytes, ['comment']))
})

test('an edit of info leaves all else in it alone', () => {
  const bytes = spliceTorrent(metainfo, { info: new Map([['private', Buffer.from('i1e')]]) })
  const after = parseMetainfo(bytes)
  assert.equal(after.private, true)
  assert.notEqual(after.infoHash, metainfo.infoHash)
  const infoOf = ({ bytes, infoSpan }: typeof after) => bytes.subarray(infoSpan.start, infoSpan.end)
  assert.equal(withoutKeys(infoOf(after), ['private']), withoutKeys(infoOf(metainfo), []))
  assert.equal(withoutKeys(bytes, ['info']), withoutKeys(metainfo.bytes, ['info']))
})

test('no change gives back the very same array', () => {
  const same = { top: new Map([['comment', Buffer.from('1:c')]]), info: new Map([['nil', null]]) }
  assert.equal(spliceTorrent(metainfo, same), metainfo.bytes)
  assert.equal(spliceTorrent(metainfo, {}), metainfo.bytes)
})

test('a top-level value is decoded alone', () => {
  assert.equal(topLevelValue(metainfo, 'zzz'), 1)
  assert.equal(topLevelValue(metainfo, 'nil'), undefined)
})
