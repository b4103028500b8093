import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeTrackers, readTrackers, setTrackers } from '../../../src/metainfo/edit/trackers.js'
import { edited, torrentWith } from './edited.js'

const A = 'http://a.example/announce'
const B = 'udp://b.example:6969'

test('announce and list are set, or removed when they are null', () => {
  const before = torrentWith({ announce: A })
  const both = edited(before, setTrackers({ announce: B, tiers: [[B, A]] }))
  assert.deepEqual([both.announce, both.announceList], [B, [[B, A]]])
  const one = edited(both, setTrackers({ announce: A, tiers: null }))
  assert.deepEqual(one.bytes, before.bytes)
  const none = edited(one, setTrackers({ announce: null, tiers: null }))
  assert.deepEqual(none.bytes, torrentWith({}).bytes)
})

test('what means the same already stays as it is spelled', () => {
  const before = torrentWith({ announce: A, 'announce-list': [A, [B, 7]] })
  const same = edited(before, setTrackers({ announce: A, tiers: [[A], [B]] }))
  assert.equal(same, before)
})

test('an empty list or announce, or one that is no such thing, goes away', () => {
  for (const odd of [[], 'text', 5]) {
    const before = torrentWith({ announce: A, 'announce-list': odd })
    const after = edited(before, setTrackers({ announce: A, tiers: null }))
    assert.deepEqual(after.bytes, torrentWith({ announce: A }).bytes)
  }
  const empty = torrentWith({ announce: '' })
  const after = edited(empty, setTrackers({ announce: null, tiers: null }))
  assert.deepEqual(after.bytes, torrentWith({}).bytes)
})

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
