import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAdmission } from '../../../src/mirror/app/admission.js'
import { FIXED_LIMITS } from '../../../src/mirror/options.js'
import { QueuedJob } from '../../../src/server/admission/queue.js'
import { refused } from '../refused.js'

const MIB = 2 ** 20

/** The queues and limits of a service of which nobody has set any. */
const openUsual = () => openAdmission({ ...FIXED_LIMITS, maxReads: 1, wait: 0 })

test('4 torrents are hashed at once, and 1,000 requests wait', () => {
  const { hashing } = openUsual()
  const enter = (n: number) => hashing.enter(new QueuedJob({ size: 1, client: `client ${n}` }))
  for (let n = 0; n < 1004; n++) enter(n)
  assert.deepEqual([hashing.running, hashing.length], [4, 1000])
  assert.throws(() => enter(1004), refused('busy', /the server is busy/))
})

test('4 large requests are planned at once, and 1,000 wait', async () => {
  const { planning } = openUsual()
  const run = (n: number) =>
    planning.large.run({ client: `client ${n}` }, () => new Promise(() => undefined))
  for (let n = 0; n < 1004; n++) void run(n)
  assert.deepEqual([planning.large.running, planning.large.length], [4, 1000])
  await assert.rejects(run(1004), refused('busy', /the server is busy/))
})

test('the paths of the requests of a client may have 20 MiB, and those of all 41 MiB', () => {
  const { memory } = openUsual()
  const take = (client: string, mib: number) => () => {
    memory.take(client, mib * MIB)
  }
  take('a', 20)()
  assert.throws(take('a', 1), refused('throttled', /your requests need too much memory/))
  take('b', 20)()
  // 40.9 in all, without what each request may always take
  assert.throws(take('c', 1), refused('busy', /the server is busy/))
  take('c', 0.8)()
})

for (const [kind, most, told] of [
  ['names', 1_000_000, /too many names/],
  ['steps', 100_000_000, /take too long to match/],
] as const) {
  test(`the patterns of a request may compare ${most.toLocaleString('en')} ${kind}`, async () => {
    const { planner, memory } = openUsual()
    const { signal } = new AbortController()
    const request = { client: null, signal, size: 1, memory: memory.open(null) }
    const budget = await planner.run(request, (own) => Promise.resolve(own))
    budget.charge(kind, most)
    assert.throws(
      () => {
        budget.charge(kind, 1)
      },
      refused('too-many', told),
    )
  })
}
