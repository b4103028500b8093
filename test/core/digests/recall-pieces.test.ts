import assert from 'node:assert/strict'
import { statSync, utimesSync, writeFileSync } from 'node:fs'
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
