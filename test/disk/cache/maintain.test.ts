import assert from 'node:assert/strict'
import { test } from 'node:test'
import { removeUnused, shrinkTo, summarize } from '../../../src/disk/cache/maintain.js'
import { packRecord, recordKey } from '../../../src/disk/cache/records/record.js'
import { nullStore, type Store } from '../../../src/disk/cache/store/store.js'

/** A store of records that were last used on these days; `read` is called before each is read. */
function storeOf(days: readonly number[], read = () => {}) {
  const entries = days.map((lastUsed, i) => {
    const key = recordKey('info', `${i}`)
    return { key, value: packRecord(key, { lastUsed, body: new Uint8Array(1000) }) }
  })
  const removed: string[] = []
  const store: Store = {
    ...nullStore,
    usedBytes: () => Infinity,
    *entries() {
      for (const entry of entries) {
        read()
        yield entry
      }
    },
    remove: (key) => {
      removed.push(Buffer.from(key).toString())
    },
  }
  return { store, entries, removed }
}

test('other work has its turn while records are read slowly, however few there are', async () => {
  for (const walk of [
    (store: Store) => removeUnused(store, 0),
    (store: Store) => shrinkTo(store, 1e9),
    (store: Store) => summarize(store),
  ]) {
    let turns = 0
    const { store } = storeOf([1, 1, 1, 1, 1], () => {
      const end = performance.now() + 5
      while (performance.now() < end);
    })
    const count = () => {
      turns++
      timer = setImmediate(count)
    }
    let timer = setImmediate(count)
    await walk(store)
    clearImmediate(timer)
    assert.ok(turns >= 4, `${turns}`)
  }
})

test('an unused record is removed, be its body damaged', async () => {
  const { store, entries, removed } = storeOf([10, 100, 10])
  entries[2]!.value[500]! ^= 1
  assert.equal(await removeUnused(store, 50), 2)
  assert.deepEqual(removed, ['i0', 'i2'])
})
