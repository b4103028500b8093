import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Metainfo } from '../../src/metainfo/metainfo.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import {
  type LibtorrentReading,
  makeWithLibtorrent,
  needsLibtorrent,
  readAllWithLibtorrent,
  readWithLibtorrent,
} from '../metainfo/libtorrent.js'
import { assertRefused } from '../metainfo/refusal.js'
import { makeScratch } from '../support/scratch.js'
import {
  digestsFor,
  directoryInfo,
  goldenTorrent,
  singleFileInfo,
  torrentOf,
  type PlainDict,
} from '../support/torrents.js'
import { makeWithWebtorrent, readWithWebtorrent } from '../support/webtorrent.js'

const made = await makeWithWebtorrent()

const transmission = spawnSync('transmission-show', ['--version']).error === undefined
const needsTransmission = { skip: !transmission && 'transmission-show is not installed' }

/** The paths of the content as other programs spell them: from the torrent's name down. */
function contentOf({ files, isDirectory, name }: Metainfo): [path: string, length: number][] {
  const above = isDirectory ? [name] : []
  return files
    .filter(({ padding }) => !padding)
    .map(({ path, length }) => [[...above, ...path].join('/'), length])
}

for (const [name, torrent] of made) {
  test(`a torrent of webtorrent, ${name}, is read as webtorrent reads it`, async () => {
    const metainfo = parseMetainfo(torrent)
    const theirs = await readWithWebtorrent(torrent)
    assert.equal(metainfo.infoHash, theirs.infoHash)
    assert.equal(metainfo.name, theirs.name)
    assert.equal(metainfo.size, theirs.length)
    assert.equal(metainfo.pieceLength, theirs.pieceLength)
    assert.equal(Buffer.from(metainfo.pieces ?? []).toString('hex'), theirs.pieces.join(''))
    assert.equal(metainfo.private, theirs.private ?? false)
    assert.deepEqual(metainfo.webSeeds ?? [], theirs.urlList)
    assert.deepEqual([...new Set(metainfo.announceList?.flat() ?? [])], theirs.announce)
    assert.deepEqual(
      contentOf(metainfo),
      theirs.files.map(({ path, length }) => [path, length]),
    )
    assert.deepEqual(metainfo.warnings, [])
  })

  test(`a torrent of webtorrent, ${name}, has Transmission's info hash`, needsTransmission, (t) => {
    const path = join(makeScratch(t, { 'a.torrent': torrent }), 'a.torrent')
    const { stdout } = spawnSync('transmission-show', [path], { encoding: 'utf8' })
    assert.equal(/^\s*Hash(?: v1)?: (\w{40})$/m.exec(stdout)?.[1], parseMetainfo(torrent).infoHash)
  })
}

function assertReadAlike(torrent: Uint8Array, theirs: LibtorrentReading): void {
  const metainfo = parseMetainfo(torrent)
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
      assertReadAlike(torrent, readWithLibtorrent(torrent))
    })
  }
}

/** The info of version 2 of an empty file with other properties, and of a file. */
function v2Info(empty: PlainDict): PlainDict {
  const file = { length: 5, 'pieces root': Buffer.alloc(32, 1) }
  const tree = { e: { '': { length: 0, ...empty } }, f: { '': file } }
  return { 'file tree': tree, 'meta version': 2, name: 'dir', 'piece length': 16_384 }
}

const ODD: Record<string, PlainDict> = {
  'name.utf-8 and path.utf-8': directoryInfo(
    [{ length: 5, path: ['a'], 'path.utf-8': ['b', 'ü'] }],
    { 'name.utf-8': 'é' },
  ),
  'only name.utf-8 and path.utf-8': {
    ...directoryInfo([], { name: undefined, 'name.utf-8': 'é', pieces: digestsFor(5) }),
    files: [{ length: 5, 'path.utf-8': ['b'] }],
  },
  'name.utf-8 of a single file': singleFileInfo({ 'name.utf-8': 'é' }),
  "BitComet's pad files": directoryInfo([
    { length: 5, path: ['a'] },
    { length: 16_379, path: ['_____padding_file_0_if you see this file, update'] },
    { length: 5, path: ['b'] },
  ]),
  'a link with a length': directoryInfo([
    { length: 5, path: ['a'] },
    { length: 9, path: ['b'], attr: 'l', 'symlink path': ['a'] },
  ]),
  'a pieces root of an empty file': v2Info({ 'pieces root': Buffer.alloc(32, 7) }),
  'a pieces root of an empty file that is no string': v2Info({ 'pieces root': 7 }),
  'meta version 0': singleFileInfo({ 'meta version': 0 }),
  'meta version 1': singleFileInfo({ 'meta version': 1 }),
  'a meta version that is no number': singleFileInfo({ 'meta version': 'x' }),
  'a length beside files': directoryInfo([{ length: 5, path: ['a'] }], { length: 7 }),
  'a path.utf-8 that is no list': directoryInfo([{ length: 5, path: ['a'], 'path.utf-8': 'b' }]),
}

const DOTS = directoryInfo([
  { length: 5, path: ['.', 'a'] },
  { length: 6, path: ['b', '.', 'c'] },
  { length: 7, path: ['d', '.'] },
])

const ALIKE: readonly (readonly [what: string, torrent: Uint8Array])[] = [
  ...[...made].map(([name, torrent]) => [`${name} of webtorrent`, torrent] as const),
  ...['v2-single', 'v2-directory', 'hybrid-directory'].map(
    (name) => [`the golden ${name}`, goldenTorrent(`${name}.torrent`)] as const,
  ),
  ...Object.entries({ ...ODD, 'components of a dot, which are left out': DOTS }).map(
    ([what, info]) => [what, torrentOf(info, { 'piece layers': {} })] as const,
  ),
]

const readings = needsLibtorrent.skip
  ? []
  : readAllWithLibtorrent(ALIKE.map(([, torrent]) => torrent))

for (const [at, [what, torrent]] of ALIKE.entries()) {
  test(`${what}: read as libtorrent reads it`, needsLibtorrent, () => {
    assertReadAlike(torrent, readings[at]!)
  })
}

const EMPTY_COMPONENTS = directoryInfo([
  { length: 5, path: ['', 'a'] },
  { length: 6, path: ['b', '', 'c'] },
  { length: 7, path: ['d', ''] },
])

test('libtorrent finds the same content where components are empty', needsLibtorrent, () => {
  const torrent = torrentOf(EMPTY_COMPONENTS)
  const metainfo = parseMetainfo(torrent)
  const theirs = readWithLibtorrent(torrent)
  assert.equal(metainfo.infoHash, theirs.v1)
  const named = theirs.files.map(([path, length]) => [path.replaceAll('/_', ''), length])
  assert.deepEqual(contentOf(metainfo), named)
})

test('Transmission ignores empty components and dots, too', needsTransmission, (t) => {
  for (const torrent of [EMPTY_COMPONENTS, DOTS].map((info) => torrentOf(info))) {
    const path = join(makeScratch(t, { 'a.torrent': torrent }), 'a.torrent')
    const { stdout } = spawnSync('transmission-show', [path], { encoding: 'utf8' })
    const theirs = [...stdout.matchAll(/^ *(dir\/.*) \(/gm)].map(([, name]) => name)
    const { files } = parseMetainfo(torrent)
    assert.deepEqual(
      files.map((file) => `dir/${file.path.join('/')}`),
      theirs,
    )
  }
})

test('a torrent whose info lacks its name is refused', () => {
  const info = { length: 5, 'piece length': 16_384, pieces: Buffer.alloc(20) }
  assertRefused(() => parseMetainfo(torrentOf(info)), 'metainfo', 'info.name: is missing')
})
