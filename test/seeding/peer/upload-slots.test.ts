import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UploadSlots } from '../../../src/seeding/peer/upload-slots.js'

/** A seed's slots with a clock that only the test moves, and peers that want data. */
function startSlots() {
  let now = 0
  const slots = new UploadSlots(() => now)
  const makePeer = (client: string, isBusy: boolean) => ({
    client,
    hasSlot: false,
    get busyAt() {
      return isBusy ? now : 0
    },
    unchoke() {
      this.hasSlot = true
    },
    choke() {
      this.hasSlot = false
    },
  })
  /** Peers of a client that want data. */
  const crowd = (count: number, client: string, isBusy = true) => {
    const peers = Array.from({ length: count }, () => makePeer(client, isBusy))
    for (const peer of peers) slots.want(peer)
    return peers
  }
  const pass = (seconds: number) => {
    for (let n = 0; n < seconds; n++) {
      now += 1000
      slots.turn()
    }
  }
  return { slots, crowd, pass }
}

const served = (peers: readonly { hasSlot: boolean }[]) => {
  return peers.filter(({ hasSlot }) => hasSlot).length
}

test('a client whose peers hold all slots gives them to other clients at once, except 8', () => {
  const { slots, crowd } = startSlots()
  const many = crowd(64, 'a')
  assert.equal(served(many), 64)
  for (let n = 0; n < 56; n++) assert.equal(served(crowd(1, `other ${n}`)), 1)
  assert.equal(served(many), 8)
  assert.equal(served(crowd(1, 'one more')), 0)
  assert.equal(slots.used, 64)
})

test('a few clients with many peers never keep another from a slot', () => {
  const { crowd, pass } = startSlots()
  for (const client of ['a', 'b', 'c', 'd']) crowd(60, client)
  const [peer] = crowd(1, 'other')
  for (let n = 0; n < 60; n++) {
    assert.equal(peer?.hasSlot, true, `after ${n} s`)
    pass(1)
  }
})

test('a peer that asks for nothing loses its slot in seconds to one that waits', () => {
  const { crowd, pass } = startSlots()
  const idle = Array.from({ length: 64 }, (_, n) => crowd(1, `idle ${n}`, false)).flat()
  const waiting = Array.from({ length: 10 }, (_, n) => crowd(1, `other ${n}`)).flat()
  assert.equal(served(waiting), 0)
  pass(4)
  assert.equal(served(waiting), 10)
  assert.equal(served(idle), 54)
})

test('a peer that asks for nothing keeps its slot while nobody waits', () => {
  const { crowd, pass } = startSlots()
  const idle = crowd(64, 'a', false)
  pass(60)
  assert.equal(served(idle), 64)
})

for (const [whose, count, clientOf] of [
  ['many clients', 100, String],
  ['one client', 80, () => 'a'],
] as const) {
  test(`peers of ${whose} that want data all the time have their turns`, () => {
    const { crowd, pass } = startSlots()
    const peers = Array.from({ length: count }, (_, n) => crowd(1, clientOf(n))).flat()
    const served = new Set<unknown>()
    for (let n = 0; n < 60; n++) {
      for (const peer of peers) if (peer.hasSlot) served.add(peer)
      pass(1)
    }
    assert.equal(served.size, count)
  })
}
