import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { removeRecords, summarize } from '../../../src/disk/cache/maintain.js'
import { packRecord, recordKey } from '../../../src/disk/cache/records/record.js'
import { openSqliteStore } from '../../../src/disk/cache/sqlite-store.js'
import { makeScratch } from '../../support/scratch.js'

/** A store of records of 1000 bytes that were last used on these days. */
async function storeOf(t: TestContext, days: readonly number[]) {
  const path = join(makeScratch(t), 'x.sqlite')
  const store = await openSqliteStore({ path, warn: assert.ifError })
  t.after(() => store.close())
  for (const [i, used] of days.entries()) {
    const key = recordKey('info', `${i}`)
    store.put(key, { used, value: packRecord(key, new Uint8Array(1000)) })
  }
  await store.flush()
  return store
}

test('other work has its turn while all records are read or removed', async (t) => {
  // More than a slice has, also of what the second walk leaves
  const store = await storeOf(
    t,
    Array.from({ length: 20_000 }, (_, i) => i % 2),
  )
  for (const walk of [
    () => summarize(store),
    () => removeRecords(store, { before: 0, maxBytes: 1e6 }),
    () => removeRecords(store, { before: 1e6 }),
  ]) {
    let turns = 0
    const count = () => {
      turns++
      timer = setImmediate(count)
    }
    let timer = setImmediate(count)
    await walk()
    clearImmediate(timer)
    assert.ok(turns >= 2, `${turns}`)
  }
  assert.equal(store.count(), 0)
})

test('an unused record is removed, be its body damaged', async (t) => {
  const store = await storeOf(t, [10, 100, 10])
  store.put(recordKey('info', '2'), { used: 10, value: new Uint8Array(1) })
  assert.equal(await removeRecords(store, { before: 50 }), 2)
  const keys = [...store.entries('i')].map(({ key }) => Buffer.from(key).toString())
  assert.deepEqual(keys, ['i11'])
})

test('a cache that is too large keeps as many records as fit, of the last used ones', async (t) => {
  const store = await storeOf(t, [3, 1, 2, 2, 2, 3])
  const size = 4 + 1000 + 'i10'.length
  const limits = { before: 8, maxBytes: 3.5 * size }
  assert.equal(await removeRecords(store, limits, { dryRun: true }), 3)
  assert.equal(store.count(), 6)
  assert.equal(await removeRecords(store, limits), 3)
  const keys = [...store.entries('i')].map(({ key }) => Buffer.from(key).toString())
  assert.deepEqual(keys, ['i10', 'i14', 'i15'])
  assert.equal((await summarize(store)).bytes, 3 * size)
})

test('of a cache that is too large, what is quick to compute again goes first', async (t) => {
  const store = await storeOf(t, [])
  const kinds = ['file', 'layers', 'tree', 'info', 'digest', 'piece'] as const
  for (const [used, kind] of kinds.entries())
    for (const day of [30 - used, 10]) {
      const key = recordKey(kind, `${day}`)
      store.put(key, { used: day, value: packRecord(key, new Uint8Array(1000)) })
    }
  await store.flush()
  const keys = () => [...store.entries('')].map(({ key }) => Buffer.from(key).toString())
  const gone: string[] = []
  for (let before = keys(); before.length > 0; before = keys()) {
    await removeRecords(store, { before: 8, maxBytes: (before.length - 1) * 1008 })
    gone.push(...before.filter((key) => !keys().includes(key)))
  }
  const order = ['l110', 'l129', 'i110', 'i127', 'p110', 'p125', 'd210', 'd226', 't110', 't128']
  assert.deepEqual(gone, [...order, 'f110', 'f130'])
})
