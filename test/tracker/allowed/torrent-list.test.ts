import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { TorrentList, type TorrentListParts } from '../../../src/tracker/allowed/torrent-list.js'
import { clientInfoHash } from '../../../src/core/publish/client.js'
import type { MirroredTorrent } from '../../../src/metainfo/values.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { type Files, makeScratch, plantLinks } from '../../support/scratch.js'
import { goldenTorrent, singleFileInfo, torrentOf } from '../../support/torrents.js'
import { stampsOf } from '../../../src/disk/look/stat-files.js'
import { longTest } from '../../support/long.js'

const one = torrentOf(singleFileInfo({ name: 'one' }))
const two = torrentOf(singleFileInfo({ name: 'two' }))
const hashOf = (bytes: Uint8Array) => clientInfoHash(parseMetainfo(bytes))

/** A torrent as the mirror gives it to the tracker. */
function made(bytes: Uint8Array): MirroredTorrent {
  const { infoHash, infoHashV2, name, size } = parseMetainfo(bytes)
  const known = { infoHash, infoHashV2, name, size, fileCount: 1, private: false }
  return { ...known, place: name, addedMs: 0, trackers: [], webSeeds: [] }
}

/** The list of torrents in a new directory, with its reports. */
function listOf(t: TestContext, files: Files, parts: Partial<TorrentListParts> = {}) {
  const directory = makeScratch(t, files)
  const told: string[] = []
  const list = new TorrentList({
    directories: [directory],
    listFile: null,
    isFed: false,
    controls: true,
    report: (message) => told.push(message),
    ...parts,
  })
  const names = () => [...list.torrents.values()].map(({ metainfo }) => metainfo?.name).sort()
  return { directory, list, told, names }
}

function failOn(message: string): never {
  throw new Error(message)
}

test('torrents in a directory and below it are known by name and size', async (t) => {
  const { list, names, directory } = listOf(t, {
    'one.torrent': one,
    'deep/er/two.torrent': two,
    'not-one.txt': 'x',
    '.hidden/three.torrent': torrentOf(singleFileInfo({ name: 'three' })),
  })
  const path = join(directory, 'one.torrent')
  utimesSync(path, 1_700_000_000, 1_700_000_000)
  await list.refresh()
  assert.equal(list.isOpen, false)
  assert.deepEqual(names(), ['one', 'two'])
  assert.deepEqual(list.torrents.get(hashOf(one)), {
    infoHash: hashOf(one),
    metainfo: {
      infoHash: hashOf(one),
      infoHashV2: null,
      name: 'one',
      size: 5,
      fileCount: 1,
      private: false,
      path: join(directory, 'one.torrent'),
      place: null,
      state: (await stampsOf([path]))[0],
      addedMs: 1_700_000_000_000,
    },
    failure: null,
    warning: null,
    trackers: [],
    webSeeds: [],
  })
})

test('a torrent that the mirror makes, too, is still the one of the file', async (t) => {
  const { list, directory } = listOf(t, { 'one.torrent': one }, { isFed: true })
  await list.refresh()
  list.add(made(one))
  list.add(made(two))
  const paths = () => [one, two].map((each) => list.torrents.get(hashOf(each))?.metainfo?.path)
  assert.deepEqual(paths(), [join(directory, 'one.torrent'), null])
  rmSync(join(directory, 'one.torrent'))
  await list.refresh()
  assert.deepEqual(paths(), [null, null])
})

test('each change is noticed by the next scan, and only changes give another version', async (t) => {
  const banned = join(makeScratch(t, { banned: '' }), 'banned')
  const { list, names, directory } = listOf(t, { 'one.torrent': one }, { bannedFile: banned })
  const [first, second] = [join(directory, 'one.torrent'), join(directory, 'two.torrent')]
  const named = (name: string) => torrentOf(singleFileInfo({ name }))
  const versions = new Set([''])
  for (const [path, content, known] of [
    [first, one, ['one']],
    [second, two, ['one', 'two']],
    [first, named('uno'), ['two', 'uno']],
    [first, named('eins'), ['eins', 'two']],
    [banned, hashOf(two), ['eins']],
    [banned, '', ['eins', 'two']],
    [second, null, ['eins']],
  ] as const) {
    if (content === null) rmSync(path)
    else writeFileSync(path, content)
    await list.refresh()
    const { version } = list
    assert.deepEqual([names(), versions.has(version)], [known, false])
    versions.add(version)
    await list.refresh()
    assert.equal(list.version, version)
  }
})

test('a call during a scan waits for another scan, which sees what came meanwhile', async (t) => {
  const { list, names, directory } = listOf(t, { 'one.torrent': one })
  const second = makeScratch(t, { 'bad.torrent': 'no torrent' })
  const later: Promise<void>[] = []
  const both = new TorrentList({
    directories: [directory, second],
    listFile: null,
    isFed: false,
    controls: true,
    // The first directory has been scanned when the second one is reported
    report: () => {
      writeFileSync(join(directory, 'two.torrent'), two)
      if (later.length === 0) later.push(both.refresh(), both.refresh())
    },
  })
  const known = () => [...both.torrents.values()].map(({ metainfo }) => metainfo?.name).sort()
  await Promise.all([both.refresh(), list.refresh()])
  assert.deepEqual([known(), names()], [['one'], ['one']])
  await Promise.all(later)
  assert.deepEqual(known(), ['one', 'two'])
})

test('a hybrid torrent is known by both of its hashes', async (t) => {
  const { list } = listOf(t, { 'h.torrent': goldenTorrent('hybrid-directory.torrent') })
  await list.refresh()
  const { infoHash, infoHashV2 } = parseMetainfo(goldenTorrent('hybrid-directory.torrent'))
  assert.deepEqual([...list.torrents.keys()], [infoHash, infoHashV2?.slice(0, 40)])
})

test('pad files are not part of the size', async (t) => {
  const { list } = listOf(t, { 'h.torrent': goldenTorrent('hybrid-directory.torrent') })
  await list.refresh()
  const { files, size } = parseMetainfo(goldenTorrent('hybrid-directory.torrent'))
  const padding = files.filter((file) => file.padding).reduce((sum, { length }) => sum + length, 0)
  assert(padding > 0)
  const [known] = list.torrents.values()
  assert.equal(known?.metainfo?.size, size - padding)
})

test('controls inside a torrent are read only on request', async (t) => {
  const controlled = torrentOf(singleFileInfo(), {
    'failure reason': 'moved to another tracker',
    'warning message': 'ends tomorrow',
  })
  const { list, directory } = listOf(t, { 'a.torrent': controlled })
  await list.refresh()
  const [known] = list.torrents.values()
  assert(known)
  assert.deepEqual([known.failure, known.warning], ['moved to another tracker', 'ends tomorrow'])
  const parts = { directories: [directory], listFile: null, isFed: false, report: failOn }
  const deaf = new TorrentList({ ...parts, controls: false })
  await deaf.refresh()
  const [same] = deaf.torrents.values()
  assert(same)
  assert.deepEqual([same.failure, same.warning], [null, null])
})

test('an invalid torrent is reported once, and the others are used', async (t) => {
  const { list, names, told, directory } = listOf(t, {
    'bad.torrent': 'hello',
    'one.torrent': one,
  })
  await list.refresh()
  await list.refresh()
  assert.deepEqual(names(), ['one'])
  assert.deepEqual(told, [
    `${join(directory, 'bad.torrent')}: not a torrent (it begins with "hello"); not tracked`,
  ])
})

test('a copy of a torrent is reported once, if the next scan finds it, too', async (t) => {
  const hybrid = goldenTorrent('hybrid-directory.torrent')
  const { list, told, directory } = listOf(t, { 'a/one.torrent': hybrid, 'b/copy.torrent': hybrid })
  await list.refresh()
  // It may just be moved
  assert.deepEqual(told, [])
  await list.refresh()
  await list.refresh()
  const paths = [join(directory, 'a/one.torrent'), join(directory, 'b/copy.torrent')]
  const listed = list.torrents.get(hashOf(hybrid))?.metainfo?.path ?? ''
  const copy = paths.find((path) => path !== listed) ?? ''
  assert.deepEqual(told, [`${copy}: the same torrent as ${listed}; only that one is listed`])
  rmSync(listed)
  await list.refresh()
  assert.equal(told.length, 1)
  assert.equal(list.torrents.get(hashOf(hybrid))?.metainfo?.path, copy)
})

test('the content of a linked file is not quoted', async (t) => {
  const elsewhere = makeScratch(t, { secret: 'password=hunter2' })
  const { list, told, directory } = listOf(t, {})
  symlinkSync(join(elsewhere, 'secret'), join(directory, 'bad.torrent'))
  await list.refresh()
  assert.deepEqual(told, [`${join(directory, 'bad.torrent')}: not a torrent; not tracked`])
})

longTest('a thousand bad torrents are ten lines and a count', async (t) => {
  const files = Object.fromEntries(
    Array.from({ length: 1000 }, (_, i) => [`${i}.torrent`, 'x'] as const),
  )
  const { list, told } = listOf(t, files)
  await list.refresh()
  assert.equal(told.length, 11)
  assert.equal(told.at(-1), '990 more such problems')
})

test('a directory or pipe named like a torrent does no harm', async (t) => {
  const { list, names, directory } = listOf(t, { 'one.torrent': one })
  mkdirSync(join(directory, 'dir.torrent'))
  plantLinks(directory, { 'dead.torrent': '/nowhere', loop: '.' })
  await list.refresh()
  assert.deepEqual(names(), ['one'])
})

test('a link to a torrent counts as the torrent', async (t) => {
  const elsewhere = makeScratch(t, { 'real.torrent': one })
  const { list, names, directory } = listOf(t, {})
  symlinkSync(join(elsewhere, 'real.torrent'), join(directory, 'one.torrent'))
  await list.refresh()
  assert.deepEqual(names(), ['one'])
  writeFileSync(join(elsewhere, 'real.torrent'), two)
  await list.refresh()
  assert.deepEqual(names(), ['two'])
})

test('a directory that vanishes keeps its torrents, because a disk may be away, and is reported', async (t) => {
  const { list, names, told, directory } = listOf(t, { 'sub/one.torrent': one })
  await list.refresh()
  renameSync(directory, `${directory}-away`)
  t.after(() => {
    rmSync(`${directory}-away`, { recursive: true })
  })
  await list.refresh()
  assert.deepEqual(names(), ['one'])
  assert.deepEqual(told, [
    `${directory}: no such file or directory; the torrents found there before stay tracked`,
  ])
})

test('a list has one hash per line, v1 or v2, with any text after it', async (t) => {
  const directory = makeScratch(t, {
    list: `# releases\n${'AB'.repeat(20)} image.iso\n\n${'cd'.repeat(32)}\nshort\n`,
  })
  const { list, told } = listOf(t, {}, { directories: [], listFile: join(directory, 'list') })
  await list.refresh()
  assert.equal(list.isOpen, false)
  assert.deepEqual([...list.torrents.keys()], ['ab'.repeat(20), 'cd'.repeat(20)])
  assert.deepEqual(told, [
    `${join(directory, 'list')}: line 5: "short" is not an info hash; line ignored`,
  ])
})

test('of a list that is read before the first scan, banned torrents are left out', async (t) => {
  const banned = 'ab'.repeat(20)
  const lists = makeScratch(t, { list: `${hashOf(one)}\n${banned}\n`, banned })
  const { list } = listOf(
    t,
    {},
    { listFile: join(lists, 'list'), bannedFile: join(lists, 'banned') },
  )
  await list.readLists()
  assert.deepEqual([...list.torrents.keys()], [hashOf(one)])
  assert.deepEqual([...list.banned], [banned])
})

test('a list and directories together allow the torrents of both', async (t) => {
  const lists = makeScratch(t, { list: `${hashOf(one)}\n${'ab'.repeat(20)}\n` })
  const { list, names } = listOf(t, { 'one.torrent': one }, { listFile: join(lists, 'list') })
  await list.refresh()
  assert.deepEqual(names(), ['one', undefined])
})

test('to add or remove a torrent of a file changes nothing', async (t) => {
  const { list } = listOf(t, { 'one.torrent': one }, { isFed: true })
  await list.refresh()
  const three = torrentOf(singleFileInfo({ name: 'three' }))
  const versions = [one, one, two, two, three].map((torrent) => {
    list.add(made(torrent))
    return list.version
  })
  for (const each of [two, one]) {
    list.remove(hashOf(each))
    versions.push(list.version)
  }
  const first = versions.map((each) => versions.indexOf(each))
  assert.deepEqual(first, [0, 0, 2, 2, 4, 5, 5])
  await list.refresh()
  assert.deepEqual([...list.torrents.keys()], [one, three].map(hashOf))
})

longTest(
  'of more torrents of a mirror than 100,000, the oldest give way, with one warning',
  async (t) => {
    const { list, told } = listOf(t, {}, { isFed: true })
    const torrents = ['one', 'two', 'three'].map((name) => torrentOf(singleFileInfo({ name })))
    for (const torrent of torrents) list.add(made(torrent))
    for (let n = 3; n < 100_000; n++) list.add(made(torrentOf(singleFileInfo({ name: `f${n}` }))))
    assert.deepEqual([list.torrents.size, told], [100_000, []])
    for (const name of ['more', 'and more']) list.add(made(torrentOf(singleFileInfo({ name }))))
    await list.refresh()
    assert.equal(list.torrents.size, 100_000)
    const listed = torrents.map((torrent) => list.torrents.has(hashOf(torrent)))
    assert.deepEqual(listed, [false, false, true])
    assert.match(told.join('\n'), /^--track: 100,000 torrents are tracked; the oldest give way$/)
  },
)
