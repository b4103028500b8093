import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setDetails } from '../../../src/metainfo/edit/details.js'
import { singleFileInfo } from '../../support/torrents.js'
import { edited, torrentWith } from './edited.js'

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
