import assert from 'node:assert/strict'
import { renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCache } from '../../../src/cache/open.js'
import type { Content } from '../../../src/core/digests/content.js'
import { padFile } from '../../../src/core/digests/pad-files.js'
import { createTable, unknownFiles } from '../../../src/core/digests/piece-table.js'
import { composeInfo } from '../../../src/core/digests/info.js'
import { hashContent } from '../../../src/core/digests/hash-content.js'
import { recallPieces } from '../../../src/core/digests/recall-pieces.js'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import type { ScannedFile } from '../../../src/files/scan/scanned-tree.js'
import { aheadOfFiles } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { makeScratch } from '../../support/scratch.js'
import { hashContext } from '../requests.js'

const P = 16384

/** Two files, and a cache in which what is hashed is remembered. */
async function makeFiles(t: TestContext) {
  const root = makeScratch(t, { a: A, b: B })
  const cache = await openCache({ directory: makeScratch(t), now: Date.now, warn: assert.ifError })
  t.after(() => cache.close())
  const cacheAccess = { cache, trust: 'full' as const, now: aheadOfFiles }
  const hash = async (content: Content, changes = {}) => {
    const { digests: pieces, bytesHashed } = await hashContent(content, {
      ...hashContext(),
      cacheAccess,
      ...changes,
    })
    await cache.flush()
    return { pieces: Buffer.from(pieces), bytesHashed }
  }
  const file = (name: string): ScannedFile => {
    const absolutePath = join(root, name)
    return { path: [name], absolutePath, fingerprint: readFingerprint(absolutePath) }
  }
  return { root, file, hash, cacheAccess }
}

function contentOf(files: readonly ScannedFile[]): Content {
  const size = files.reduce((sum, { fingerprint }) => sum + fingerprint.size, 0)
  const rest = { version: 'v1' as const, name: 'x', isDirectory: true, skipped: [], pieceLength: P }
  return { ...rest, files, size, pieceCount: Math.ceil(size / P) }
}

const A = pseudoRandom(2 * P + 100, 1)
const B = pseudoRandom(300, 2)
const PAD = padFile(['pad'], P - 100)

test('a pad file is hashed as zeros, though there is no such file', async (t) => {
  const { file, hash } = await makeFiles(t)
  const { pieces } = await hash(contentOf([file('a'), PAD, file('b')]))
  assert.deepEqual(pieces, referenceDigests([A, Buffer.alloc(P - 100), B], P))
})

test('a file that is padded in one torrent and last in another is read again at its end alone', async (t) => {
  const { file, hash } = await makeFiles(t)
  const padded = contentOf([file('a'), PAD, file('b')])
  const last = contentOf([file('a')])
  assert.equal((await hash(padded)).bytesHashed, 2 * P + 100 + 300)
  const { pieces, bytesHashed } = await hash(last)
  assert.deepEqual([bytesHashed, pieces], [100, referenceDigests([A], P)])
  assert.equal((await hash(padded)).bytesHashed, 0)
  assert.equal((await hash(last)).bytesHashed, 0)
})

test('a padded file costs nothing beside other files', async (t) => {
  const { file, hash, cacheAccess } = await makeFiles(t)
  await hash(contentOf([file('a'), PAD, file('b')]))
  const swapped = contentOf([file('b'), padFile(['pad'], P - 300), file('a'), PAD, file('b')])
  assert.deepEqual(
    unknownFiles(swapped, recallPieces(swapped, cacheAccess)).map(({ path }) => path),
    [['b']],
  )
  assert.equal((await hash(swapped)).bytesHashed, 300)
})

test('pad files are told as such where that is wanted (BEP 47)', () => {
  const content = contentOf([PAD, padFile(['0'], P)])
  const options = { private: false, sourceTag: null }
  const files = (more: object) => {
    const info = Buffer.from(composeInfo(content, { ...options, ...more }, createTable(content)))
    return /files.*?4:name/.exec(info.toString('latin1'))?.[0]
  }
  const plain = 'd6:lengthi16384e4:pathl1:0ee'
  assert.equal(files({}), `filesld6:lengthi16284e4:pathl3:padee${plain}e4:name`)
  const told = 'd4:attr1:p6:lengthi16384e4:pathl1:0ee'
  assert.equal(
    files({ markPadFiles: true }),
    `filesld4:attr1:p6:lengthi16284e4:pathl3:padee${told}e4:name`,
  )
})

test('a guarded read does not follow a link that took the place of a file', async (t) => {
  const { root, file, hash } = await makeFiles(t)
  const content = contentOf([file('a')])
  renameSync(join(root, 'a'), join(root, 'elsewhere'))
  symlinkSync('elsewhere', join(root, 'a'))
  const recheck = () => undefined
  await assert.rejects(hash(content, { isGuarded: true, recheck }), { code: 'changed' })
})
