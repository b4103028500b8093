import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IndexPool, POOL_HEADS } from '../../../src/tracker/swarms/index-pool.js'
import { randomNumbers } from '../../../src/tracker/swarms/open-swarms.js'
import { pseudoRandom } from '../../support/pseudo-random.js'

function makePool(order: number): IndexPool {
  const size = 2 ** order
  return new IndexPool({
    entries: new Uint32Array(size),
    freeOrders: new Uint8Array(size / 2),
    heads: new Uint32Array(POOL_HEADS),
  })
}

test('blocks never overlap, whatever is allocated and released', () => {
  const pool = makePool(12)
  const random = randomNumbers(pseudoRandom(16))
  const owners = new Uint32Array(2 ** 12)
  const blocks: { start: number; order: number; id: number }[] = []
  for (let id = 1; id < 5000; id += 1) {
    const order = 1 + (random() % 6)
    const start = random() % 3 === 0 ? -1 : pool.allocate(order)
    if (start >= 0) {
      assert.ok(owners.subarray(start, start + 2 ** order).every((owner) => owner === 0))
      owners.fill(id, start, start + 2 ** order)
      pool.entries.fill(0xffffffff, start, start + 2 ** order)
      blocks.push({ start, order, id })
    } else if (blocks.length > 0) {
      const [block] = blocks.splice(random() % blocks.length, 1)
      owners.fill(0, block!.start, block!.start + 2 ** block!.order)
      pool.release(block!.start, block!.order)
    }
  }
  for (const { start, order } of blocks) pool.release(start, order)
  assert.equal(pool.allocate(12), 0)
})

test('a pool reports when there is no room', () => {
  const pool = makePool(3)
  assert.ok(pool.allocate(2) >= 0)
  assert.equal(pool.allocate(3), -1)
  assert.ok(pool.allocate(2) >= 0)
  assert.equal(pool.allocate(1), -1)
})
