import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { workOnce, WorkThread } from '../../src/work/work-thread.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { filesBelow } from '../support/collection.js'
import { makeScratch } from '../support/scratch.js'

test('work that has not ended when the thread is closed is broken off, and leaves nothing', async (t) => {
  const root = makeScratch(t, { a: 'a'.repeat(100_000) })
  const thread = new WorkThread({ cacheDirectory: null, cacheTrust: 'full' }, () => undefined)
  const request = { source: join(root, 'a'), options: { output: join(root, 'a.torrent') } }
  const broken = assert.rejects(thread.run('make', request), { code: 'interrupted' })
  await thread.close()
  await broken
  assert.deepEqual(filesBelow(root), ['a'])
})

test('a torrent made on a thread of its own is returned as bytes', async (t) => {
  const root = makeScratch(t, { a: 'a'.repeat(100_000) })
  const bytes = await workOnce('makeBytes', { source: join(root, 'a'), options: {} })
  assert.equal(parseMetainfo(bytes).size, 100_000)
  const missing = workOnce('plan', { source: join(root, 'b'), options: {} })
  await assert.rejects(missing, { code: 'not-found' })
})

test('work whose thread dies has failed, and was not cancelled', async (t) => {
  const root = makeScratch(t, { a: 'a' })
  const warnings: string[] = []
  const thread = new WorkThread(null as never, (message) => warnings.push(message))
  const request = { source: join(root, 'a'), options: { output: join(root, 'a.torrent') } }
  await assert.rejects(thread.run('make', request), /^Error: the thread of this work died/)
  assert.match(warnings.join(), /^a thread ended: /)
})
