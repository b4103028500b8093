import assert from 'node:assert/strict'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCache } from '../../../src/cache/open.js'
import { planContent, type ContentRequest } from '../../../src/core/digests/content.js'
import { infoRequest, obtainInfo } from '../../../src/core/digests/info.js'
import { availableKernels } from '../../../src/hash/kernels/choose.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch, type Files } from '../../support/scratch.js'
import { contentRequest, hashContext } from '../requests.js'

const P = 16 * 1024

interface Asked {
  readonly sourceTag?: string
  readonly kernel?: string
}

/** Files and a cache, and what it takes to obtain what torrents of them say. */
async function makeCached(t: TestContext, files: Files) {
  const source = makeScratch(t, files)
  const directory = makeScratch(t)
  const open = () => openCache({ directory, now: aheadOfFiles, warn: assert.ifError })
  const cache = await open()
  t.after(() => cache.close())
  const obtain = async (
    changes: Partial<ContentRequest>,
    { isCached = true, kernel, ...options }: Asked & { isCached?: boolean } = {},
  ) => {
    const content = await planContent(contentRequest(source, { pieceLength: P, ...changes }))
    const nothing = hashContext()
    const cacheAccess = { cache, trust: 'full' as const, now: aheadOfFiles, kernel }
    const context = isCached ? { ...nothing, cacheAccess } : nothing
    const request = infoRequest(content, { private: false, sourceTag: null, ...options }, 'full')
    const { bytesHashed, info, pieceLayers } = await obtainInfo(request, context)
    await cache.flush()
    return { bytesHashed, info, pieceLayers }
  }
  /** How many bytes are read of what is right, as without a cache. */
  const read = async (changes: Partial<ContentRequest>, options: Asked = {}) => {
    const { bytesHashed, ...core } = await obtain(changes, options)
    const uncached = await obtain(changes, { ...options, isCached: false })
    assert.deepEqual(core, { info: uncached.info, pieceLayers: uncached.pieceLayers })
    return bytesHashed
  }
  return { at: (name: string) => join(source, name), read }
}

const FILES = {
  a: pseudoRandom(5 * P + 100, 1),
  b: pseudoRandom(200, 2),
  c: '',
  d: pseudoRandom(2 * P, 3),
}
const SIZE = 7 * P + 300

for (const version of ['v2', 'hybrid'] as const) {
  test(`${version}: a second run reads nothing, nor does one that says something else`, async (t) => {
    const { read } = await makeCached(t, FILES)
    assert.equal(await read({ version }), SIZE)
    assert.equal(await read({ version }), 0)
    assert.equal(await read({ version }, { sourceTag: 'x' }), 0)
  })

  test(`${version}: of a changed tree only what changed is read`, async (t) => {
    const { at, read } = await makeCached(t, FILES)
    await read({ version })
    writeFileSync(at('b'), pseudoRandom(P + 5, 9))
    assert.equal(await read({ version }), P + 5)
    writeFileSync(at('aa'), 'new')
    assert.equal(await read({ version }), 3)
  })

  test(`${version}: a single file is known as one of a directory`, async (t) => {
    const { at, read } = await makeCached(t, FILES)
    await read({ version })
    assert.equal(await read({ version, source: at('d') }), 0)
  })
}

test('v2: another piece length reads nothing, be it longer or shorter', async (t) => {
  const { read } = await makeCached(t, FILES)
  assert.equal(await read({ version: 'v2', pieceLength: 4 * P }), SIZE)
  for (const pieceLength of [P, 2 * P, 8 * P, 2 ** 20])
    assert.equal(await read({ version: 'v2', pieceLength }), 0, `${pieceLength}`)
})

test('a hybrid reads once what a torrent of v1 did, and then v1 and v2 read nothing', async (t) => {
  const { read } = await makeCached(t, FILES)
  await read({ version: 'v1' })
  assert.equal(await read({ version: 'hybrid' }), SIZE)
  assert.equal(await read({ version: 'hybrid' }), 0)
  assert.equal(await read({ version: 'v2' }), 0)
  assert.equal(await read({ version: 'v1' }), 0)
})

test('a hybrid of another piece length reads again for version 1', async (t) => {
  const { read } = await makeCached(t, FILES)
  await read({ version: 'hybrid' })
  assert.equal(await read({ version: 'hybrid', pieceLength: 2 * P }), SIZE)
  assert.equal(await read({ version: 'v2', pieceLength: 2 * P }), 0)
})

for (const { name } of availableKernels()) {
  test(`${name} combines what the cache knows to the same layers`, async (t) => {
    const { read } = await makeCached(t, FILES)
    await read({ version: 'v2' })
    assert.equal(await read({ version: 'v2', pieceLength: 4 * P }, { kernel: name }), 0)
  })
}

test('what the cache knows is combined by no other kernel than the one asked for', async (t) => {
  const { read } = await makeCached(t, FILES)
  await read({ version: 'v2' })
  await assert.rejects(read({ version: 'v2', pieceLength: 4 * P }, { kernel: 'none' }), {
    code: 'usage',
  })
})

test('a file of just now is not remembered', async (t) => {
  const { at, read } = await makeCached(t, FILES)
  const soon = aheadOfFiles() / 1000 + 10
  utimesSync(at('a'), soon, soon)
  await read({ version: 'v2' })
  assert.equal(await read({ version: 'v2' }), 5 * P + 100)
})
