import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeRecords } from '../../../src/disk/cache/maintain.js'
import { CACHE_FILE, openCache } from '../../../src/disk/cache/open.js'
import { openSqliteStore } from '../../../src/disk/cache/sqlite-store.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { stopWhileWriting } from '../../support/stopped-writer.js'

const bytes = (text: string) => Buffer.from(text)
const textOf = (found?: { value: Uint8Array }) => found && Buffer.from(found.value).toString()
const VALUE = { used: 20_000, value: bytes('value') }

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
  assert.equal([...cache.store.entries('f')].length, 3)
  await cache.close()
})

test('sqlite: a store that another process keeps locked is read, and written later', async (t) => {
  const path = join(makeScratch(t), 'x.sqlite')
  const store = await openSqliteStore({ path, warn: assert.ifError })
  store.put(bytes('old'), VALUE)
  await store.flush()
  const writer = await stopWhileWriting(t, path)
  const patience = { open: 20, flush: 20, close: 20, full: 20 }
  const other = await openSqliteStore({ path, warn: assert.ifError }, patience)
  assert.equal(textOf(other.get(bytes('old'))), 'value')
  await other.close()
  // More than one transaction writes
  for (let i = 0; i < 500; i++) store.put(bytes(`new ${i}`), VALUE)
  assert.deepEqual(
    ['old', 'new 499'].map((key) => textOf(store.get(bytes(key)))),
    ['value', 'value'],
  )
  assert.ok(writer.isStopped())
  await writer.goOn()
  await store.flush()
  const again = await openSqliteStore({ path, warn: assert.ifError })
  t.after(() => again.close())
  assert.equal([...again.entries('new')].length, 500)
  await store.close()
})

test('sqlite: pruning and closing give up if another process keeps the store locked', async (t) => {
  const path = join(makeScratch(t), 'x.sqlite')
  const failures: string[] = []
  const patience = { open: 20, flush: 20, close: 20, full: 1e9 }
  const store = await openSqliteStore({ path, warn: (message) => failures.push(message) }, patience)
  store.put(bytes('key'), VALUE)
  const writer = await stopWhileWriting(t, path)
  store.put(bytes('other'), VALUE)
  assert.equal(await removeRecords(store, { before: 1e6 }), 0)
  await store.close()
  assert.match(String(failures), /keeps it locked/)
  assert.ok(writer.isStopped())
})
