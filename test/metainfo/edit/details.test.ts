import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setDetails } from '../../../src/metainfo/edit/details.js'
import { singleFileInfo } from '../../support/torrents.js'
import { edited, torrentWith } from './edited.js'

test('what is given is set, and the rest stays', () => {
  const before = torrentWith({ comment: 'old', 'created by': 'me', zzz: 'kept' })
  const after = edited(before, setDetails({ comment: 'née', creationDate: 5 }))
  const beside = { comment: 'née', 'created by': 'me', 'creation date': 5, zzz: 'kept' }
  assert.deepEqual(after.bytes, torrentWith(beside).bytes)
  assert.equal(after.infoHash, before.infoHash)
})

test('null removes, and nothing at all changes nothing', () => {
  const before = torrentWith({ comment: 'c', 'created by': 'me', 'creation date': 5 })
  const nothing = { comment: null, createdBy: null, creationDate: null, source: null }
  const after = edited(before, setDetails(nothing))
  assert.deepEqual(after.bytes, torrentWith({}).bytes)
  assert.equal(edited(after, setDetails(nothing)), after)
  assert.equal(edited(before, setDetails({})), before)
})

test('private and source are set in info, and nothing else there changes', () => {
  const before = torrentWith({}, singleFileInfo({ odd: 'x' }))
  const after = edited(before, setDetails({ private: true, source: 'S' }))
  const info = singleFileInfo({ odd: 'x', private: 1, source: 'S' })
  assert.deepEqual(after.bytes, torrentWith({}, info).bytes)
  const back = edited(after, setDetails({ private: false, source: null }))
  assert.deepEqual(back.bytes, before.bytes)
})

test('a private flag that means the same stays, and with it the info hash', () => {
  const zero = torrentWith({}, singleFileInfo({ private: 0 }))
  assert.equal(edited(zero, setDetails({ private: false })), zero)
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
