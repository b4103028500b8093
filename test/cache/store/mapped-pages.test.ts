import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLmdbStore } from '../../../src/cache/store/lmdb.js'
import { hasAddon } from '../../../src/hash/kernels/choose.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const isTold = process.platform === 'linux' && hasAddon()
const unlessTold = { skip: isTold ? false : 'needs the addon and Linux' }

/** The bytes of a mapped file that count as memory of this process. */
function residentBytes(path: string): number {
  const mappings = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-)/m)
  const ofFile = mappings.filter((mapping) => mapping.split('\n')[0]?.endsWith(path))
  assert.notEqual(ofFile.length, 0)
  const kibs = ofFile.map((mapping) => Number(/^Rss: +(\d+) kB$/m.exec(mapping)?.[1]))
  return kibs.reduce((sum, kib) => sum + kib * 1024, 0)
}

test('a cache that is written to for long does not count as memory', unlessTold, async (t) => {
  const path = join(makeScratch(t), 'pieces.mdb')
  const store = openLmdbStore(path, assert.ifError)
  const value = (i: number) => pseudoRandom(500, i)
  for (let i = 0; i < 6400; i++) {
    store.put(Buffer.from(`f${String(i).padStart(5, '0')}`), value(i))
    if (i % 100 === 99) await store.flush()
  }
  assert(residentBytes(path) < statSync(path).size / 4, `${residentBytes(path)} bytes`)
  for (let i = 0; i < 6400; i++) {
    const found = store.get(Buffer.from(`f${String(i).padStart(5, '0')}`))
    assert.deepEqual(found && new Uint8Array(found), new Uint8Array(value(i)))
  }
  await store.close()
})
