import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { hashContext } from '../../core/requests.js'
import { refused } from '../refused.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { openCache } from '../../../src/cache/open.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { cutIntoPieces } from '../../../src/core/digests/content.js'
import { InfoRequest } from '../../../src/core/digests/info.js'
import { recallPieces } from '../../../src/core/digests/recall-pieces.js'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { createThrottle } from '../../../src/hash/jobs/job.js'
import { WorkerPool } from '../../../src/hash/jobs/worker-pool.js'
import { MemoryPool } from '../../../src/mirror/admission/admission.js'
import { JobQueue } from '../../../src/mirror/admission/job-queue.js'
import { FileHasher, type HashRequest, toRead } from '../../../src/mirror/torrents/file-hasher.js'
import { FileReads } from '../../../src/mirror/torrents/file-reads.js'
import { FileDigests } from '../../../src/mirror/views/file-digests.js'
import { NotReady } from '../../../src/server/answers/refusal.js'
import { FileColumns } from '../../../src/files/columns.js'

const SIZE = 3_000_000
const LARGE = 20 * SIZE
const CONTENT = pseudoRandom(SIZE, 1)
const SHA256 = createHash('sha256').update(CONTENT).digest('hex')

/** Readers of the files `a` and `large` of a mirror. They take turns, because only one may run. */
async function openBoth(t: TestContext) {
  const root = makeScratch(t, { a: CONTENT })
  plantSparse(root, 'large', LARGE)
  const cache = await openCache({ directory: makeScratch(t), now: Date.now, warn: assert.ifError })
  t.after(() => cache.close())
  const pool = new WorkerPool()
  t.after(() => pool.close())
  const cacheAccess = { cache, trust: 'full' as const, now: aheadOfFiles }
  const { engine } = hashContext({ pool, isOffloaded: true })
  const queue = new JobQueue({ limit: 1, maxWaiting: 10, maxPerClient: 10, small: LARGE })
  const hashed = new FileReads(queue, () => cache.flush())
  const mirror = { root, hidden: false, followSymlinks: false }
  const context = { engine, cacheAccess }
  const hasher = new FileHasher(context, hashed)
  const memory = new MemoryPool({ bytes: 1000, bytesPerClient: 1000 })
  const options = { mirror, pieceLength: pieceLengthOf(20), minAge: 0 }
  const parts = { options, hashContext: context, reads: hashed, memory, monotonic: () => 0 }
  const digests = new FileDigests(parts)
  const fileOf = (name: string) => {
    const absolutePath = join(root, name)
    return { path: [name], absolutePath, fingerprint: readFingerprint(absolutePath) }
  }
  const hashPieces = (name: string, parts: Partial<HashRequest> = {}) => {
    const files = FileColumns.of([fileOf(name)])
    const single = { version: 'v1', name, isDirectory: false, files, skipped: [] } as const
    const content = cutIntoPieces(single, pieceLengthOf(20))
    return hasher.obtain({
      request: new InfoRequest(content, { private: false, sourceTag: null }, 'full'),
      ...toRead(content, recallPieces(content, cacheAccess)),
      client: null,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ...parts,
    })
  }
  const digest = async (name: string) => {
    const waiter = { client: null, patience: 600_000, onGone: () => undefined }
    return Buffer.from(await digests.obtain(fileOf(name), waiter)).toString('hex')
  }
  /** Occupies that place until the returned function is called. */
  const occupy = () => {
    let leave: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (leave = resolve))
    const tiny = { size: 0, client: null, signal: new AbortController().signal }
    void queue.run(tiny, () => gate)
    return leave
  }
  /** How often work looked for other work on the same files. */
  const looks = t.mock.method(hashed, 'inTheWay').mock
  return { root, hashPieces, digest, digests, file: fileOf, hashed, queue, occupy, looks }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate()
}

test('a torrent requested while its file waits for its checksum is made by the same reading', async (t) => {
  const { digest, hashPieces, hashed, queue, occupy } = await openBoth(t)
  const leave = occupy()
  const checksum = digest('a')
  await until(() => queue.length === 1)
  const torrent = hashPieces('a')
  leave()
  assert.equal(await checksum, SHA256)
  assert.equal((await torrent).bytesHashed, 0)
  assert.equal(hashed.total, SIZE)
})

test('a checksum waits while the torrent of its file is hashed', async (t) => {
  const { digest, hashPieces, hashed, queue, occupy, looks } = await openBoth(t)
  const leave = occupy()
  const torrent = hashPieces('a')
  const checksum = digest('a')
  await until(() => looks.callCount() === 2)
  assert.equal(queue.length, 1)
  leave()
  assert.equal((await torrent).bytesHashed, SIZE)
  assert.equal(await checksum, SHA256)
  // A torrent does not need SHA-256
  assert.equal(hashed.total, 2 * SIZE)
})

test('the checksum of a file that is removed before its turn is not found', async (t) => {
  const { root, occupy, digest, queue } = await openBoth(t)
  const leave = occupy()
  const asked = digest('a')
  await until(() => queue.length === 1)
  rmSync(join(root, 'a'))
  leave()
  await assert.rejects(asked, refused('not-found', /^\/a: not found$/))
})

test('hashing ahead yields to a checksum', async (t) => {
  const { digest, hashPieces } = await openBoth(t)
  const working = new AbortController()
  const giveWay = () => {
    working.abort(new NotReady('gave way', 1))
  }
  const ahead = { throttle: createThrottle(SIZE), giveWay }
  const begun = new Promise<void>((resolve) => {
    const onProgress = () => {
      resolve()
    }
    hashPieces('large', { ahead, onProgress, signal: working.signal }).catch(() => undefined)
  })
  await begun
  const zeros = createHash('sha256').update(Buffer.alloc(LARGE)).digest('hex')
  assert.equal(await digest('large'), zeros)
  assert.ok(working.signal.aborted)
})

test('a checksum that nobody waits for is not made', async (t) => {
  const { digests, file, queue, occupy } = await openBoth(t)
  const leave = occupy()
  let leaveIt: () => void = () => undefined
  const onGone = (act: () => void) => (leaveIt = act)
  const asked = digests.obtain(file('a'), { client: null, patience: 600_000, onGone })
  await until(() => queue.length === 1)
  assert.equal(digests.underWay()[0]?.state, 'waiting')
  leaveIt()
  await assert.rejects(asked, refused('busy', /gone/))
  await until(() => queue.length === 0)
  assert.deepEqual(digests.underWay(), [])
  leave()
})
