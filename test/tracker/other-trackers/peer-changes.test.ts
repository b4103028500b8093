import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeerChanges } from '../../../src/tracker/other-trackers/peer-changes.js'
import { SwarmReader } from '../../../src/tracker/swarms/swarm-records.js'
import { announceOf, makeStore } from '../swarms/store.js'

test('other trackers hear of each browser behind an address, also after a failure', async () => {
  const { store } = makeStore()
  const changes = new PeerChanges(store, () => 0)
  store.onChange = changes.note
  const announce = (peer: string) => store.announce(announceOf({ peer, port: 0, key: 7 }))
  for (const peer of ['a', 'b']) announce(peer)
  await changes.sendBy(() => Promise.resolve(false))
  for (const peer of ['c', 'a']) announce(peer)
  const other = makeStore().store
  await changes.sendBy(({ bytes }) => {
    const reader = other.restore(0)
    reader.write(bytes)
    reader.end()
    return Promise.resolve(true)
  })
  assert.equal(other.totals().peers, 3)
})

test('the time of a stop passes to milliseconds, also if it is sent later', async () => {
  const [here, there] = [makeStore(), makeStore()]
  const changes = new PeerChanges(here.store, () => here.clock.now)
  here.store.onChange = changes.note
  there.store.announce(announceOf({ peer: 'a' }))
  here.clock.now += 0.003
  here.store.announce(announceOf({ peer: 'a', event: 'stopped' }))
  here.clock.now += 1.5
  const ages: number[] = []
  await changes.sendBy(({ at, bytes }) => {
    const peer = (_: unknown, age: number) => ages.push(at - age / 1000 - there.clock.now)
    const ignore = () => undefined
    new SwarmReader({ tracker: ignore, swarm: ignore, peer }).write(bytes)
    return Promise.resolve(true)
  })
  assert.deepEqual(
    ages.map((age) => age.toFixed(3)),
    ['0.003'],
  )
})
