import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { refused } from '../refused.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { singleContent } from '../../../src/core/digests/content.js'
import { readFingerprint } from '../../../src/disk/file-lists/fingerprint.js'
import { createThrottle } from '../../../src/disk/hash/jobs/job.js'
import { MemoryPool } from '../../../src/server/admission/memory.js'
import { QueuedJob } from '../../../src/server/admission/queue.js'
import { FileDigests } from '../../../src/mirror/torrents/file-digests.js'
import { openKnown } from '../../../src/mirror/torrents/known-results.js'
import { openMaking, sourceOf, until, workFor } from './making.js'

const SIZE = 3_000_000
const LARGE = 20 * SIZE
const CONTENT = pseudoRandom(SIZE, 1)
const SHA256 = createHash('sha256').update(CONTENT).digest('hex')

/** Readers of the files `a` and `large` of a mirror. They take turns, because only one may run. */
async function openBoth(t: TestContext) {
  const root = makeScratch(t, { a: CONTENT, large: Buffer.alloc(LARGE) })
  const making = await openMaking(t, { limit: 1, maxPerClient: 10, small: LARGE })
  const { maker, context, hashing: queue } = making
  const mirror = { root, hidden: false, followSymlinks: false }
  const memory = new MemoryPool({ bytes: 1000, bytesPerClient: 1000 })
  const options = { mirror, pieceLength: pieceLengthOf(20), minAge: 0 }
  const digests = new FileDigests(options, context, queue, openKnown({ hasGiven: false }), memory)
  const fileOf = (name: string) => {
    const absolutePath = join(root, name)
    return { path: [name], absolutePath, fingerprint: readFingerprint(absolutePath) }
  }
  const hashPieces = (name: string, work = workFor()) => {
    const rules = { version: 'v1', pieceLength: pieceLengthOf(20) } as const
    return maker.make(sourceOf(singleContent({ file: fileOf(name), ...rules })), work)
  }
  const digest = async (name: string) => {
    const waiter = { client: null, patience: 600_000, onGone: () => undefined }
    return Buffer.from(await digests.obtain(fileOf(name), waiter)).toString('hex')
  }
  /** Occupies that place until the returned function is called. */
  const occupy = () => {
    let leave: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (leave = resolve))
    const job = new QueuedJob({ size: 0, client: null })
    void Promise.resolve(queue.enter(job))
      .then(() => gate)
      .then(() => {
        queue.end(job)
      })
    return leave
  }
  return { root, hashPieces, digest, digests, file: fileOf, queue, occupy }
}

test('a torrent requested while its file waits for its checksum is made by the same reading', async (t) => {
  const { digest, hashPieces, queue, occupy } = await openBoth(t)
  const leave = occupy()
  const checksum = digest('a')
  await until(() => queue.length === 1)
  const torrent = hashPieces('a')
  await until(() => queue.length === 2)
  leave()
  assert.equal(await checksum, SHA256)
  await torrent
  assert.equal(queue.total.done, SIZE)
})

test('a checksum waits while the torrent of its file is hashed', async (t) => {
  const { digest, hashPieces, queue, occupy } = await openBoth(t)
  const leave = occupy()
  const torrent = hashPieces('a')
  await until(() => queue.length === 1)
  const checksum = digest('a')
  await until(() => queue.length === 2)
  leave()
  await torrent
  assert.equal(await checksum, SHA256)
  // A torrent does not need SHA-256
  assert.equal(queue.total.done, 2 * SIZE)
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

test('a checksum does not wait for slow hashing ahead', async (t) => {
  const { digest, hashPieces, queue } = await openBoth(t)
  const work = workFor(createThrottle(SIZE))
  hashPieces('large', work).catch(() => undefined)
  await until(() => queue.ahead === 1)
  const zeros = createHash('sha256').update(Buffer.alloc(LARGE)).digest('hex')
  assert.equal(await digest('large'), zeros)
  assert.equal(queue.ahead, 1)
  work.end()
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
