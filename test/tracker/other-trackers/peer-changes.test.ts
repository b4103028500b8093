import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeerChanges } from '../../../src/tracker/other-trackers/peer-changes.js'
import { announceOf, makeStore } from '../swarms/store.js'

test('of many browsers behind one address, other trackers hear of each', async () => {
  const { store } = makeStore()
  const changes = new PeerChanges(store, () => 0)
  store.onChange = changes.note
  for (const peer of ['a', 'b', 'c', 'a']) store.announce(announceOf({ peer, port: 0, key: 7 }))
  const other = makeStore().store
  await changes.sendBy(({ bytes }) => {
    const reader = other.restore(0)
    reader.write(bytes)
    reader.end()
    return Promise.resolve(true)
  })
  assert.equal(other.totals().peers, 3)
})
