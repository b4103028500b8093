import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { CACHE_FILE, cacheSize, openCache } from '../../../src/disk/cache/open.js'
import { PieceCache } from '../../../src/disk/cache/piece-cache.js'
import { recordKey } from '../../../src/disk/cache/records/record.js'
import { nullStore, type StoredValue, type Usage } from '../../../src/disk/cache/store.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const DAY = 86_400_000
const KEY = { path: '/srv/a', pieceLength: 16384, phase: 0, size: 16384 }
const RECORD = {
  fingerprint: pseudoRandom(40),
  pieces: pseudoRandom(20),
  tail: null,
  paddedTail: null,
}

/** A store in memory that counts what is put into it. */
class CountingStore {
  readonly #records = new Map<string, StoredValue>()
  #usage: Usage = { hits: 0, misses: 0 }
  puts = 0

  readonly store = {
    ...nullStore,
    get: (key: Uint8Array) => this.#records.get(Buffer.from(key).toString('latin1')),
    put: (key: Uint8Array, record: StoredValue) => {
      this.puts++
      this.#records.set(Buffer.from(key).toString('latin1'), record)
    },
    usage: () => this.#usage,
    addUsage: ({ hits, misses }: Usage) => {
      if (hits + misses === 0) return
      this.puts++
      this.#usage = { hits: this.#usage.hits + hits, misses: this.#usage.misses + misses }
    },
  }
}

function cacheAt(day: number, { store }: CountingStore): PieceCache {
  return new PieceCache(store, () => day * DAY + 12_345)
}

test('a hit within a week writes nothing', () => {
  const store = new CountingStore()
  cacheAt(100, store).put('file', KEY, RECORD)
  assert.equal(store.puts, 1)
  for (let i = 0; i < 50; i++) assert.ok(cacheAt(100 + (i % 7), store).get('file', KEY))
  assert.equal(store.puts, 1)
})

test('the first hit of another week notes it, the others of that week write nothing', () => {
  const store = new CountingStore()
  cacheAt(100, store).put('file', KEY, RECORD)
  for (let i = 0; i < 50; i++) assert.ok(cacheAt(107 + (i % 7), store).get('file', KEY))
  assert.equal(store.puts, 2)
  // The clock was set back
  assert.ok(cacheAt(99, store).get('file', KEY))
  assert.equal(store.puts, 3)
})

test('hits and misses are counted over all runs', async () => {
  const store = new CountingStore()
  const first = cacheAt(100, store)
  first.get('file', KEY)
  first.put('file', KEY, RECORD)
  await first.close()
  const second = cacheAt(100, store)
  second.get('file', KEY)
  second.get('file', KEY)
  second.get('info', pseudoRandom(32))
  await second.close()
  assert.deepEqual(store.store.usage(), { hits: 2, misses: 2 })
})

test('a run that looks nothing up writes no counts', async () => {
  const store = new CountingStore()
  await cacheAt(100, store).close()
  assert.equal(store.puts, 0)
})

test('a digest of impossible length is ignored', () => {
  const store = new CountingStore()
  const cache = cacheAt(100, store)
  const spans = { path: '/srv/a', spans: pseudoRandom(32) }
  cache.put('piece', spans, pseudoRandom(19))
  assert.equal(cache.get('piece', spans), null)
  cache.put('piece', spans, pseudoRandom(20))
  assert.deepEqual(Buffer.from(cache.get('piece', spans)!), pseudoRandom(20))
})

test('bytes under a key that are no record are ignored', () => {
  const store = new CountingStore()
  const cache = cacheAt(100, store)
  const input = pseudoRandom(32)
  store.store.put(recordKey('info', input), { used: 100, value: Buffer.from('garbage') })
  assert.equal(cache.get('info', input), null)
})

async function openIn(t: TestContext, directory: string): Promise<PieceCache> {
  const cache = await openCache({ directory, now: Date.now, warn: assert.ifError })
  t.after(() => cache.close())
  return cache
}

test('paths of any length are remembered, and not mixed up', async (t) => {
  const cache = await openIn(t, makeScratch(t))
  const paths = [1, 500, 1899, 1900, 1901, 3000, 4095].map((length) => '/'.padEnd(length, 'é'))
  paths.push(`${paths.at(-1)}x`, `${paths.at(-1)}y`)
  for (const [i, path] of paths.entries()) {
    cache.put('file', { ...KEY, path }, { ...RECORD, pieces: pseudoRandom(20, i) })
  }
  await cache.flush()
  for (const [i, path] of paths.entries()) {
    assert.deepEqual(Buffer.from(cache.get('file', { ...KEY, path })!.pieces), pseudoRandom(20, i))
  }
})

test('what is kept from one call is not changed by the next', async (t) => {
  const cache = await openIn(t, makeScratch(t))
  const inputs = [1, 2, 3].map((seed) => pseudoRandom(32, seed))
  for (const [i, input] of inputs.entries()) cache.put('info', input, pseudoRandom(500, i))
  await cache.flush()
  const infos = inputs.map((input) => cache.get('info', input)!)
  assert.deepEqual(
    infos.map((info) => Buffer.from(info)),
    inputs.map((_, i) => pseudoRandom(500, i)),
  )
})

test('a cache that nobody wakes is never opened, nor closed', async () => {
  const cache = new PieceCache(() => Promise.reject(new Error('opened')), Date.now)
  cache.put('file', KEY, RECORD)
  assert.equal(cache.get('file', KEY), null)
  await cache.close()
  assert.equal(cache.keepsAnything, false)
})

test('a cache is opened once, and keeps what it is given from then on', async () => {
  const store = new CountingStore()
  let opened = 0
  const open = () => {
    opened++
    return Promise.resolve(store.store)
  }
  const cache = new PieceCache(open, Date.now)
  cache.put('file', { ...KEY, path: '/srv/early' }, RECORD)
  await Promise.all([cache.wake(), cache.wake()])
  cache.put('file', KEY, RECORD)
  assert.deepEqual([opened, store.puts, cache.keepsAnything], [1, 1, true])
})

test('the size of a cache is that of its file and of what is not in it yet', (t) => {
  const file = { [CACHE_FILE]: 'x'.repeat(300) }
  const both = { ...file, [`${CACHE_FILE}-wal`]: 'x'.repeat(20) }
  const sizes = [{}, file, both].map((files) => cacheSize(makeScratch(t, files)))
  assert.deepEqual(sizes, [null, 300, 320])
})
