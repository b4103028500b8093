import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expireSome } from '../../../src/tracker/app/run-tracker.js'

/** A store with a number of places, all of which hold an expired peer. */
function makeStore(places: number) {
  const seen = { places: 0, turns: 0 }
  const expire = (slots: number) => {
    seen.turns += 1
    seen.places = Math.min(places, seen.places + slots)
    return seen.places === places
  }
  return { store: { expire }, seen }
}

test('other work is done while a large store is searched', async () => {
  const { store, seen } = makeStore(1_000_000)
  let turns = 0
  const count = () => {
    turns += 1
    if (seen.turns < 16) setImmediate(count)
  }
  setImmediate(count)
  await expireSome(store)
  assert.ok(turns >= seen.turns - 1, `${turns} of ${seen.turns}`)
})

test('two calls per second cover a million places in less than half a minute', async () => {
  const { store, seen } = makeStore(1_000_000)
  await expireSome(store)
  assert.ok(seen.places * 2 * 31 > 1_000_000, `${seen.places}`)
})

test('it stops at the end of the store', async () => {
  const { store, seen } = makeStore(1500)
  await expireSome(store)
  assert.deepEqual(seen, { places: 1500, turns: 2 })
})
