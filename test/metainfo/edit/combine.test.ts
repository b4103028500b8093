import assert from 'node:assert/strict'
import { test } from 'node:test'
import { combineEdits } from '../../../src/metainfo/edit/splice-torrent.js'
import { setDetails, setName } from '../../../src/metainfo/edit/details.js'
import { setSeeds } from '../../../src/metainfo/edit/lists.js'
import { singleFileInfo } from '../../support/torrents.js'
import { edited, torrentWith } from './edited.js'

test('all edits are made at once, outside info and inside', () => {
  const edits = [
    setDetails({ comment: 'c', source: 'S' }),
    setName('b.txt'),
    setSeeds('url-list', ['http://a.example/']),
  ]
  const after = edited(torrentWith({}), combineEdits(edits))
  const beside = { comment: 'c', 'url-list': ['http://a.example/'] }
  const info = singleFileInfo({ name: 'b.txt', source: 'S' })
  assert.deepEqual(after.bytes, torrentWith(beside, info).bytes)
})

test('edits that change nothing together change nothing', () => {
  const before = torrentWith({ comment: 'c' })
  const edits = [setDetails({ comment: 'c' }), setName('a.txt')]
  assert.equal(edited(before, combineEdits(edits)), before)
})
