import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CACHE_FILE, openCache } from '../../../src/cache/open.js'
import { markPath } from '../../../src/cache/integrity/opened-file.js'
import { lateStore } from '../../../src/cache/store/lazy.js'
import { nullStore } from '../../../src/cache/store/null.js'
import type { Store } from '../../../src/cache/store/store.js'
import { openLmdbStore } from '../../../src/cache/store/lmdb.js'
import { makeScratch } from '../../support/scratch.js'
import { bytes, testStore, textOf } from './store-suite.js'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../support/until.js'

testStore('late', () => lateStore(Promise.resolve(nullStore), () => undefined), false)

test('late: keeps what is put once it is open', async (t) => {
  const opening = Promise.resolve(openLmdbStore(join(makeScratch(t), 'x.mdb'), assert.ifError))
  const store = lateStore(opening, () => undefined)
  store.put(bytes('early'), bytes('forgotten'))
  await opening
  store.put(bytes('key'), bytes('value'))
  await store.flush()
  assert.equal(textOf(store.get(bytes('early'))), undefined)
  assert.equal(textOf(store.get(bytes('key'))), 'value')
  await store.close()
})

test('late: when it is closed before it is open, it stops the opening', async () => {
  let isStopped = false
  let open: (store: Store) => void = () => undefined
  const opening = new Promise<Store>((resolve) => (open = resolve))
  const stop = () => {
    isStopped = true
    open(nullStore)
  }
  await lateStore(opening, stop).close()
  assert.equal(isStopped, true)
})

test('a cache that is checked beside is used after that', { timeout: 30_000 }, async (t) => {
  const directory = makeScratch(t)
  const open = (isCheckedBeside: boolean) => {
    return openCache({ directory, now: Date.now, warn: assert.ifError, isCheckedBeside })
  }
  const first = await open(false)
  first.rememberInfo(bytes('input'), bytes('info'))
  await first.close()
  rmSync(markPath(join(directory, CACHE_FILE)))
  const second = await open(true)
  t.after(() => second.close())
  await until('open', () => Boolean(second.info(bytes('input'))))
})
