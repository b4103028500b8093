import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceOf, digestOf, makeStore } from './store.js'

type Store = ReturnType<typeof makeStore>['store']

const TODAY = 20_787

function note(store: Store, day: number) {
  for (const _ of store.noteSeeds(day));
}

/** Sets the seeds of a swarm. */
function seed(store: Store, seeds: number, torrent = 'torrent') {
  for (let n = 1; n <= 20; n += 1) {
    const isSeed = n <= seeds
    store.announce(announceOf({ torrent, peer: `${n}`, port: n, isComplete: isSeed }))
  }
}

const seedsOf = (store: Store, torrent = 'torrent') => store.monthOf(digestOf(torrent))?.seeds

test('each day of a swarm has its most seeds; days without a look are not known', () => {
  const { store } = makeStore()
  assert.equal(store.monthOf(digestOf('torrent')), null)
  seed(store, 2)
  note(store, TODAY)
  seed(store, 7)
  note(store, TODAY)
  seed(store, 0)
  note(store, TODAY)
  note(store, TODAY + 1)
  seed(store, 3)
  note(store, TODAY + 4)
  assert.deepEqual(store.monthOf(digestOf('torrent')), {
    day: TODAY + 4,
    seeds: [7, 0, null, null, 3],
  })
})

test('a month has 31 days, also after a year, and the days of a wrong clock are forgotten', () => {
  const { store } = makeStore()
  for (let day = 0; day < 40; day += 1) {
    seed(store, day % 20)
    note(store, TODAY + day)
  }
  const expected = Array.from({ length: 31 }, (_, i) => (i + 9) % 20)
  assert.deepEqual(seedsOf(store), expected)
  note(store, TODAY + 38)
  assert.deepEqual(seedsOf(store)?.slice(-2), [expected.at(-3), 19])
  assert.equal(seedsOf(store)?.length, 30)
  note(store, TODAY + 400)
  assert.deepEqual(seedsOf(store), [19])
})

test('the month of a swarm that is gone is not that of the next one', () => {
  const { store } = makeStore()
  seed(store, 5)
  note(store, TODAY)
  for (let n = 1; n <= 20; n += 1)
    store.announce(announceOf({ peer: `${n}`, port: n, event: 'stopped' }))
  seed(store, 2, 'next')
  note(store, TODAY + 1)
  assert.deepEqual(seedsOf(store), undefined)
  assert.deepEqual(seedsOf(store, 'next'), [2])
})

test('months are in the saved state, without those days that are over, and not for other trackers', () => {
  const [one, other] = [makeStore().store, makeStore().store]
  for (const [day, seeds] of [4, 9, 1].entries()) {
    seed(one, seeds)
    note(one, TODAY + day)
  }
  seed(one, 2, 'young')
  note(one, TODAY + 2)
  const restore = (to: Store, slices: Iterable<Uint8Array>) => {
    const reader = to.restore(0)
    for (const slice of slices) reader.write(slice)
    reader.end()
  }
  restore(other, one.save())
  for (const torrent of ['torrent', 'young'])
    assert.deepEqual(other.monthOf(digestOf(torrent)), one.monthOf(digestOf(torrent)))
  note(other, TODAY + 32)
  assert.equal(seedsOf(other)?.length, 31)
  assert.deepEqual([seedsOf(other)?.[0], seedsOf(other)?.at(-1)], [1, 1])
  const third = makeStore().store
  restore(third, one.saveOwn())
  assert.equal(third.monthOf(digestOf('torrent')), null)
})
