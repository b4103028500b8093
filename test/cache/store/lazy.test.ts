import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLmdbStore } from '../../../src/cache/store/lmdb.js'
import { lazyStore } from '../../../src/cache/store/store.js'
import { makeScratch } from '../../support/scratch.js'
import { bytes, testStore, textOf } from './store-suite.js'

const neverOpened = () => Promise.reject(new Error('opened'))

testStore('asleep', () => lazyStore(neverOpened).store, false)

test('asleep: what nobody wants is never opened, nor closed', async () => {
  const { store, isAwake } = lazyStore(neverOpened)
  await store.close()
  assert.equal(isAwake(), false)
})

test('awake: it is opened once, and keeps what is put from then on', async (t) => {
  const path = join(makeScratch(t), 'x.mdb')
  let opened = 0
  const { store, wake, isAwake } = lazyStore(() => {
    opened++
    return Promise.resolve(openLmdbStore(path, assert.ifError))
  })
  store.put(bytes('early'), bytes('forgotten'))
  await Promise.all([wake(), wake()])
  store.put(bytes('key'), bytes('value'))
  await store.flush()
  assert.deepEqual([opened, isAwake()], [1, true])
  assert.equal(textOf(store.get(bytes('early'))), undefined)
  assert.equal(textOf(store.get(bytes('key'))), 'value')
  await store.close()
})
