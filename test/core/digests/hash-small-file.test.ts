import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCache } from '../../../src/cache/open.js'
import { encodeFingerprint } from '../../../src/files/fingerprint.js'
import { planContent } from '../../../src/core/digests/content.js'
import { hashContent, type HashContext } from '../../../src/core/digests/hash-content.js'
import { openSmallFiles, type SmallFiles } from '../../../src/core/digests/small-files.js'
import { chooseKernel, hasAddon } from '../../../src/hash/kernels/choose.js'
import { failure } from '../../files/failure.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeScratch } from '../../support/scratch.js'
import { contentRequest, hashContext } from '../requests.js'

const kernel = chooseKernel().name
const unlessNative = { skip: hasAddon() && kernel !== 'crypto' ? false : 'needs the addon' }

const P = 16384

/** A file with a cache, and what hashes it along with others that are small; `reads` counts those. */
async function makeSmall(t: TestContext, bytes: Uint8Array) {
  const source = join(makeScratch(t, { small: bytes }), 'small')
  const cache = await openCache({ directory: makeScratch(t), now: Date.now, warn: assert.ifError })
  t.after(() => cache.close())
  const together = openSmallFiles(kernel)
  assert(together)
  let reads = 0
  const read: SmallFiles['read'] = (file) => {
    reads++
    return together.read(file)
  }
  const context = (changes: Partial<HashContext>): HashContext => {
    const cacheAccess = { cache, trust: 'full', now: aheadOfFiles } as const
    return { ...hashContext(), cacheAccess, smallFiles: { read }, ...changes }
  }
  const hash = async (changes: Partial<HashContext> = {}, pieceLength = P) => {
    const content = await planContent(contentRequest(source, { pieceLength }))
    const { digests, bytesHashed, isSettled } = await hashContent(content, context(changes))
    await cache.flush()
    return { digests: Buffer.from(digests), bytesHashed, isSettled }
  }
  return { source, cache, hash, context, readsOf: () => reads }
}

for (const [what, size] of Object.entries({ 'is shorter than': 100, 'is as long as': P })) {
  test(`a small file that ${what} its piece is read once`, unlessNative, async (t) => {
    const bytes = pseudoRandom(size)
    const { hash, readsOf } = await makeSmall(t, bytes)
    const digests = referenceDigests([bytes], P)
    assert.deepEqual(await hash(), { digests, bytesHashed: size, isSettled: true })
    assert.deepEqual(await hash(), { digests, bytesHashed: 0, isSettled: true })
    assert.equal(readsOf(), 1)
  })
}

test('what small files are known by, others know as well', unlessNative, async (t) => {
  const { hash, readsOf } = await makeSmall(t, pseudoRandom(100))
  await hash()
  assert.equal((await hash({ smallFiles: null })).bytesHashed, 0)
  await hash({ smallFiles: null }, 2 * P)
  assert.equal((await hash({}, 2 * P)).bytesHashed, 0)
  assert.equal(readsOf(), 1)
})

test('a small file that changed since it was known is read again', unlessNative, async (t) => {
  const { hash, source } = await makeSmall(t, pseudoRandom(100, 1))
  await hash()
  const bytes = pseudoRandom(100, 2)
  writeFileSync(source, bytes)
  const digests = referenceDigests([bytes], P)
  assert.deepEqual(await hash(), { digests, bytesHashed: 100, isSettled: true })
})

test('what other torrents know of a small file stays known', unlessNative, async (t) => {
  const { hash, source, cache } = await makeSmall(t, pseudoRandom(100))
  const content = await planContent(contentRequest(source, { pieceLength: P }))
  const fingerprint = content.files[0]?.fingerprint
  assert(fingerprint)
  const key = { path: source, pieceLength: P, phase: 0, size: 100 }
  const known = { fingerprint: encodeFingerprint(fingerprint), paddedTail: pseudoRandom(20) }
  cache.rememberFile(key, { ...known, pieces: new Uint8Array(0), tail: null })
  await cache.flush()
  const { digests } = await hash()
  const record = cache.file(key)
  assert.deepEqual(record?.paddedTail, new Uint8Array(known.paddedTail))
  assert.deepEqual(record.tail, new Uint8Array(digests))
})

test('a small file that was written just now is not remembered', unlessNative, async (t) => {
  const { hash, cache } = await makeSmall(t, pseudoRandom(100))
  const justNow = { cacheAccess: { cache, trust: 'full', now: () => 0 } } as const
  assert.equal((await hash(justNow)).isSettled, false)
  assert.equal((await hash()).bytesHashed, 100)
})

test('a small file that changes before it is read is named', unlessNative, async (t) => {
  const { source, context } = await makeSmall(t, pseudoRandom(100))
  const content = await planContent(contentRequest(source, { pieceLength: P }))
  appendFileSync(source, 'x')
  const message = `${source}: changed while it was read`
  await assert.rejects(hashContent(content, context({})), failure('changed', message))
})

test(
  'a small file that could not be read with others is read by itself',
  unlessNative,
  async (t) => {
    const bytes = pseudoRandom(100)
    const { hash } = await makeSmall(t, bytes)
    const digests = referenceDigests([bytes], P)
    const smallFiles: SmallFiles = { read: () => Promise.resolve(null) }
    assert.deepEqual(await hash({ smallFiles }), { digests, bytesHashed: 100, isSettled: true })
  },
)

test('of a small file with several pieces, none is read with others', unlessNative, async (t) => {
  const bytes = pseudoRandom(P + 1)
  const { hash, readsOf } = await makeSmall(t, bytes)
  const digests = referenceDigests([bytes], P)
  assert.deepEqual(await hash(), { digests, bytesHashed: P + 1, isSettled: true })
  assert.equal(readsOf(), 0)
})
