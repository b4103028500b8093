import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeStore, announceOf, digestOf, peersOf } from './store.js'
import type { SwarmStore } from '../../../src/tracker/swarms/swarm-store.js'
import type { PeerEvent } from '../../../src/tracker/swarms/swarm-types.js'
import { randomNumbers } from '../../support/pseudo-random.js'
import { longTest } from '../../support/long.js'

/** The lifetime of peers in these histories, in seconds. */
const TIMEOUT = 100

/** A model of the tracker with plain objects. */
class PlainTracker {
  readonly swarms = new Map<string, Map<string, { isComplete: boolean; heard: number }>>()

  announce(
    wish: { torrent: string; place: string; event: PeerEvent; isComplete: boolean },
    now: number,
  ) {
    const swarm =
      this.swarms.get(wish.torrent) ?? new Map<string, { isComplete: boolean; heard: number }>()
    this.swarms.set(wish.torrent, swarm)
    if (wish.event === 'stopped') swarm.delete(wish.place)
    else swarm.set(wish.place, { isComplete: wish.isComplete, heard: now })
  }

  expire(now: number) {
    for (const swarm of this.swarms.values()) {
      for (const [place, { heard }] of swarm) if (heard < now - TIMEOUT) swarm.delete(place)
    }
  }

  peersFor({
    torrent,
    place,
    event,
    isComplete,
  }: {
    torrent: string
    place: string
    event: PeerEvent
    isComplete: boolean
  }) {
    const wantsSeeds = !isComplete || event === 'started'
    const others = [...this.swarms.get(torrent)!].filter(([name]) => name !== place)
    return others
      .filter(([, peer]) => wantsSeeds || !peer.isComplete)
      .map(([name]) => name)
      .sort()
  }
}

interface History {
  readonly store: SwarmStore
  readonly clock: { now: number }
  readonly announces: number
  readonly seed: number
  /** Removes all expired peers. */
  readonly expire: () => void
}

/** Checks a store's answers to random announces against a model. */
function compareHistory({ store, clock, announces, seed, expire }: History) {
  const plain = new PlainTracker()
  const random = randomNumbers(seed)
  const below = (count: number) => random() % count
  for (let turn = 0; turn < announces; turn += 1) {
    const torrent = `torrent ${below(30)}`
    const n = below(60)
    const at =
      n % 2 === 0 ? `10.0.${below(2)}.${n}` : `2001:db8:0:${below(2)}:0:0:0:${n.toString(16)}`
    const port = 1000 + (n % 3)
    const event = (['none', 'started', 'completed', 'stopped', 'stopped'] as const)[below(5)]!
    const isComplete = event === 'completed' || below(3) === 0
    const wish = { torrent, event, isComplete, place: `${at}:${port}` }
    const announce = announceOf({ ...wish, peer: `${at}:${port}`, at, port, wanted: 500 })
    const answer = store.announce(announce)
    plain.announce(wish, clock.now)
    if (event !== 'stopped') assert.deepEqual(peersOf(answer), plain.peersFor(wish))
    if (turn % 50 === 0) {
      clock.now += 10
      expire()
      plain.expire(clock.now)
    }
  }
  for (const [torrent, peers] of plain.swarms) {
    const seeds = [...peers.values()].filter(({ isComplete }) => isComplete).length
    const counts = store.scrape(digestOf(torrent)) ?? { complete: 0, incomplete: 0 }
    assert.deepEqual([counts.complete, counts.incomplete], [seeds, peers.size - seeds])
  }
}

for (const [declare, announces] of [
  [test, 4000],
  [longTest, 40_000],
] as const)
  declare(`${announces} random announces give the same state as the model`, () => {
    const { store, clock } = makeStore({ peerTimeout: TIMEOUT })
    const expire = () => {
      while (!store.expire(100));
    }
    compareHistory({ store, clock, announces, seed: 3, expire })
  })
