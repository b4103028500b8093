import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ClientTurns } from '../../../src/mirror/downloads/download.js'

test('a client with many tasks does not delay another one', async () => {
  const turns = new ClientTurns(1)
  const order: string[] = []
  const task = (client: string) => {
    return turns.run(client, async () => {
      order.push(client)
      await setImmediate()
    })
  }
  await Promise.all([...Array.from({ length: 100 }, () => task('many')), task('few'), task('few')])
  assert.deepEqual(order.slice(0, 5), ['many', 'many', 'few', 'many', 'few'])
  assert.equal(order.length, 102)
})

test('a task that fails gives its turn to the next', async () => {
  const turns = new ClientTurns(1)
  await assert.rejects(turns.run(null, () => Promise.reject(new Error('no'))))
  assert.equal(await turns.run('a', () => Promise.resolve(1)), 1)
})
