import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { makeScratch } from '../../support/scratch.js'
import { ask } from '../ask.js'
import { startServe } from '../hostile/process.js'
import { readMetric } from '../read-metric.js'

const DROPPED = 'btkit_log_lines_dropped_total'

/** A service whose log was not read until the pipe and its own buffer are full. */
async function serveUnread(t: TestContext) {
  const served = await startServe(t, makeScratch(t), { args: ['--log', 'text'] })
  served.child.stderr.pause()
  const query = 'x'.repeat(15_000)
  while ((await readMetric(served.port, DROPPED)) === 0) {
    for (let i = 0; i < 20; i++) await ask(served.port, `/none?${query}`)
  }
  return served
}

test('lines that nobody reads are dropped, and the log says where', async (t) => {
  const { port, child, stderr } = await serveUnread(t)
  child.stderr.resume()
  while (!/ \d+ lines dropped here/.test(stderr())) {
    await ask(port, '/none')
    await setTimeout(20)
  }
  const dropped = await readMetric(port, DROPPED)
  const told = [...stderr().matchAll(/warning: (\d+) lines dropped here/g)]
  assert.ok(told.reduce((sum, [, count]) => sum + Number(count), 0) <= dropped)
})

test('SIGTERM ends a service whose log nobody reads', async (t) => {
  const { child } = await serveUnread(t)
  child.kill('SIGTERM')
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null]
  assert.deepEqual([status, signal], [0, null])
})
