import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SwarmTable } from '../../../src/tracker/swarms/swarm-table.js'
import { randomNumbers } from '../../support/pseudo-random.js'
import { digestOf } from './store.js'

test('swarms that come and go in any order are the same as in a map', () => {
  const table = new SwarmTable(2000)
  const swarms = new Map<string, number>()
  const random = randomNumbers(5)
  for (let turn = 0; turn < 40_000; turn += 1) {
    const name = `${random() % 2000}`
    const infoHash = digestOf(name)
    const swarm = swarms.get(name)
    assert.equal(table.find(infoHash), swarm ?? 0)
    if (swarm === undefined) {
      const added = table.add(infoHash)
      assert.equal(table.downloaded(added), 0)
      table.addDownloads(added, 3)
      swarms.set(name, added)
    } else {
      table.remove(swarm)
      swarms.delete(name)
    }
  }
  assert.equal(table.size, swarms.size)
  assert.deepEqual(new Set(table.all()), new Set(swarms.values()))
  for (const [name, swarm] of swarms)
    assert.deepEqual(table.infoHash(swarm), Uint8Array.from(digestOf(name)))
})

test('downloads are counted up to 32 bits', () => {
  const table = new SwarmTable(1)
  const swarm = table.add(digestOf('torrent'))
  for (const count of [0xfffffff0, 0x20]) table.addDownloads(swarm, count)
  assert.equal(table.downloaded(swarm), 0xffffffff)
})
