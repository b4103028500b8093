import { test } from 'node:test'
import { compareHistory, TIMEOUT } from './plain-histories.js'
import { makeStore } from './store.js'

test('40,000 random announces give the same state as the model', () => {
  const { store, clock } = makeStore({ peerTimeout: TIMEOUT })
  const expire = () => {
    while (!store.expire(100));
  }
  compareHistory({ store, clock, announces: 40_000, seed: 3, expire })
})
