import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expireSome } from '../../../src/tracker/app/expire-some.js'

/** A store of so many places, all of which hold a peer that is gone. */
function makeStore(places: number) {
  const seen = { places: 0, turns: 0 }
  const expire = (slots: number) => {
    seen.turns += 1
    seen.places = Math.min(places, seen.places + slots)
    return seen.places === places
  }
  return { store: { expire }, seen }
}

test('others have their turn while the places of a large store are looked at', async () => {
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

test('a million places take less than half a minute, twice a second', async () => {
  const { store, seen } = makeStore(1_000_000)
  await expireSome(store)
  assert.ok(seen.places * 2 * 31 > 1_000_000, `${seen.places}`)
})

test('at the end of a store it rests', async () => {
  const { store, seen } = makeStore(1500)
  await expireSome(store)
  assert.deepEqual(seen, { places: 1500, turns: 2 })
})
