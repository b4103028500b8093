import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Outbox } from '../../../src/tracker/wires/udp-server.js'

function makeOutbox() {
  const sent: string[] = []
  const outbox = new Outbox((packet, port, address) => {
    sent.push(`${packet.toString()} to ${address}:${port}`)
  })
  return { outbox, sent }
}

test('answers of a turn are sent at its end, in their order', async () => {
  const { outbox, sent } = makeOutbox()
  outbox.put(Buffer.from('one'), 1, '10.0.0.1')
  outbox.put(Buffer.from('two'), 2, '10.0.0.2')
  assert.deepEqual(sent, [])
  await setImmediate()
  assert.deepEqual(sent, ['one to 10.0.0.1:1', 'two to 10.0.0.2:2'])
})

test('answers of the next turn are sent, too', async () => {
  const { outbox, sent } = makeOutbox()
  outbox.put(Buffer.from('one'), 1, '10.0.0.1')
  await setImmediate()
  outbox.put(Buffer.from('two'), 2, '10.0.0.2')
  await setImmediate()
  assert.deepEqual(sent, ['one to 10.0.0.1:1', 'two to 10.0.0.2:2'])
})

test('waiting answers are sent once when a socket closes', async () => {
  const { outbox, sent } = makeOutbox()
  outbox.put(Buffer.from('one'), 1, '10.0.0.1')
  outbox.flush()
  assert.deepEqual(sent, ['one to 10.0.0.1:1'])
  await setImmediate()
  assert.equal(sent.length, 1)
})
