import assert from 'node:assert/strict'
import { linkSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type Content } from '../../../src/core/digests/content.js'
import type { ReadOnce } from '../../../src/core/digests/cache-access.js'
import { rootOf } from '../../../src/core/digests/file-trees.js'
import { hashContent, type HashedContent } from '../../../src/core/digests/hash-content.js'
import { hashInGroups } from '../../../src/core/digests/hash-groups.js'
import { unknownPieces } from '../../../src/core/digests/piece-table.js'
import { planTorrent } from '../../../src/core/make/make-torrent.js'
import { planVerify, verifyTorrent } from '../../../src/core/verify/verify-torrent.js'
import { openCache } from '../../../src/disk/cache/open.js'
import { createThrottle } from '../../../src/disk/hash/jobs/job.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { TWINS } from '../../disk/hash/hash-options.js'
import { longTest } from '../../support/long.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { referenceTree } from '../../support/reference-trees.js'
import { makeScratch, plantFiles, type Files } from '../../support/scratch.js'
import { contentRequest, cutContent, hashContext, makeRequest, makeTorrent } from '../requests.js'

const MIB = 2 ** 20
const PIECE = pieceLengthOf(16)

/** Bytes that the thread may have been hashing when it was stopped. */
const IN_HAND = { v1: MIB, hybrid: MIB, v2: 8 * MIB }

const CONTENTS: Readonly<Record<string, Files>> = {
  'a large file': { large: pseudoRandom(32 * MIB + 5, 1) },
  'a directory': {
    ...Object.fromEntries(
      Array.from({ length: 28 }, (_, i) => [`d/f${i + 10}`, pseudoRandom(MIB + 333, i)]),
    ),
    'd/empty': '',
    'd/large': pseudoRandom(4 * MIB, 77),
  },
}

/** A cache that takes all files for old, and what hashes or checks a content with it. */
async function plant(t: TestContext, files: Files) {
  const root = makeScratch(t, files)
  const now = () => Date.now() + 10_000
  const cache = await openCache({ directory: makeScratch(t), now, warn: assert.ifError })
  t.after(() => cache.close())
  const [name = ''] = Object.keys(files)
  const source = join(root, name.split('/')[0] ?? '')
  let read = 0
  const readOnce: ReadOnce = ({ table }, hash) => {
    read = unknownPieces(table).length * PIECE
    return hash(hashInGroups)
  }
  const context = (kernel: (typeof TWINS)[number], until = Infinity) => {
    const interruption = new AbortController()
    const onProgress = ({ bytesDone }: { readonly bytesDone: number }) => {
      if (bytesDone >= until) interruption.abort()
    }
    const throttle = until < Infinity ? createThrottle(20 * MIB) : undefined
    const engine = { threads: 1, throttle, onProgress, signal: interruption.signal }
    return {
      ...hashContext({ kernel, ...engine }),
      cacheAccess: { cache, trust: 'full', now, reader: { readOnce } },
    } as const
  }
  return { root, source, context, cache, bytesRead: () => read }
}

function assertDigests(content: Content, { digests, trees }: HashedContent): void {
  const contents = Array.from(content.files, ({ absolutePath, fingerprint }) => {
    return absolutePath === '' ? Buffer.alloc(fingerprint.size) : readFileSync(absolutePath)
  })
  if (content.version !== 'v2')
    assert.deepEqual(Buffer.from(digests), referenceDigests(contents, PIECE))
  for (const [number, { absolutePath, fingerprint }] of [...content.files].entries()) {
    if (!trees || absolutePath === '' || fingerprint.size === 0) continue
    const { root, layer } = referenceTree(contents[number]!, PIECE)
    assert.deepEqual(Buffer.from(rootOf(trees, number)), root)
    assert.deepEqual(trees.layers.get(number) ?? null, layer && Uint8Array.from(layer))
  }
}

/** The version of a content whose tests are quick ones. */
const QUICK: Readonly<Record<string, string>> = { 'a large file': 'v2', 'a directory': 'hybrid' }

for (const [what, files] of Object.entries(CONTENTS)) {
  for (const version of ['v1', 'v2', 'hybrid'] as const) {
    const declare = QUICK[what] === version ? test : longTest
    for (const kernel of TWINS) {
      declare(
        `${what}, ${version}, ${kernel}: after interruptions only the rest is hashed`,
        async (t) => {
          const { source, context } = await plant(t, files)
          const content = await cutContent(contentRequest(source, { version, pieceLength: PIECE }))
          const { size } = content
          // A slow machine notices an interruption late
          for (const part of [1 / 2, 1 / 8]) {
            const hash = hashContent(content, context(kernel, size * part))
            await assert.rejects(hash, { code: 'interrupted' })
          }
          const last = await hashContent(content, context(kernel))
          const most = (3 / 8) * size + 2 * IN_HAND[version]
          assert.ok(last.bytesHashed <= most, `${last.bytesHashed} of ${size}`)
          assertDigests(content, last)
          assert.equal((await hashContent(content, context(kernel))).bytesHashed, 0)
        },
      )
    }

    declare(`${what}, ${version}: a check goes on where it was interrupted`, async (t) => {
      const { source, context, bytesRead } = await plant(t, files)
      const plan = await planTorrent(makeRequest(source, { version, pieceLength: PIECE }))
      const made = await makeTorrent(plan, hashContext({ threads: 2 }))
      const metainfo = parseMetainfo(Buffer.concat(made.parts))
      const place = { torrent: 'x', path: source, checkHashes: true, extra: false }
      const check = async (until?: number) =>
        verifyTorrent(await planVerify({ metainfo, ...place }), context(TWINS[0]!, until))
      const { size } = plan.content
      await assert.rejects(check(size / 2), { code: 'interrupted' })
      assert.equal((await check()).ok, true)
      assert.ok(bytesRead() <= size / 2 + IN_HAND[version], `${bytesRead()} of ${size}`)
    })
  }
}

test('digests of files before one that cannot be read are kept', async (t) => {
  const { source, root, context } = await plant(t, CONTENTS['a directory']!)
  const request = contentRequest(source, { pieceLength: PIECE })
  const content = await cutContent(request)
  const last = { 'd/large': CONTENTS['a directory']!['d/large']! }
  rmSync(join(root, 'd/large'))
  await assert.rejects(hashContent(content, context(TWINS[0]!)), { code: 'not-found' })
  plantFiles(root, last)
  const { bytesHashed } = await hashContent(await cutContent(request), context(TWINS[0]!))
  assert.ok(bytesHashed < last['d/large'].length + IN_HAND.v1, `${bytesHashed}`)
})

test('a file that changed is hashed again from its start', async (t) => {
  const { source, root, context } = await plant(t, CONTENTS['a large file']!)
  const plan = () => cutContent(contentRequest(source, { pieceLength: PIECE }))
  await assert.rejects(hashContent(await plan(), context(TWINS[0]!, 12 * MIB)))
  plantFiles(root, { large: pseudoRandom(32 * MIB + 5, 2) })
  const content = await plan()
  const hashed = await hashContent(content, context(TWINS[0]!))
  assert.equal(hashed.bytesHashed, content.size)
  assertDigests(content, hashed)
})

test('pieces that two files share are read once, also the last one', async (t) => {
  const sizes = { 'd/a': PIECE + 9, 'd/b': PIECE + 9, 'd/c': 9 }
  const files = Object.entries(sizes).map(
    ([path, size]) => [path, pseudoRandom(size, size)] as const,
  )
  const { source, context } = await plant(t, Object.fromEntries(files))
  const content = await cutContent(contentRequest(source, { pieceLength: PIECE }))
  for (const read of [content.size, 0])
    assert.equal((await hashContent(content, context(TWINS[0]!))).bytesHashed, read)
})

test('a hybrid of which only some last pieces are read again keeps its trees', async (t) => {
  const { source, root, context } = await plant(t, { 'd/a': pseudoRandom(9 * PIECE + 9, 1) })
  const request = contentRequest(source, { version: 'hybrid', pieceLength: PIECE })
  await hashContent(await cutContent(request), context(TWINS[0]!))
  // The last file of a hybrid is not padded, unless another one follows
  plantFiles(root, { 'd/b': pseudoRandom(PIECE + 9, 2) })
  for (const isRead of [true, false]) {
    const content = await cutContent(request)
    const hashed = await hashContent(content, context(TWINS[0]!))
    assert.equal(hashed.bytesHashed > 0, isRead)
    assert.ok(hashed.bytesHashed <= 3 * PIECE, `${hashed.bytesHashed}`)
    assertDigests(content, hashed)
  }
})

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  test(`${version}: a file, a link to it and a hard link are hashed once`, async (t) => {
    const { root, context } = await plant(t, { 'planet-1.pbf': pseudoRandom(3 * MIB, 1) })
    symlinkSync('planet-1.pbf', join(root, 'latest.pbf'))
    linkSync(join(root, 'planet-1.pbf'), join(root, 'hard.pbf'))
    let bytes = 0
    for (const name of ['planet-1.pbf', 'latest.pbf', 'hard.pbf']) {
      const request = contentRequest(join(root, name), { version, pieceLength: PIECE })
      const content = await cutContent(request)
      const hashed = await hashContent(content, context(TWINS[0]!))
      bytes += hashed.bytesHashed
      assertDigests(content, hashed)
    }
    assert.equal(bytes, 3 * MIB)
  })
}
