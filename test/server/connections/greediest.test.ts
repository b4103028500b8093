import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Greediest } from '../../../src/server/connections/greediest.js'

test('the holder of most is known as counts change', () => {
  const greediest = new Greediest<string>()
  assert.equal(greediest.first, undefined)
  greediest.set('a', 2)
  greediest.set('b', 3)
  assert.equal(greediest.first, 'b')
  greediest.set('b', 1)
  assert.equal(greediest.first, 'a')
  greediest.set('a', 0)
  assert.equal(greediest.first, 'b')
  greediest.set('b', 0)
  assert.equal(greediest.first, undefined)
})

test('among very many holders, the first is found without a look at all', () => {
  const greediest = new Greediest<number>()
  for (let i = 0; i < 100_000; i++) greediest.set(i, 1)
  const { user } = process.cpuUsage()
  // A look at all that are left each time would take 5 billion steps
  for (let i = 0; i < 100_000; i++) {
    const first = greediest.first
    assert.ok(first !== undefined)
    greediest.set(first, 0)
  }
  assert.ok(process.cpuUsage().user - user < 2_000_000)
})
