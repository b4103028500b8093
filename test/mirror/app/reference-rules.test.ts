import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longTest } from '../../support/long.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror, type ServedMirror } from '../../support/serve.js'
import { ask, type Answer } from '../ask.js'
import { pick, planted, referenceFiles } from './reference-mirror.js'
import {
  directoryUrl,
  multiFileInfo,
  sha1,
  singleFileInfo,
  torrentAround,
  type MirrorFile,
} from './reference-rules.js'
import { get, post, singleAddress } from './yum-client.js'
import { TRACKER } from '../../support/torrents.js'

const FILES = referenceFiles()

/** Sets of one to many files, each with at least one byte. */
const SETS = Array.from({ length: 24 }, (_, i) => pick(FILES, 1 + (i % 9), 100 + i)).filter((set) =>
  set.some(({ content }) => content.length > 0),
)

const pathsOf = (files: readonly MirrorFile[]) => files.map(({ path }) => path)

/** Asserts that an answer is exactly the torrent around this info. */
function assertTorrent(answer: Answer, expected: Uint8Array, info: Uint8Array): void {
  assert.equal(answer.status, 200, answer.body.toString('latin1', 0, 200))
  const { headers } = answer
  assert.equal(headers['content-disposition'], `attachment; filename=${sha1(info)}.torrent`)
  assert.equal(headers['content-type'], 'application/x-bittorrent')
  assert.equal(headers['content-length'], String(expected.length))
  assert.equal(answer.body.toString('latin1'), Buffer.from(expected).toString('latin1'))
}

function assertInfo(served: ServedMirror, answer: Answer, info: Uint8Array): void {
  assertTorrent(answer, torrentAround(info, [TRACKER], [`${served.address}/`]), info)
}

function assertSet(served: ServedMirror, answer: Answer, files: readonly MirrorFile[]): void {
  assertInfo(served, answer, multiFileInfo(files))
}

function assertSingle(served: ServedMirror, answer: Answer, file: MirrorFile): void {
  const info = singleFileInfo(file)
  const urls = [directoryUrl(served.address, file.path)]
  assertTorrent(answer, torrentAround(info, [TRACKER], urls), info)
}

longTest("the torrents of sets equal the original's, by POST and then by digest", async (t) => {
  const served = await serveMirror(t, { files: planted(FILES) })
  for (const set of SETS) {
    assertSet(served, await post(served.port, pathsOf(set)), set)
    assertSet(served, await get(served.port, pathsOf(set)), set)
    assertSet(served, await get(served.port, pathsOf(set)), set)
  }
})

longTest('they are the same whatever was requested before, and after a restart', async (t) => {
  const before = await serveMirror(t, { files: planted(FILES) })
  const filled = FILES.filter(({ content }) => content.length > 0)
  for (const file of filled) await ask(before.port, singleAddress(file.path))
  for (const set of SETS.toReversed().slice(0, 12)) {
    assertSet(before, await post(before.port, pathsOf(set)), set)
  }
  await before.stop()
  const after = await serveMirror(t, { root: before.root, cacheDir: before.cacheDir })
  for (const set of SETS) assertSet(after, await post(after.port, pathsOf(set)), set)
  for (const file of filled) {
    assertSingle(after, await ask(after.port, singleAddress(file.path)), file)
  }
})

test("the torrents of single files equal the original's, by both names", async (t) => {
  const served = await serveMirror(t, { files: planted(FILES) })
  for (const file of FILES.filter(({ content }) => content.length > 0)) {
    assertSingle(served, await ask(served.port, singleAddress(file.path)), file)
    assertSingle(served, await ask(served.port, singleAddress(file.path, 'simple')), file)
  }
})

test('a set of one path is a directory of one file, even after single requested the path', async (t) => {
  const served = await serveMirror(t, { files: planted(FILES) })
  const [file] = FILES.filter(({ content }) => content.length > 2 ** 20)
  await ask(served.port, singleAddress(file!.path))
  // Else a yum client would get the file at another path, and another swarm
  assert.equal((await get(served.port, [file!.path])).status, 412)
  assertSet(served, await post(served.port, [file!.path]), [file!])
  assertSet(served, await get(served.port, [file!.path]), [file!])
  assertSingle(served, await ask(served.port, singleAddress(file!.path)), file!)
})

test('a file at the root is found at the root', async (t) => {
  const file = { path: '/at root.bin', content: Buffer.from('x') }
  const served = await serveMirror(t, { files: planted([file]) })
  assertSingle(served, await ask(served.port, singleAddress(file.path)), file)
})

test('each of many small files is padded, and null files are counted by size', async (t) => {
  const files = Array.from({ length: 60 }, (_, i) => {
    return { path: `/yum/small/${i}.rpm`, content: Buffer.alloc(10 + (i % 3), i) }
  })
  const served = await serveMirror(t, { files: planted(files) })
  assertSet(served, await post(served.port, pathsOf(files)), files)
})

const TREE = ['/yum/b/1.rpm', '/yum/a/2.rpm', '/yum/a.b/3.rpm', '/yum/a/ö.rpm', '/yum/a/z.rpm']
const treeFiles = TREE.map((path) => ({ path, content: Buffer.from(`content of ${path}`) }))
const fromTree = (...paths: string[]) => {
  return paths.map((path) => treeFiles.find((file) => file.path === path)!)
}

test('a glob that matches several files makes a set, sorted component by component', async (t) => {
  const served = await serveMirror(t, { files: planted(treeFiles) })
  const answer = await ask(served.port, `/yum/torrent_service/single/yum/*/*.rpm`)
  const sorted = ['/yum/a/2.rpm', '/yum/a/z.rpm', '/yum/a/ö.rpm', '/yum/a.b/3.rpm', '/yum/b/1.rpm']
  assertSet(served, answer, fromTree(...sorted))
  assertSet(served, await get(served.port, ['/yum/*/*.rpm']), fromTree(...sorted))
})

test('a glob that matches one file makes a torrent of that file', async (t) => {
  const served = await serveMirror(t, { files: planted(treeFiles) })
  const answer = await ask(served.port, '/yum/torrent_service/simple/y%3Fm/%5B!a]/[0-9].rpm')
  assertSingle(served, answer, fromTree('/yum/b/1.rpm')[0]!)
})

test("files of a form's globs have the order of the globs, each sorted in itself", async (t) => {
  const served = await serveMirror(t, { files: planted(treeFiles) })
  const answer = await post(served.port, ['/yum/b/1.rpm', '/yum/a/*.rpm', '/yum/a.?/3.rpm'])
  const order = ['/yum/b/1.rpm', '/yum/a/2.rpm', '/yum/a/z.rpm', '/yum/a/ö.rpm', '/yum/a.b/3.rpm']
  assertSet(served, answer, fromTree(...order))
})

const TRACKERS = [
  'http://a.example/an',
  'udp://b.example:80',
  'https://c.example/x',
  'http://d.ex/',
]

test('torrents differ in the order of trackers, and contain all web seeds', async (t) => {
  const seeds = ['https://two.example/pub', 'http://three.example']
  const args = [
    ...TRACKERS.flatMap((tracker) => ['--tracker', tracker]),
    ...seeds.flatMap((seed) => ['--web-seed', seed]),
  ]
  const root = makeScratch(t, planted(FILES))
  const served = await serveMirror(t, { root, args })
  const bases = [served.address, ...seeds]
  for (const set of SETS.slice(0, 10)) {
    const info = multiFileInfo(set)
    const urls = bases.map((base) => `${base}/`)
    const answer = await post(served.port, pathsOf(set))
    assertTorrent(answer, torrentAround(info, TRACKERS, urls), info)
  }
  for (const file of FILES.slice(2, 8)) {
    const info = singleFileInfo(file)
    const urls = bases.map((base) => directoryUrl(base, file.path))
    const answer = await ask(served.port, singleAddress(file.path))
    assertTorrent(answer, torrentAround(info, TRACKERS, urls), info)
  }
})
