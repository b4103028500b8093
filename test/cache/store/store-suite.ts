import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Store } from '../../../src/cache/store/store.js'

export const bytes = (text: string) => Buffer.from(text)

/** The tests that every store must pass; `keeps` says whether this one keeps records. */
export function testStore(name: string, open: (t: TestContext) => Store, keeps: boolean): void {
  test(`${name}: what was never put is not there`, (t) => {
    assert.equal(open(t).get(bytes('nothing')), undefined)
  })

  test(`${name}: ${keeps ? 'what was put is there after a flush' : 'what was put is forgotten'}`, async (t) => {
    const store = open(t)
    store.put(bytes('key'), bytes('value'))
    await store.flush()
    assert.deepEqual(textOf(store.get(bytes('key'))), keeps ? 'value' : undefined)
  })

  test(`${name}: what was removed is gone, and removing nothing is no error`, async (t) => {
    const store = open(t)
    store.put(bytes('key'), bytes('value'))
    store.remove(bytes('key'))
    store.remove(bytes('never there'))
    await store.flush()
    assert.equal(store.get(bytes('key')), undefined)
    assert.deepEqual([...store.entries()], [])
  })

  test(`${name}: records can be listed from a key on`, async (t) => {
    const store = open(t)
    for (const key of ['a1', 'b1', 'b2', 'c1']) store.put(bytes(key), bytes('value'))
    await store.flush()
    const listed = [...store.entries(bytes('b'))].map(({ key }) => textOf(key))
    assert.deepEqual(listed, keeps ? ['b1', 'b2', 'c1'] : [])
  })

  test(`${name}: records are counted`, async (t) => {
    const store = open(t)
    for (const key of ['a', 'b', 'c']) store.put(bytes(key), bytes('value'))
    await store.flush()
    assert.equal(store.count(), keeps ? 3 : 0)
  })

  test(`${name}: can be flushed and closed though nothing was put`, async (t) => {
    const store = open(t)
    await store.flush()
    assert.deepEqual([...store.entries()], [])
    await assert.doesNotReject(store.close())
  })
}

export function textOf(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString()
}
