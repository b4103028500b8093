import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import type { MetainfoVersion } from '../../../src/metainfo/metainfo.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { cutIntoPieces, type Content } from '../../../src/core/digests/content.js'
import { readFingerprint } from '../../../src/disk/file-lists/fingerprint.js'
import { createThrottle } from '../../../src/disk/hash/jobs/job.js'
import { openMaking, sourceOf, until, workFor } from './making.js'
import { refused } from '../refused.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch, plantHuge } from '../../support/scratch.js'
import { FileColumns } from '../../../src/disk/file-lists/columns.js'

const SIZE = 3_000_000

/** A file so large that its hashing takes longer than all that happens meanwhile. */
const HUGE = 2 ** 33

/** A file that takes long only at a low rate. */
const LARGE = 20 * SIZE

/** A maker for a mirror with the files a, b and c, each of that size, and a huge one. */
async function openMaker(t: TestContext, limit = 4) {
  const contents = { a: pseudoRandom(SIZE, 1), b: pseudoRandom(SIZE, 2), c: pseudoRandom(SIZE, 3) }
  const root = makeScratch(t, { ...contents, large: Buffer.alloc(LARGE) })
  plantHuge(root, 'huge', HUGE)
  const { maker, hashing } = await openMaking(t, { limit, maxPerClient: 10 })
  const make = (content: Content, work = workFor()) => maker.make(sourceOf(content), work)
  const obtain = async (name: string, ...paths: string[]) => {
    return (await make(contentOf(root, name, paths))).torrent
  }
  const aligned = (version: MetainfoVersion, ...paths: string[]) => {
    const parts = { ...contentOf(root, 'x', paths), version, isAligned: true }
    return cutIntoPieces(parts, pieceLengthOf(21))
  }
  const content = (name: string, ...paths: string[]) => contentOf(root, name, paths)
  return { make, content, obtain, aligned, hashing }
}

for (const version of ['v2', 'hybrid'] as const) {
  test(`${version}: padding between files does not count as hashed`, async (t) => {
    const { hashing, make, aligned } = await openMaker(t)
    await make(aligned(version, 'a', 'b'))
    assert.equal(hashing.total.done, 2 * SIZE)
    await make(aligned(version, 'a', 'c'))
    assert.equal(hashing.total.done, 3 * SIZE)
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

test('in version 1, the progress of files with padding between them begins at nothing', async (t) => {
  const { hashing, make, aligned } = await openMaker(t)
  const work = workFor()
  const states: (number | undefined)[] = []
  const note = hashing.note.bind(hashing)
  t.mock.method(hashing, 'note', (...of: Parameters<typeof note>) => {
    note(...of)
    states.push(work.progress?.().bytesDone)
  })
  await make(aligned('v1', 'a', 'b'), work)
  assert.equal(states[0], 0)
  assert.ok((states.at(-1) ?? 0) >= 2 * SIZE)
})

test('torrents without a common file do not wait for each other', async (t) => {
  const { hashing, obtain } = await openMaker(t)
  const [x, y] = await Promise.all([obtain('x', 'a'), obtain('y', 'b')])
  assert.notDeepEqual(x.info, y.info)
  assert.equal(hashing.total.done, 2 * SIZE)
})

test('a small torrent overtakes a large one that is being hashed', async (t) => {
  const { make, content, obtain, hashing } = await openMaker(t, 1)
  const work = workFor()
  const huge = make(content('x', 'huge'), work)
  await until(() => hashing.running === 1)
  await obtain('y', 'a')
  assert.equal(hashing.running, 1)
  work.end()
  await assert.rejects(huge, refused('busy', /gone/))
})

test('a small torrent does not wait for a large one with its file', async (t) => {
  const { make, content, obtain } = await openMaker(t, 1)
  const work = workFor()
  const huge = make(content('x', 'huge', 'a'), work)
  const small = await obtain('y', 'a')
  work.end()
  await assert.rejects(huge, refused('busy', /gone/))
  assert.deepEqual(small.info, (await obtain('y', 'a')).info)
})

/** So slow that a large file takes 20 seconds, and other work surely happens meanwhile. */
const SLOW = SIZE

test('work that nobody wants ends at once, and its bytes count', async (t) => {
  const { make, content, hashing, obtain } = await openMaker(t)
  const work = workFor(createThrottle(SLOW))
  const ahead = make(content('x', 'large'), work)
  // Counted before the end, too
  await until(() => hashing.total.done > 0)
  assert.ok(hashing.total.done < LARGE)
  work.end()
  await assert.rejects(ahead, refused('busy', /gone/))
  const { ahead: read } = hashing.total
  await obtain('x', 'large')
  assert.equal(hashing.total.done, LARGE + read)
  assert.ok(read > 0 && read < LARGE)
})

test('what was hashed is remembered, even if nobody wants the torrent any more', async (t) => {
  const paths = Array.from({ length: 200 }, (_, i) => `file-${i}`)
  const root = makeScratch(t, Object.fromEntries(paths.map((path) => [path, path.repeat(3000)])))
  const { maker, context } = await openMaking(t, { limit: 1, maxPerClient: 10 })
  const parts = { ...contentOf(root, 'x', paths), isAligned: true }
  const [content, work] = [cutIntoPieces(parts, pieceLengthOf(15)), workFor()]
  const { cache } = context.cacheAccess
  const kept = t.mock.method(cache, 'put', (...record: Parameters<typeof cache.put>) => {
    work.end()
    // The slice of time of this work is over
    const end = performance.now() + 5
    while (performance.now() < end);
    kept.mock.restore()
    cache.put(...record)
  })
  await maker.make(sourceOf(content), work)
  const again = await maker.make(sourceOf(content), workFor())
  assert.equal(again.from, 'cache')
})
