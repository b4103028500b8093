import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientAddresses } from '../../../src/server/connections/client-address.js'
import {
  connectionLimits,
  maxDescriptors,
  CONNECTIONS,
} from '../../../src/server/connections/connection-limits.js'
import { runProgram } from '../../support/programs.js'

const clients = new ClientAddresses([])

/** The most connections, in total and per client. */
function limitsOf(maxDescriptors: number | null): [number, number] {
  const limits = connectionLimits(CONNECTIONS.tracker, clients, maxDescriptors)
  return [limits.all, limits.perClient]
}

test('connections are limited by memory, and by the descriptors that other files do not need', () => {
  assert.deepEqual(limitsOf(65_536), [10_000, 500])
  assert.deepEqual(limitsOf(null), [10_000, 500])
  assert.deepEqual(limitsOf(1024), [768, 384])
  assert.deepEqual(limitsOf(128), [64, 32])
  assert.deepEqual(limitsOf(16), [2, 1])
})

test(
  'how many descriptors there may be is what the shell says',
  { skip: process.platform !== 'linux' && 'there is no /proc' },
  async () => {
    // Node raises its limit to the maximum
    const { stdout } = await runProgram('sh', ['-c', 'ulimit -Hn'])
    assert.equal(String(maxDescriptors() ?? 'unlimited'), stdout.trim())
  },
)
