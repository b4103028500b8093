import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import type { Metainfo } from '../../src/metainfo/metainfo.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { makeWithLibtorrent, needsLibtorrent, readWithLibtorrent } from '../metainfo/libtorrent.js'
import { assertRefused } from '../metainfo/refusal.js'
import { goldenTorrent } from '../support/torrents.js'

/** The part of webtorrent-fixtures that is used here; it has no types of its own. */
interface Fixture {
  readonly torrent: Uint8Array
  readonly torrentPath: string
  readonly parsedTorrent?: {
    readonly infoHash: string
    readonly name: string
    readonly length: number
    readonly pieceLength: number
    readonly pieces: string[]
    readonly private?: boolean
    readonly announce: string[]
    readonly urlList: string[]
    readonly files: { readonly path: string; readonly length: number }[]
  }
}

const { default: fixtures } = (await import(import.meta.resolve('webtorrent-fixtures'))) as {
  default: Record<string, Fixture>
}

const valid = Object.entries(fixtures).flatMap(([name, { parsedTorrent, ...fixture }]) =>
  parsedTorrent === undefined ? [] : [{ name, parsedTorrent, ...fixture }],
)

const INFO_HASHES: Record<string, string> = {
  leaves: 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36',
  alice: '722fe65b2aa26d14f35b4ad627d20236e481d924',
  folder: 'b88da2caac6648e6c7d7687e3f89085f7e230e6b',
  numbers: '89d97c2261a21b040cf11caa661a3ba7233bb7e6',
  lotsOfNumbers: '114ead6243792ba56297edbb9a78dfba84d4fc00',
  bunny: 'af8f10f30bf9aefecf3686922bfa0d5bd290a395',
  sintel: 'c334138ef5bfc2d568ea7324e0e2a3a7ec229bdd',
  leavesMetadata: 'd2474e86c95b19b8bcfdb92bc12c9d44667cfa36',
}

const transmission = spawnSync('transmission-show', ['--version']).error === undefined
const needsTransmission = { skip: !transmission && 'transmission-show is not installed' }

/** The paths of the content as other programs spell them: from the torrent's name down. */
function contentOf({ files, isDirectory, name }: Metainfo): [path: string, length: number][] {
  const above = isDirectory ? [name] : []
  return files
    .filter(({ padding }) => !padding)
    .map(({ path, length }) => [[...above, ...path].join('/'), length])
}

test('the fixtures are those whose hashes are known', () => {
  const hashes = valid.map(({ name, torrent }) => [name, parseMetainfo(torrent).infoHash])
  assert.deepEqual(Object.fromEntries(hashes), INFO_HASHES)
})

for (const { name, torrent, torrentPath, parsedTorrent } of valid) {
  test(`${name} is read as webtorrent reads it`, () => {
    const metainfo = parseMetainfo(torrent)
    assert.equal(metainfo.infoHash, parsedTorrent.infoHash)
    assert.equal(metainfo.name, parsedTorrent.name)
    assert.equal(metainfo.size, parsedTorrent.length)
    assert.equal(metainfo.pieceLength, parsedTorrent.pieceLength)
    assert.equal(Buffer.from(metainfo.pieces ?? []).toString('hex'), parsedTorrent.pieces.join(''))
    assert.equal(metainfo.private, parsedTorrent.private ?? false)
    assert.deepEqual(metainfo.webSeeds ?? [], parsedTorrent.urlList)
    assert.deepEqual(
      contentOf(metainfo),
      parsedTorrent.files.map(({ path, length }) => [path, length]),
    )
    assert.deepEqual(metainfo.warnings, [])
  })

  test(`${name} has the info hash that Transmission shows`, needsTransmission, () => {
    const { stdout } = spawnSync('transmission-show', [torrentPath], { encoding: 'utf8' })
    assert.equal(/^\s*Hash(?: v1)?: (\w{40})$/m.exec(stdout)?.[1], parseMetainfo(torrent).infoHash)
  })

  test(`${name} is read as libtorrent reads it`, needsLibtorrent, () => {
    assertReadAlike(torrent)
  })
}

function assertReadAlike(torrent: Uint8Array): void {
  const metainfo = parseMetainfo(torrent)
  const theirs = readWithLibtorrent(torrent)
  assert.equal(metainfo.infoHash ?? '0'.repeat(40), theirs.v1)
  assert.equal(metainfo.infoHashV2 ?? '0'.repeat(64), theirs.v2)
  assert.equal(metainfo.name, theirs.name)
  assert.equal(metainfo.pieceLength, theirs.pieceLength)
  assert.deepEqual(contentOf(metainfo), theirs.files)
}

for (const version of ['v2', 'hybrid'] as const) {
  for (const shape of ['single', 'directory'] as const) {
    test(`a ${version} ${shape} fresh from libtorrent is read alike`, needsLibtorrent, () => {
      const torrent = makeWithLibtorrent(version, shape)
      assert.equal(parseMetainfo(torrent).version, version)
      assertReadAlike(torrent)
    })
  }
}

for (const name of ['v2-single', 'v2-directory', 'hybrid-directory']) {
  test(`the golden ${name} is read as libtorrent reads it`, needsLibtorrent, () => {
    assertReadAlike(goldenTorrent(`${name}.torrent`))
  })
}

test('the corrupt fixture is refused', () => {
  const torrent = fixtures['corrupt']?.torrent ?? new Uint8Array()
  assertRefused(() => parseMetainfo(torrent), 'metainfo', 'info.name: is missing')
})
