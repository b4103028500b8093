import assert from 'node:assert/strict'
import { closeSync, openSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCache } from '../../../src/cache/open.js'
import { planContent } from '../../../src/core/digests/content.js'
import { hashContent, type HashContext } from '../../../src/core/digests/hash-content.js'
import type { CacheTrust } from '../../../src/core/digests/cache-trust.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeScratch, type Files } from '../../support/scratch.js'
import { unlessWritersTell } from '../../support/writers.js'
import { contentRequest, hashContext } from '../requests.js'

const P = 16384

/** A directory of files and a cache, and what it takes to hash them. */
async function makeCached(t: TestContext, files: Files) {
  const source = makeScratch(t, files)
  const directory = makeScratch(t)
  const cache = await openCache({ directory, now: Date.now, warn: assert.ifError })
  t.after(() => cache.close())
  const hash = async (changes: {
    now?: () => number
    trust?: CacheTrust
    pieceLength?: number
  }) => {
    const { pieceLength = P, now = aheadOfFiles, trust = 'full' } = changes
    const content = await planContent(contentRequest(source, { pieceLength }))
    const cacheAccess: HashContext['cacheAccess'] = { cache, trust, now }
    const { digests: pieces, bytesHashed } = await hashContent(content, {
      ...hashContext(),
      cacheAccess,
    })
    await cache.flush()
    return { pieces: Buffer.from(pieces), bytesHashed }
  }
  return { at: (name: string) => join(source, name), hash }
}

const [A, B, C] = [pseudoRandom(3 * P + 100, 1), pseudoRandom(200, 2), pseudoRandom(2 * P, 3)]
const SIZE = 5 * P + 300

test('what was hashed once is not read again', async (t) => {
  const { hash } = await makeCached(t, { a: A, b: B, c: C })
  const first = await hash({})
  assert.deepEqual([first.bytesHashed, first.pieces], [SIZE, referenceDigests([A, B, C], P)])
  assert.deepEqual(await hash({}), { ...first, bytesHashed: 0 })
})

test('digests are of use for the same piece length alone', async (t) => {
  const { hash } = await makeCached(t, { a: A, b: B, c: C })
  await hash({})
  const other = await hash({ pieceLength: 2 * P })
  assert.deepEqual(other, { bytesHashed: SIZE, pieces: referenceDigests([A, B, C], 2 * P) })
})

test('a changed file between two others costs its own pieces and those at its edges', async (t) => {
  const { hash, at } = await makeCached(t, { a: A, b: B, c: C })
  await hash({})
  const changed = pseudoRandom(200, 9)
  writeFileSync(at('b'), changed)
  const { bytesHashed, pieces } = await hash({})
  assert.deepEqual(pieces, referenceDigests([A, changed, C], P))
  assert.equal(bytesHashed, P)
})

test('files that changed places are not taken for each other', async (t) => {
  const [x, y] = [pseudoRandom(2 * P, 5), pseudoRandom(2 * P, 6)]
  const { hash, at } = await makeCached(t, { x, y })
  for (const name of ['x', 'y']) utimesSync(at(name), 1e9, 1e9)
  await hash({ trust: 'mtime' })
  renameSync(at('x'), at('z'))
  const moved = await hash({ trust: 'mtime' })
  assert.deepEqual(moved.pieces, referenceDigests([y, x], P))
})

test('a file of just now is not remembered, nor are the pieces that it shares', async (t) => {
  const { hash, at } = await makeCached(t, { a: A, b: B, c: C })
  const soon = Date.now() + 10_000
  utimesSync(at('b'), soon / 1000, soon / 1000)
  const now = () => soon + 1000
  assert.equal((await hash({ now })).bytesHashed, SIZE)
  // b is all in the fourth piece
  assert.equal((await hash({ now })).bytesHashed, P)
  const later = () => soon + 2001
  assert.equal((await hash({ now: later })).bytesHashed, P)
  assert.equal((await hash({ now: later })).bytesHashed, 0)
})

test(
  'a file that somebody has open for writing is not remembered',
  unlessWritersTell,
  async (t) => {
    const { hash, at } = await makeCached(t, { a: A, b: B, c: C })
    const writer = openSync(at('b'), 'r+')
    const first = await hash({})
    assert.deepEqual(first.pieces, referenceDigests([A, B, C], P))
    // b is all in the fourth piece
    assert.equal((await hash({})).bytesHashed, P)
    closeSync(writer)
    assert.equal((await hash({})).bytesHashed, P)
    assert.equal((await hash({})).bytesHashed, 0)
  },
)

test('what was remembered in full is of use where mtime alone is trusted', async (t) => {
  const { hash, at } = await makeCached(t, { a: A })
  await hash({})
  const { atime, mtime } = statSync(at('a'))
  utimesSync(at('a'), atime, mtime)
  utimesSync(at('a'), 1e9, 1e9)
  assert.equal((await hash({ trust: 'mtime' })).bytesHashed, A.length)
  utimesSync(at('a'), 1e9, 1e9)
  assert.equal((await hash({ trust: 'mtime' })).bytesHashed, 0)
  assert.equal((await hash({ trust: 'full' })).bytesHashed, A.length)
})

test('the short piece at the end is remembered with the file', async (t) => {
  const { hash, at } = await makeCached(t, { a: A })
  await hash({})
  assert.equal((await hash({})).bytesHashed, 0)
  // It is no short piece any more, but the others are as they were
  writeFileSync(at('b'), B)
  const { bytesHashed, pieces } = await hash({})
  assert.deepEqual([bytesHashed, pieces], [300, referenceDigests([A, B], P)])
})

test('what was believed by its time alone is read when the whole fingerprint counts', async (t) => {
  const { hash, at } = await makeCached(t, { a: A, b: B, c: C })
  for (const name of ['a', 'b', 'c']) utimesSync(at(name), 1000, 1000)
  await hash({ trust: 'mtime' })
  const [a, c] = [pseudoRandom(A.length, 8), pseudoRandom(C.length, 9)]
  writeFileSync(at('a'), a)
  utimesSync(at('a'), 1000, 1000)
  writeFileSync(at('c'), c)
  utimesSync(at('c'), 2000, 2000)
  await hash({ trust: 'mtime' })
  assert.deepEqual((await hash({})).pieces, referenceDigests([a, B, c], P))
})
