import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeTrackers, readTrackers } from '../../../src/metainfo/edit/trackers.js'
import { edited, torrentWith } from './edited.js'

const A = 'http://a.example/announce'
const B = 'udp://b.example:6969'

test('trackers that are not UTF-8 come through an edit of others', () => {
  const odd = Buffer.from('http://\xff.example/', 'latin1')
  const before = torrentWith({ announce: odd, 'announce-list': [[odd]] })
  const add = changeTrackers(({ announce, tiers }) => ({
    announce,
    tiers: [...(tiers ?? []), [B]],
  }))
  const after = edited(before, add)
  const expected = torrentWith({ announce: odd, 'announce-list': [[odd], [B]] })
  assert.deepEqual(after.bytes, expected.bytes)
})

test('trackers given back as they were change nothing, however odd', () => {
  const before = torrentWith({ announce: '', 'announce-list': [[], A] })
  const same = changeTrackers((trackers) => trackers)
  assert.equal(edited(before, same), before)
  assert.deepEqual(readTrackers(before), { announce: null, tiers: [[], [A]] })
})
