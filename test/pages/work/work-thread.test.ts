import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { WorkThread } from '../../../src/pages/work/work-thread.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { filesBelow } from '../../support/collection.js'
import { makeScratch } from '../../support/scratch.js'

test('work that has not ended when the thread is closed is broken off, and leaves nothing', async (t) => {
  const root = makeScratch(t, { a: 'a'.repeat(100_000) })
  const thread = new WorkThread(null, () => undefined)
  const request = { source: join(root, 'a'), options: { output: join(root, 'a.torrent') } }
  const broken = assert.rejects(thread.run('make', request), { code: 'interrupted' })
  await thread.close()
  await broken
  assert.deepEqual(filesBelow(root), ['a'])
})

test('the thread of a service returns bytes, ends when it is idle, and starts again', async (t) => {
  const root = makeScratch(t, { a: 'a'.repeat(100_000) })
  const ends: Promise<unknown>[] = []
  const follow = (worker: Worker) => ends.push(once(worker, 'exit'))
  process.on('worker', follow)
  t.after(() => process.off('worker', follow))
  const thread = new WorkThread(null, () => undefined, 1)
  const make = () => thread.run('makeBytes', { source: join(root, 'a'), options: {} })
  for (const starts of [1, 2]) {
    // The end of the first work does not end the thread of the next
    for (let i = 0; i < 2; i++) assert.equal(parseMetainfo(await make()).size, 100_000)
    await ends.at(-1)
    assert.equal(ends.length, starts)
  }
  const missing = thread.run('plan', { source: join(root, 'b'), options: {} })
  await assert.rejects(missing, { code: 'not-found' })
  await thread.close()
})

test('work whose thread dies has failed, and the next work has another thread', async (t) => {
  const root = makeScratch(t, { a: 'a' })
  const warnings: string[] = []
  const thread = new WorkThread(42 as never, (message) => warnings.push(message))
  const request = { source: join(root, 'a'), options: { output: join(root, 'a.torrent') } }
  const died = { code: 'io', message: /^the thread of this work died/ }
  for (const ended of [1, 2]) {
    await assert.rejects(thread.run('make', request), died)
    assert.equal(warnings.length, ended)
    assert.match(warnings.at(-1) ?? '', /^a thread ended: /)
  }
})
