import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { CACHE_FILE, openCache } from '../../../src/disk/cache/open.js'
import { openLmdbStore } from '../../../src/disk/cache/store/lmdb.js'
import { recordsOfKind } from '../../../src/disk/cache/maintain.js'
import { loadNative } from '../../../src/base/native-addon.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { stopWhileWriting } from '../../support/stopped-writer.js'

/** Without the native addon there is only LMDB's lock, which has no limit of time. */
const unlessLocks = { skip: loadNative('lockByte') === null && 'needs the native addon' }

const bytes = (text: string) => Buffer.from(text)

test('serve answers while another process is stopped in a write of the cache', async (t) => {
  const files = { a: 'a'.repeat(30_000), b: 'b'.repeat(30_000), c: 'c'.repeat(30_000) }
  const { address, cacheDir, stop } = await serveMirror(t, { files, args: ['--log', 'off'] })
  const statusOf = async (path: string) => (await fetch(address + path)).status
  assert.equal(await statusOf('/a.torrent'), 200)
  const writer = await stopWhileWriting(t, join(cacheDir, CACHE_FILE))
  for (const path of ['/b.torrent', '/-/health', '/c.torrent', '/-/health']) {
    assert.equal(await statusOf(path), 200)
  }
  assert.ok(writer.isStopped())
  await writer.goOn()
  assert.deepEqual((await stop()).stderr, '')
  // The digests of that time were kept
  const cache = await openCache({ directory: cacheDir, now: Date.now, warn: assert.ifError })
  assert.equal([...recordsOfKind(cache.store, 'file')].length, 3)
  await cache.close()
})

test('lmdb: a store that another process keeps locked is left alone', unlessLocks, async (t) => {
  const path = join(makeScratch(t), 'x.mdb')
  const store = await openLmdbStore(path, assert.ifError)
  store.put(bytes('old'), bytes('value'))
  await store.flush()
  const writer = await stopWhileWriting(t, path)
  const patience = { open: 20, flush: 20, close: 20, full: 20 }
  await assert.rejects(openLmdbStore(path, assert.ifError, patience), /keeps it locked/)
  store.put(bytes('new'), bytes('value'))
  assert.deepEqual(
    ['old', 'new'].map((key) => String(store.get(bytes(key)))),
    ['value', 'value'],
  )
  assert.ok(writer.isStopped())
  await writer.goOn()
  await store.close()
  const again = await openLmdbStore(path, assert.ifError)
  t.after(() => again.close())
  assert.equal(String(again.get(bytes('new'))), 'value')
})

test('lmdb: closing gives up if another process keeps the store locked', async (t) => {
  const path = join(makeScratch(t), 'x.mdb')
  const failures: unknown[] = []
  const patience = { open: 20, flush: 20, close: 20, full: 20 }
  const store = await openLmdbStore(path, (error) => failures.push(error), patience)
  store.put(bytes('key'), bytes('value'))
  const writer = await stopWhileWriting(t, path)
  store.put(bytes('other'), bytes('value'))
  await store.close()
  assert.match(String(failures), /keeps it locked/)
  assert.ok(writer.isStopped())
})
