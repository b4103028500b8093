import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { failure, unlessWindows } from '../../disk/failure.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { pathIn } from '../../../src/core/verify/locate.js'
import { planVerify, verifyTorrent } from '../../../src/core/verify/verify-torrent.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { availableKernels } from '../../../src/disk/hash/kernels.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { torrentOf } from '../../support/torrents.js'
import { hashContext } from '../requests.js'
import { PIECE, plantRelease, plantSingle, statuses, verify } from './release.js'

const FILES = [{ path: 'a', size: 10 }]

for (const [what, plant, shown] of [
  ['content', (t: TestContext) => plantRelease(t, FILES), 'release/a'],
  ['single file', (t: TestContext) => plantSingle(t, 10), 'release'],
] as const) {
  test(`a ${what} is found by its own path, whatever its name, or by what holds it`, async (t) => {
    const release = plant(t)
    const path = join(release.directory, 'release')
    assert.equal((await verify(release)).ok, true)
    assert.equal((await verify(release, { path })).ok, true)
    renameSync(path, `${path}-1.0`)
    assert.equal((await verify(release, { path: `${path}-1.0` })).ok, true)
    const { ok, place, files } = await verify(release)
    const missing = pathIn(place, files[0]?.path ?? [])
    assert.deepEqual([ok, missing], [false, join(release.directory, shown)])
  })
}

test('a directory that holds one of the name of the torrent is not the content', async (t) => {
  const release = plantRelease(t, FILES)
  plantFiles(release.directory, { a: 'not this one' })
  assert.equal((await verify(release)).ok, true)
})

test('a directory that holds a file of the name of the torrent may be the content', async (t) => {
  const release = plantRelease(t, [{ path: 'release', size: 10 }])
  const path = join(release.directory, 'release')
  assert.equal((await verify(release, { path })).ok, true)
})

test('of two places the one counts where more files have their size', async (t) => {
  const release = plantRelease(t, [
    { path: 'a', size: 10 },
    { path: 'b', size: 20 },
    { path: 'release/a', size: 10 },
  ])
  const path = join(release.directory, 'release')
  assert.equal((await verify(release, { path })).ok, true)
  rmSync(join(path, 'b'))
  const report = await verify(release, { path, checkHashes: false })
  assert.deepEqual(statuses(report), { a: 'ok', b: 'missing', 'release/a': 'ok' })
})

test('a link out of the content does not hide it', unlessWindows, async (t) => {
  const release = plantRelease(t, [{ path: 'a', size: 10 }])
  const path = join(release.directory, 'release')
  symlinkSync(makeScratch(t), join(path, 'release'))
  assert.equal((await verify(release, { path })).ok, true)
})

test('by name, the content is never the directory itself, nor the other way round', async (t) => {
  const release = plantRelease(t, [{ path: 'release/a', size: 10 }])
  const path = join(release.directory, 'release')
  assert.equal((await verify(release, { path, byName: true })).ok, false)
  assert.equal((await verify(release, { path, byName: false })).ok, true)
  assert.equal((await verify(release, { byName: false })).ok, false)
})

test('what was not named may not: a link out of the path given', unlessWindows, async (t) => {
  const release = plantRelease(t, FILES)
  const path = makeScratch(t)
  symlinkSync(join(release.directory, 'release'), join(path, 'release'))
  await assert.rejects(
    verify(release, { path }),
    failure(
      'unsafe-path',
      `${path}/release: is a link that leads out of ${path}; --follow-symlinks allows that`,
    ),
  )
})

test('a directory in the place of a single file is not the file', async (t) => {
  const release = plantSingle(t, 10)
  const path = makeScratch(t)
  mkdirSync(join(path, 'release'))
  const { files } = await verify(release, { path })
  assert.deepEqual([files[0]?.status, files[0]?.reason], ['missing', 'in its place is a directory'])
})

for (const { name: kernel } of availableKernels()) {
  test(`names that are not UTF-8 are found by their bytes and read by ${kernel}`, async (t) => {
    const [place, name] = ['caf\xe9', 'Beyonc\xe9.flac'].map((text) => Buffer.from(text, 'latin1'))
    assert.ok(place && name)
    const slash = Buffer.from('/')
    const content = pseudoRandom(3 * PIECE)
    const torrent = torrentOf({
      files: [{ length: content.length, path: [place, name] }],
      name: place,
      'piece length': PIECE,
      pieces: referenceDigests([content], PIECE),
    })
    const directory = makeScratch(t)
    const inner = Buffer.concat([Buffer.from(directory), slash, place, slash, place])
    mkdirSync(inner, { recursive: true })
    const path = Buffer.concat([inner, slash, name])
    const check = async () => {
      const request = { metainfo: parseMetainfo(torrent), torrent: 't', path: directory }
      const plan = await planVerify({ ...request, rawNames: true, checkHashes: true, extra: false })
      return (await verifyTorrent(plan, hashContext({ kernel }))).files[0]?.status
    }
    assert.equal(await check(), 'missing')
    writeFileSync(path, content)
    assert.equal(await check(), 'ok')
    content[PIECE] = ~(content[PIECE] ?? 0)
    writeFileSync(path, content)
    assert.equal(await check(), 'damaged')
  })
}
