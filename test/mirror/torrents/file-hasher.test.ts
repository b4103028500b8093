import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCache } from '../../../src/cache/open.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { cutIntoPieces, type Content } from '../../../src/core/digests/content.js'
import { InfoRequest } from '../../../src/core/digests/info.js'
import { recallPieces } from '../../../src/core/digests/recall-pieces.js'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { createThrottle } from '../../../src/hash/jobs/job.js'
import { WorkerPool } from '../../../src/hash/jobs/worker-pool.js'
import { JobQueue } from '../../../src/mirror/admission/job-queue.js'
import { FileHasher, toRead } from '../../../src/mirror/torrents/file-hasher.js'
import { FileReads } from '../../../src/mirror/torrents/file-reads.js'
import { NotReady } from '../../../src/server/answers/refusal.js'
import { hashContext } from '../../core/requests.js'
import { refused } from '../refused.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { FileColumns } from '../../../src/files/columns.js'

const SIZE = 3_000_000

/** A file so large that its hashing takes longer than all that happens meanwhile. */
const HUGE = 2 ** 33

/** A file that takes long only at a low rate. */
const LARGE = 20 * SIZE

/** A hasher for a mirror with the files a, b and c, each of that size, and a huge one. */
async function openHasher(t: TestContext, limit = 4) {
  const contents = { a: pseudoRandom(SIZE, 1), b: pseudoRandom(SIZE, 2), c: pseudoRandom(SIZE, 3) }
  const root = makeScratch(t, contents)
  plantSparse(root, 'huge', HUGE)
  plantSparse(root, 'large', LARGE)
  const cache = await openCache({ directory: makeScratch(t), now: Date.now, warn: assert.ifError })
  t.after(() => cache.close())
  const pool = new WorkerPool()
  t.after(() => pool.close())
  const cacheAccess = { cache, trust: 'full' as const, now: aheadOfFiles }
  const { engine } = hashContext({ pool, isOffloaded: true })
  const queue = new JobQueue({ limit, maxWaiting: 10, maxPerClient: 10, small: 64 * 2 ** 20 })
  const hashed = new FileReads(queue, () => cache.flush())
  const hasher = new FileHasher({ engine, cacheAccess }, hashed)
  const request = (name: string, ...paths: string[]) => {
    const options = { private: false, sourceTag: null }
    const content = contentOf(root, name, paths)
    return {
      request: new InfoRequest(content, options, 'full'),
      ...toRead(content, recallPieces(content, cacheAccess)),
      client: null,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    }
  }
  const obtain = (name: string, ...paths: string[]) => hasher.obtain(request(name, ...paths))
  const obtainAligned = (version: 'v2' | 'hybrid', ...paths: string[]) => {
    const content = cutIntoPieces(
      { ...contentOf(root, 'x', paths), version, isAligned: true },
      pieceLengthOf(21),
    )
    const options = { private: false, sourceTag: null }
    const asked = {
      request: new InfoRequest(content, options, 'full'),
      ...toRead(content, recallPieces(content, cacheAccess)),
    }
    return hasher.obtain({ ...request('x', ...paths), ...asked })
  }
  return { hasher, hashed, request, obtain, obtainAligned }
}

for (const version of ['v2', 'hybrid'] as const) {
  test(`${version}: padding between files does not count as hashed`, async (t) => {
    const { hashed, obtainAligned } = await openHasher(t)
    await obtainAligned(version, 'a', 'b')
    assert.equal(hashed.total, 2 * SIZE)
    await obtainAligned(version, 'a', 'c')
    assert.equal(hashed.total, 3 * SIZE)
  })
}

function contentOf(root: string, name: string, paths: readonly string[]): Content {
  const files = paths.map((path) => {
    const absolutePath = join(root, path)
    return { path: [path], absolutePath, fingerprint: readFingerprint(absolutePath) }
  })
  // Each file begins a new piece
  const size = files.reduce((sum, { fingerprint }) => sum + fingerprint.size, 0)
  const { pieceLength } = parseMetainfo(torrentOf(singleFileInfo({ 'piece length': SIZE / 2 })))
  const rest = { version: 'v1' as const, name, isDirectory: true, skipped: [], pieceLength }
  return { ...rest, files: FileColumns.of(files), size, pieceCount: Math.ceil(size / pieceLength) }
}

test('a file of several torrents that are requested at the same moment is read once', async (t) => {
  const { hashed, obtain } = await openHasher(t)
  await Promise.all([obtain('x', 'a', 'b'), obtain('y', 'b', 'c'), obtain('z', 'c', 'a')])
  assert.equal(hashed.total, 3 * SIZE)
})

test('torrents without a common file do not wait for each other', async (t) => {
  const { hashed, obtain } = await openHasher(t)
  const [x, y] = await Promise.all([obtain('x', 'a'), obtain('y', 'b')])
  assert.notDeepEqual(x, y)
  assert.equal(hashed.total, 2 * SIZE)
})

test('a small torrent overtakes a large one that is being hashed', async (t) => {
  const { request, obtain, hasher } = await openHasher(t, 1)
  const gone = new AbortController()
  let isDone = false
  const begun = new Promise<void>((resolve) => {
    const onProgress = () => {
      resolve()
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

test('a small torrent does not wait for a large one with its file', async (t) => {
  const { request, obtain, hasher } = await openHasher(t, 1)
  const gone = new AbortController()
  const huge = hasher.obtain({ ...request('x', 'huge', 'a'), signal: gone.signal })
  const small = await obtain('y', 'a')
  gone.abort(new NotReady('gone', 1))
  await assert.rejects(huge, refused('busy', /gone/))
  assert.deepEqual(small.info, (await obtain('y', 'a')).info)
})

/** So slow that a large file takes 20 seconds, and other work surely happens meanwhile. */
const SLOW = SIZE

test('pieces of an abandoned torrent are not hashed again', async (t) => {
  const { request, obtain, hasher, hashed } = await openHasher(t)
  const working = new AbortController()
  const onProgress = (done: number) => {
    if (done > 0) working.abort(new NotReady('gone', 1))
  }
  const ahead = { throttle: createThrottle(SLOW), giveWay: () => undefined }
  const { signal } = working
  const given = hasher.obtain({ ...request('x', 'large'), signal, onProgress, ahead })
  await assert.rejects(given, refused('busy', /gone/))
  const { total } = hashed
  assert.ok(total > 0 && total < LARGE, String(total))
  const again = await obtain('x', 'large')
  assert.equal(hashed.total, LARGE)
  const { obtain: obtainAnew } = await openHasher(t)
  assert.deepEqual(again.info, (await obtainAnew('x', 'large')).info)
})

test('hashing ahead yields to a client that needs its file, whose torrent continues from there', async (t) => {
  const { request, hasher, hashed, obtain } = await openHasher(t)
  const working = new AbortController()
  const gaveWay = () => {
    working.abort(new NotReady('gave way', 1))
  }
  const begun = new Promise<void>((resolve) => {
    const onProgress = (done: number) => {
      if (done > 0) resolve()
    }
    const ahead = { throttle: createThrottle(SLOW), giveWay: gaveWay }
    const { signal } = working
    const work = hasher.obtain({ ...request('x', 'large'), signal, onProgress, ahead })
    work.catch(() => undefined)
  })
  await begun
  // Counted before the end, too
  assert.ok(hashed.total > 0 && hashed.total < LARGE)
  await obtain('x', 'large')
  assert.ok(working.signal.aborted)
  assert.equal(hashed.total, LARGE)
  assert.ok(hashed.ahead > 0 && hashed.ahead < LARGE)
})
