import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCache } from '../../../src/cache/open.js'
import type { Content } from '../../../src/core/digests/content.js'
import { infoRequest } from '../../../src/core/digests/info.js'
import { recallPieces } from '../../../src/core/digests/recall-pieces.js'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { WorkerPool } from '../../../src/hash/jobs/worker-pool.js'
import { FileHasher } from '../../../src/service/torrents/file-hasher.js'
import { HashQueue } from '../../../src/service/torrents/hash-queue.js'
import { hashContext } from '../../core/requests.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'

const SIZE = 3_000_000

/** A hasher for a mirror with the files a, b and c, of that size each. */
async function openHasher(t: TestContext) {
  const contents = { a: pseudoRandom(SIZE, 1), b: pseudoRandom(SIZE, 2), c: pseudoRandom(SIZE, 3) }
  const root = makeScratch(t, contents)
  const cache = await openCache({ directory: makeScratch(t), now: Date.now, warn: assert.ifError })
  t.after(() => cache.close())
  const pool = new WorkerPool()
  t.after(() => pool.close())
  const cacheAccess = { cache, trust: 'full' as const, now: aheadOfFiles }
  const { engine } = hashContext({ pool, isOffloaded: true })
  const mirror = { root, hidden: false, followSymlinks: false }
  const hasher = new FileHasher({
    mirror,
    hashContext: { engine, cacheAccess },
    queue: new HashQueue(4),
  })
  const obtain = (name: string, ...paths: string[]) => {
    const options = { private: false, sourceTag: null }
    const content = contentOf(root, name, paths)
    return hasher.obtain({
      request: infoRequest(content, options, 'full'),
      table: recallPieces(content, cacheAccess),
      isWanted: () => true,
      onProgress: () => undefined,
    })
  }
  return { hasher, obtain }
}

function contentOf(root: string, name: string, paths: readonly string[]): Content {
  const files = paths.map((path) => {
    const absolutePath = join(root, path)
    return { path: [path], absolutePath, fingerprint: readFingerprint(absolutePath) }
  })
  // Pieces of which each file begins a new one
  const pieceLength = SIZE / 2
  const size = SIZE * files.length
  const rest = { name, isDirectory: true, skipped: [], pieceLength }
  return { ...rest, files, size, pieceCount: 2 * files.length }
}

test('a file of several torrents that are asked for at the same moment is read once', async (t) => {
  const { hasher, obtain } = await openHasher(t)
  await Promise.all([obtain('x', 'a', 'b'), obtain('y', 'b', 'c'), obtain('z', 'c', 'a')])
  assert.equal(hasher.bytesHashed, 3 * SIZE)
})

test('torrents that have no file in common do not wait for each other', async (t) => {
  const { hasher, obtain } = await openHasher(t)
  const [x, y] = await Promise.all([obtain('x', 'a'), obtain('y', 'b')])
  assert.notDeepEqual(x, y)
  assert.equal(hasher.bytesHashed, 2 * SIZE)
})
