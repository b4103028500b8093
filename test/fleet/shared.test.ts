import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { makeMachine, plantShared, SIZE, type Machine } from '../support/fleet.js'
import { findFreePort } from '../support/opentracker.js'
import { parseJson } from '../support/run-btkit.js'
import { startRedis, WITHOUT_REDIS } from '../support/redis.js'

const redis = WITHOUT_REDIS ? null : await startRedis({ after })
const url = redis?.url ?? ''

function cacheCommand(machine: Machine, ...args: string[]) {
  return machine.run('cache', ...args, '--cache-url', url)
}

test(
  'revoking a machine reaches those who adopted its digests',
  { skip: WITHOUT_REDIS },
  async (t) => {
    const [bad, adopter, admin] = ['bad', 'adopter', 'admin'].map((name) => {
      const machine = makeMachine(t, name, { url })
      plantShared(machine, 'a.iso')
      return machine
    })
    assert.ok(bad && adopter && admin)
    await bad.make('a.iso')
    for (const machine of [adopter, admin]) {
      assert.equal((await machine.make('a.iso')).bytesHashed, 0)
    }
    const { stdout } = await cacheCommand(admin, 'revoke', 'bad')
    assert.equal(stdout, 'removed 1 shared record of bad, and 1 adopted here\n')
    assert.equal((await adopter.make('a.iso')).bytesHashed, SIZE)
    // The adopter's own record may be adopted again
    assert.equal((await admin.make('a.iso')).bytesHashed, 0)
    const { shared } = parseJson(await cacheCommand(admin, 'stats', '--json'))
    assert.deepEqual(shared, {
      url,
      records: 1,
      machines: [
        { name: 'adopter', records: 1, wrong: 0, revocations: 0 },
        { name: 'bad', records: 0, wrong: 0, revocations: 1 },
      ],
    })
  },
)

test('revoking a machine that no record names warns', { skip: WITHOUT_REDIS }, async (t) => {
  redis?.send('flushall')
  const one = makeMachine(t, 'one', { url })
  const revoke = (name: string) => cacheCommand(one, 'revoke', name)
  const nothing = (name: string) => `removed 0 shared records of ${name}, and 0 adopted here\n`
  const warning = 'btkit: warning: no shared record names two'
  const empty = await revoke('two')
  assert.deepEqual([empty.stdout, empty.stderr], [nothing('two'), `${warning}; there are none\n`])
  plantShared(one, 'a.iso')
  await one.make('a.iso')
  const { status, stderr } = await revoke('two')
  assert.deepEqual([status, stderr], [0, `${warning}; they name one\n`])
})

test('an old record that is written again stays revoked', { skip: WITHOUT_REDIS }, async (t) => {
  redis?.send('flushall')
  const bad = makeMachine(t, 'bad', { url })
  const two = makeMachine(t, 'two', { url })
  for (const machine of [bad, two]) plantShared(machine, 'a.iso')
  await bad.make('a.iso')
  const key = redis?.send('--scan', '--pattern', 'btkit1:*') ?? ''
  redis?.send('rename', key, '{x}kept')
  await cacheCommand(two, 'revoke', 'bad')
  redis?.send('rename', '{x}kept', key)
  assert.equal((await two.make('a.iso')).bytesHashed, SIZE)
})

test('a huge name in place of a record is not read', { skip: WITHOUT_REDIS }, async (t) => {
  redis?.send('flushall')
  const one = makeMachine(t, 'one', { url })
  plantShared(one, 'a.iso')
  await one.make('a.iso')
  redis?.send('eval', "redis.call('set', 'btkit1:{01}' .. string.rep('x', 5000000), 'x')", '0')
  const before = bytesSent()
  const { shared } = parseJson(await cacheCommand(one, 'stats', '--json'))
  assert.equal((shared as { readonly records: number }).records, 1)
  assert.ok(bytesSent() - before < 50_000)
})

/** Bytes that Redis has sent so far. */
function bytesSent(): number {
  return Number(/total_net_output_bytes:(\d+)/.exec(redis?.send('info', 'stats') ?? '')?.[1])
}

for (const garbage of [
  ['hset', 'btkit1-epochs', 'bad', '99999999999'],
  ['hset', 'btkit1-epochs', 'bad', '1e400'],
  ['set', 'btkit1-epochs', 'x'],
]) {
  const title = `a machine is revoked in spite of ${garbage.join(' ')}`
  test(title, { skip: WITHOUT_REDIS }, async (t) => {
    redis?.send('flushall')
    const [bad, adopter] = ['bad', 'adopter'].map((name) => makeMachine(t, name, { url }))
    assert.ok(bad && adopter)
    for (const machine of [bad, adopter]) plantShared(machine, 'a.iso')
    await bad.make('a.iso')
    assert.equal((await adopter.make('a.iso')).bytesHashed, 0)
    redis?.send(...garbage)
    redis?.send('set', 'btkit1-wrong', 'x')
    redis?.send('lpush', `btkit1:{01}${'x'.repeat(24)}`, 'x')
    const { stdout } = await cacheCommand(bad, 'revoke', 'bad')
    assert.equal(stdout, 'removed 1 shared record of bad, and 0 adopted here\n')
    const made = await adopter.make('a.iso')
    assert.equal(made.bytesHashed, SIZE)
    assert.equal(made.stderr, '')
    const { shared } = parseJson(await cacheCommand(bad, 'stats', '--json'))
    assert.deepEqual(
      (shared as { machines: { name: string; wrong: number }[] }).machines.map(
        ({ name, wrong }) => [name, wrong],
      ),
      [
        ['adopter', 0],
        ['bad', 0],
      ],
    )
    assert.equal(redis?.send('exists', 'btkit1-wrong', `btkit1:{01}${'x'.repeat(24)}`), '0')
  })
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
  const { status, stderr } = await one.run('cache', 'revoke', 'two', '--cache-url', down)
  assert.equal(status, 1)
  assert.match(stderr, /not used for now: nothing listens there/)
})
