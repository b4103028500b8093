import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openLmdbStore } from '../../../src/cache/store/lmdb.js'
import { nullStore } from '../../../src/cache/store/store.js'
import type { Store } from '../../../src/cache/store/store.js'
import { makeScratch } from '../../support/scratch.js'
import { bytes, testStore, textOf } from './store-suite.js'

function openLmdb(t: TestContext, directory = makeScratch(t)): Store {
  const store = openLmdbStore(join(directory, 'x.mdb'), assert.ifError)
  t.after(() => store.close())
  return store
}

testStore('lmdb', (t) => openLmdb(t), true)
testStore('null', () => nullStore, false)

test('lmdb: records come in the order of their keys', async (t) => {
  const store = openLmdb(t)
  for (const key of ['b', 'a', 'ba', 'B', '\0x']) store.put(bytes(key), bytes(`v${key}`))
  await store.flush()
  const entries = [...store.entries()].map(({ key, value }) => [textOf(key), textOf(value)])
  assert.deepEqual(
    entries,
    ['\0x', 'B', 'a', 'b', 'ba'].map((key) => [key, `v${key}`]),
  )
})

test('lmdb: a record is all that was put, be it long or short', async (t) => {
  const store = openLmdb(t)
  const values = [1, 100, 5000, 3_000_000, 10].map((length) => Buffer.alloc(length, length))
  for (const [i, value] of values.entries()) store.put(bytes(`${i}`), value)
  await store.flush()
  for (const [i, value] of values.entries()) {
    const got = store.get(bytes(`${i}`))
    assert.equal(got?.length, value.length)
    assert.ok(Buffer.from(got).equals(value))
    assert.equal(got.subarray(0).byteLength, value.length)
  }
})

test('lmdb: what one process of several put, the others see after its flush', async (t) => {
  const directory = makeScratch(t)
  const [one, two] = [openLmdb(t, directory), openLmdb(t, directory)]
  one.put(bytes('key'), bytes('value'))
  await one.flush()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(textOf(two.get(bytes('key'))), 'value')
})

test('lmdb: records outlive the process that put them', async (t) => {
  const directory = makeScratch(t)
  const store = openLmdbStore(join(directory, 'x.mdb'), assert.ifError)
  for (let i = 0; i < 1000; i++) store.put(bytes(`${i}`), Buffer.alloc(i + 1, i))
  await store.close()
  const again = openLmdb(t, directory)
  assert.equal([...again.entries()].length, 1000)
})
