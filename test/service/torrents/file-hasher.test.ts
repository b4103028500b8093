import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCache } from '../../../src/cache/open.js'
import type { Content } from '../../../src/core/digests/content.js'
import { infoRequest } from '../../../src/core/digests/info.js'
import { recallPieces } from '../../../src/core/digests/recall-pieces.js'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { WorkerPool } from '../../../src/hash/jobs/worker-pool.js'
import { WorkQueue } from '../../../src/service/admission/work-queue.js'
import { FileHasher } from '../../../src/service/torrents/file-hasher.js'
import { NotReady } from '../../../src/service/refusal.js'
import { hashContext } from '../../core/requests.js'
import { refused } from '../refused.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'

const SIZE = 3_000_000

/** A file that takes long enough to hash that something else can come in between. */
const HUGE = 4 * 2 ** 30

/** A hasher for a mirror with the files a, b and c, of that size each, and a huge one. */
async function openHasher(t: TestContext, limit = 4) {
  const contents = { a: pseudoRandom(SIZE, 1), b: pseudoRandom(SIZE, 2), c: pseudoRandom(SIZE, 3) }
  const root = makeScratch(t, contents)
  plantSparse(root, 'huge', HUGE)
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
    queue: new WorkQueue({ limit, maxWaiting: 10, ageing: 1000, monotonic: () => 0 }),
  })
  const request = (name: string, ...paths: string[]) => {
    const options = { private: false, sourceTag: null }
    const content = contentOf(root, name, paths)
    return {
      request: infoRequest(content, options, 'full'),
      table: recallPieces(content, cacheAccess),
      client: null,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    }
  }
  const obtain = (name: string, ...paths: string[]) => hasher.obtain(request(name, ...paths))
  return { hasher, request, obtain }
}

function contentOf(root: string, name: string, paths: readonly string[]): Content {
  const files = paths.map((path) => {
    const absolutePath = join(root, path)
    return { path: [path], absolutePath, fingerprint: readFingerprint(absolutePath) }
  })
  // Pieces of which each file begins a new one
  const size = files.reduce((sum, { fingerprint }) => sum + fingerprint.size, 0)
  const pieceLength = SIZE / 2
  const rest = { name, isDirectory: true, skipped: [], pieceLength }
  return { ...rest, files, size, pieceCount: Math.ceil(size / pieceLength) }
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

test('a small torrent passes a large one that is being hashed', async (t) => {
  const { request, obtain, hasher } = await openHasher(t, 1)
  const gone = new AbortController()
  let isDone = false
  const begun = new Promise<void>((resolve) => {
    const onProgress = (done: number) => {
      if (done > 0) resolve()
    }
    const huge = hasher.obtain({ ...request('x', 'huge'), signal: gone.signal, onProgress })
    huge.then(
      () => (isDone = true),
      () => undefined,
    )
  })
  await begun
  await obtain('y', 'a')
  assert.equal(isDone, false)
  gone.abort(new NotReady('gone', 1))
})

test('a small torrent does not wait for a large one that has its file', async (t) => {
  const { request, obtain, hasher } = await openHasher(t, 1)
  const gone = new AbortController()
  const huge = hasher.obtain({ ...request('x', 'huge', 'a'), signal: gone.signal })
  const small = await obtain('y', 'a')
  gone.abort(new NotReady('gone', 1))
  await assert.rejects(huge, refused('busy', /gone/))
  assert.deepEqual(small.info, (await obtain('y', 'a')).info)
})

test('what is hashed of a torrent that nobody waits for any more is not hashed again', async (t) => {
  const { request, obtain, hasher } = await openHasher(t)
  const gone = new AbortController()
  const onProgress = (done: number) => {
    if (done > 0) gone.abort(new NotReady('gone', 1))
  }
  const given = hasher.obtain({ ...request('x', 'huge'), signal: gone.signal, onProgress })
  await assert.rejects(given, refused('busy', /gone/))
  const { bytesHashed } = hasher
  assert.ok(bytesHashed > 0 && bytesHashed < HUGE, String(bytesHashed))
  const again = await obtain('x', 'huge')
  assert.equal(hasher.bytesHashed, HUGE)
  const { obtain: obtainAnew } = await openHasher(t)
  assert.deepEqual(again.info, (await obtainAnew('x', 'huge')).info)
})
