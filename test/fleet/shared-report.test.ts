import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { makeMachine, plantShared, type Machine } from '../support/fleet.js'
import { findFreePort } from '../support/opentracker.js'
import { assertStatus, parseJson } from '../support/run-btkit.js'
import { startRedis, WITHOUT_REDIS } from '../support/redis.js'

const redis = WITHOUT_REDIS ? null : await startRedis({ after })
const url = redis?.url ?? ''

function cacheCommand(machine: Machine, ...args: string[]) {
  return machine.run('cache', ...args, '--cache-url', url)
}

test('a huge name in place of a record is not read', { skip: WITHOUT_REDIS }, async (t) => {
  redis?.send('flushall')
  const one = makeMachine(t, 'one', { url })
  plantShared(one, 'a.iso')
  await one.make('a.iso')
  redis?.send('eval', "redis.call('set', 'btkit1:{01}' .. string.rep('x', 5000000), 'x')", '0')
  const before = bytesSent()
  const { shared } = parseJson(await cacheCommand(one, 'stats', '--json'))
  assert.deepEqual(shared, { url, records: 1 })
  assert.ok(bytesSent() - before < 50_000)
})

/** Bytes that Redis has sent so far. */
function bytesSent(): number {
  return Number(/total_net_output_bytes:(\d+)/.exec(redis?.send('info', 'stats') ?? '')?.[1])
}

test('prune removes shared records by their last use', { skip: WITHOUT_REDIS }, async (t) => {
  redis?.send('flushall')
  const one = makeMachine(t, 'one', { url })
  plantShared(one, 'a.iso')
  await one.make('a.iso')
  const later = Date.now() + 20 * 86_400_000
  const prune = (time: string, ...more: string[]) => {
    const args = ['cache', 'prune', '--unused-for', time, '--cache-url', url, ...more]
    return one.runAt(later, args)
  }
  assert.match((await prune('14d')).stdout, /removed 0 shared records\n$/)
  const planned = await prune('12d', '--dry-run', '--json')
  assert.equal((JSON.parse(planned.stdout) as { shared: number }).shared, 1)
  assert.match((await prune('12d')).stdout, /removed 1 shared record\n$/)
})

test('Redis that is down is an error of these commands', async (t) => {
  const one = makeMachine(t, 'one', { url })
  const down = `redis://127.0.0.1:${await findFreePort()}`
  const { stderr } = assertStatus(await one.run('cache', 'stats', '--cache-url', down), 1)
  assert.match(stderr, /working without it for now: nothing listens there/)
})
