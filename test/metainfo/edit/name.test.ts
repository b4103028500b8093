import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSeconds, setName, setDetails } from '../../../src/metainfo/edit/details.js'
import { lostSignatures } from '../../../src/metainfo/edit/splice-torrent.js'
import { LARGEST_SECONDS } from '../../../src/metainfo/forms.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { goldenTorrent, singleFileInfo } from '../../support/torrents.js'
import { makeWithLibtorrent, needsLibtorrent } from '../libtorrent.js'
import { edited, torrentWith } from './edited.js'

test('the UTF-8 twin of the name goes along', () => {
  const twins = { name: Buffer.from([0xff]), 'name.utf-8': 'ÿ' }
  const after = edited(torrentWith({}, singleFileInfo(twins)), setName('b'))
  const expected = torrentWith({}, singleFileInfo({ name: 'b', 'name.utf-8': 'b' }))
  assert.deepEqual(after.bytes, expected.bytes)
})

test('signatures go with another info alone, and their loss is reported', () => {
  const before = torrentWith({ signatures: 'x' })
  const renamed = edited(before, setName('b'))
  assert.deepEqual(renamed.bytes, torrentWith({}, singleFileInfo({ name: 'b' })).bytes)
  assert.equal(lostSignatures(before, renamed).length, 1)
  const commented = edited(before, setDetails({ comment: 'a' }))
  assert.deepEqual(commented.bytes, torrentWith({ signatures: 'x', comment: 'a' }).bytes)
  for (const after of [commented, torrentWith({})])
    assert.deepEqual(lostSignatures(before, after), [])
})

test('the largest date is that of a signed number of JavaScript', () => {
  assert.equal(checkSeconds(LARGEST_SECONDS), LARGEST_SECONDS)
  assert.throws(() => checkSeconds(LARGEST_SECONDS + 1), { code: 'usage' })
})

test('the file of a version 2 torrent of a single file is renamed with it', () => {
  const before = parseMetainfo(new Uint8Array(goldenTorrent('v2-single.torrent')))
  const after = edited(before, setName('other.bin'))
  assert.deepEqual([after.name, after.isDirectory], ['other.bin', false])
  assert.deepEqual(after.files[0]?.path, ['other.bin'])
  assert.deepEqual(edited(after, setName(before.name)).bytes, before.bytes)
})

test('so is that of a hybrid one', needsLibtorrent, () => {
  const before = parseMetainfo(new Uint8Array(makeWithLibtorrent('hybrid', 'single')))
  const after = edited(before, setName('other.bin'))
  assert.deepEqual([after.name, after.isDirectory, after.version], ['other.bin', false, 'hybrid'])
  assert.deepEqual(edited(after, setName(before.name)).bytes, before.bytes)
})

test('the files of a version 2 directory keep their names', () => {
  const before = parseMetainfo(goldenTorrent('hybrid-directory.torrent'))
  const after = edited(before, setName('other'))
  assert.equal(after.name, 'other')
  assert.deepEqual(after.files, before.files)
})

test('a private flag is removed also if it is 0; one that means the same stays', () => {
  const zero = torrentWith({}, singleFileInfo({ private: 0 }))
  const without = torrentWith({}, singleFileInfo())
  assert.deepEqual(edited(zero, setDetails({ private: false })).bytes, without.bytes)
  assert.equal(edited(zero, setDetails({ comment: null })), zero)
  assert.equal(edited(without, setDetails({ private: false })), without)
  const two = torrentWith({}, singleFileInfo({ private: 2 }))
  assert.equal(edited(two, setDetails({ private: true })), two)
})

test('the UTF-8 twin of a text goes along', () => {
  const before = torrentWith({ comment: 'a', 'comment.utf-8': 'a' })
  const after = edited(before, setDetails({ comment: 'b' }))
  assert.deepEqual(after.bytes, torrentWith({ comment: 'b', 'comment.utf-8': 'b' }).bytes)
  const none = edited(before, setDetails({ comment: null }))
  assert.deepEqual(none.bytes, torrentWith({}).bytes)
})
