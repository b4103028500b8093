import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkerRates } from '../../src/fleet/rates.js'

const MIB = 2 ** 20

test('workers are listed by name with the rates of the last seconds', () => {
  let now = 0
  const rates = new WorkerRates(() => now)
  rates.note('b', 0)
  rates.note('a', 0)
  now = 2000
  rates.note('b', 20 * MIB)
  rates.note('a', 4 * MIB)
  assert.equal(rates.describe(), 'a 2 MiB/s, b 10 MiB/s')
})

test('a worker that reports nothing for some seconds is left out', () => {
  let now = 0
  const rates = new WorkerRates(() => now)
  rates.note('a', MIB)
  now = 6000
  assert.equal(rates.describe(), '')
})
