import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { prepareFormat } from '../../../src/disk/cache/schema.js'
import { openDatabase, type Database } from '../../../src/disk/cache/sqlite.js'
import { openSqliteStore } from '../../../src/disk/cache/sqlite-store.js'
import { type Store, nullStore } from '../../../src/disk/cache/store.js'
import { countTimers } from '../../support/count-timers.js'
import { makeScratch } from '../../support/scratch.js'

// Tests begin while the rest of this file is read
const bytes = (text: string) => Buffer.from(text)
const record = (value: Uint8Array) => ({ used: 20_000, value })

async function openSqlite(t: TestContext, directory = makeScratch(t), maxWaiting?: number) {
  const place = { path: join(directory, 'x.sqlite'), warn: assert.ifError }
  const store: Store = await openSqliteStore(place, undefined, maxWaiting)
  t.after(() => store.close())
  return store
}

testStore('sqlite', (t) => openSqlite(t), true)
testStore('null', () => nullStore, false)

test('sqlite: a record is all that was put, be it long or short', async (t) => {
  const store = await openSqlite(t)
  const values = [1, 100, 5000, 3_000_000, 10].map((length) => Buffer.alloc(length, length))
  for (const [i, value] of values.entries()) store.put(bytes(`${i}`), record(value))
  await store.flush()
  for (const [i, value] of values.entries()) {
    const got = store.get(bytes(`${i}`))?.value
    assert.equal(got?.length, value.length)
    assert.ok(Buffer.from(got).equals(value))
    assert.equal(got.subarray(0).byteLength, value.length)
  }
})

test('sqlite: what one process of several put, the others see after its flush', async (t) => {
  const directory = makeScratch(t)
  const [one, two] = [await openSqlite(t, directory), await openSqlite(t, directory)]
  one.put(bytes('key'), record(bytes('value')))
  await one.flush()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(textOf(two.get(bytes('key'))?.value), 'value')
})

test('sqlite: a new file that another process prepares after a look at it is used', (t) => {
  const path = join(makeScratch(t), 'x.sqlite')
  const [ours, theirs] = [openDatabase(path), openDatabase(path)]
  t.after(() => {
    for (const database of [ours, theirs]) database.close()
  })
  const prepare: Database['prepare'] = (sql) => {
    const statement = ours.prepare(sql)
    const get = (...values: readonly unknown[]) => {
      const found = statement.get(...values)
      prepareFormat(theirs)
      return found
    }
    return { get, all: statement.all.bind(statement), run: statement.run.bind(statement) }
  }
  prepareFormat({
    isTransaction: false,
    exec: ours.exec.bind(ours),
    prepare,
    close: theirs.close.bind(theirs),
  })
})

test('sqlite: what is put later is written, too, while the store stays open', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const directory = makeScratch(t)
  // Each change takes all room of those that wait
  const [writer, reader] = [await openSqlite(t, directory, 10), await openSqlite(t, directory)]
  for (const key of ['first', 'second', 'third']) {
    writer.put(bytes(key), record(bytes(key)))
    // A second, in which a kill may lose it
    t.mock.timers.tick(1000)
    await new Promise((resolve) => void setImmediate(resolve))
    assert.equal(textOf(reader.get(bytes(key))?.value), key)
  }
  t.mock.timers.reset()
})

test('sqlite: records outlive the process that put them', async (t) => {
  const directory = makeScratch(t)
  const before = countTimers()
  const store = await openSqliteStore({ path: join(directory, 'x.sqlite'), warn: assert.ifError })
  for (let i = 0; i < 1000; i++) store.put(bytes(`${i}`), record(Buffer.alloc(i + 1, i)))
  await store.close()
  assert.equal(countTimers(), before)
  const again = await openSqlite(t, directory)
  assert.equal([...again.entries('')].length, 1000)
})

/** The tests that every store must pass; `keeps` says whether this one keeps records. */
function testStore(
  name: string,
  open: (t: TestContext) => Store | Promise<Store>,
  keeps: boolean,
): void {
  test(`${name}: ${keeps ? 'what was put is there after a flush' : 'what was put is forgotten'}`, async (t) => {
    const store = await open(t)
    store.put(bytes('key'), record(bytes('value')))
    await store.flush()
    assert.deepEqual(textOf(store.get(bytes('key'))?.value), keeps ? 'value' : undefined)
  })

  test(`${name}: what was removed is gone, and removing nothing is no error`, async (t) => {
    const store = await open(t)
    store.put(bytes('key'), record(bytes('value')))
    store.remove(bytes('key'))
    store.remove(bytes('never there'))
    await store.flush()
    assert.equal(store.get(bytes('key')), undefined)
    assert.deepEqual([...store.entries('')], [])
  })

  test(`${name}: records can be listed by the beginning of their keys`, async (t) => {
    const store = await open(t)
    for (const key of ['a1', 'b1', 'b2', 'c1']) store.put(bytes(key), record(bytes('value')))
    await store.flush()
    const listed = [...store.entries('b')].map(({ key }) => textOf(key))
    assert.deepEqual(listed, keeps ? ['b1', 'b2'] : [])
  })

  test(`${name}: can be flushed and closed though nothing was put`, async (t) => {
    const store = await open(t)
    await store.flush()
    assert.deepEqual([...store.entries('')], [])
    await assert.doesNotReject(store.close())
  })
}

function textOf(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString()
}
