import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  convertTorrent,
  findData,
  isSameSwarm,
  magnetLink,
  makeTorrent,
  parseFileRanges,
  parseMetainfo,
  readTorrent,
  summarizeTorrents,
  swarmDifferences,
} from '../../src/library/index.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { makeScratch } from '../support/scratch.js'
import {
  directoryInfo,
  singleFileInfo,
  torrentOf,
  TRACKER,
  type Plain,
  type PlainDict,
} from '../support/torrents.js'

const INTERRUPTED = { code: 'interrupted' }

/** A directory of two files, and its torrent. */
async function plant(t: TestContext) {
  const scratch = makeScratch(t, {
    'd/a': pseudoRandom(100_000, 1),
    'd/b': pseudoRandom(70_000, 2),
  })
  const place = (...names: string[]) => join(scratch, ...names)
  const torrent = place('d.torrent')
  const made = await makeTorrent(place('d'), { output: torrent, trackers: TRACKER })
  return { place, torrent, made }
}

test('a torrent is converted to the one that would be made of its content', async (t) => {
  const { place, torrent } = await plant(t)
  const options = { version: 'v2', output: place('v2.torrent') } as const
  const task = convertTorrent(torrent, place('d'), options)
  let last = null
  for await (const progress of task) last = progress
  const { after, report } = await task
  assert.equal(report, null)
  const expected = await makeTorrent(place('d'), { version: 'v2', trackers: TRACKER })
  assert.equal(after.infoHashV2, expected.infoHashV2)
  assert.ok(last && last.bytesTotal >= 340_000)
  assert.equal(last.bytesDone, last.bytesTotal)
  assert.deepEqual(readFileSync(options.output), Buffer.from(after.bytes))
  await assert.rejects(convertTorrent(torrent, place('d'), { version: 'v1' }), { code: 'metainfo' })
  const signal = AbortSignal.abort()
  await assert.rejects(convertTorrent(torrent, place('d'), { ...options, signal }), INTERRUPTED)
})

test('content that is not whole is not converted', async (t) => {
  const { place, torrent } = await plant(t)
  writeFileSync(place('d/a'), pseudoRandom(100_000, 3))
  writeFileSync(place('keep.torrent'), '')
  const output = place('keep.torrent')
  const { after, report } = await convertTorrent(torrent, place('d'), { version: 'v2', output })
  assert.deepEqual([after, report?.ok, report?.files[0]?.status], [null, false, 'damaged'])
  assert.equal(statSync(output).size, 0)
})

test('the data of torrents is found under other names, and linked', async (t) => {
  const { place, torrent, made } = await plant(t)
  mkdirSync(place('other'))
  renameSync(place('d/a'), place('other/renamed'))
  const link = place('links')
  const both = await findData([torrent, made.bytes], [place('d'), place('other')], { link })
  for (const { ok, files } of both) {
    assert.equal(ok, true)
    assert.deepEqual(
      files.map(({ status, path }) => [status, path]),
      [
        ['found', place('other/renamed')],
        ['found', place('d/b')],
      ],
    )
  }
  assert.equal(statSync(join(link, 'd/a')).ino, statSync(place('other/renamed')).ino)
  const [less] = await findData([torrent], [place('d')])
  assert.deepEqual([less?.ok, less?.files[0]?.status], [false, 'missing'])
  const signal = AbortSignal.abort()
  await assert.rejects(findData([torrent], [place('d')], { signal }), INTERRUPTED)
})

test('likely data is copied only if that was asked for', async (t) => {
  const end = Buffer.alloc(20_000)
  const scratch = makeScratch(t, {
    'd/a': pseudoRandom(10, 1),
    'd/b': Buffer.concat([pseudoRandom(16_374, 2), end]),
    'pool/other': Buffer.concat([pseudoRandom(16_374, 3), end]),
  })
  const { bytes } = await makeTorrent(join(scratch, 'd'), { pieceLength: 16_384 })
  const [link, target] = [join(scratch, 'links'), join(scratch, 'links/d/b')]
  for (const likely of [false, true]) {
    const [found] = await findData([bytes], [join(scratch, 'pool')], { link, likely })
    const { status, unproven } = found!.files[1]!
    assert.deepEqual([found?.ok, status, unproven], [false, 'likely', [[0, 16_374]]])
    assert.equal(existsSync(target), likely)
  }
  assert.equal(statSync(target).nlink, 1)
})

test('torrents are counted, and those that cannot be read are named', async (t) => {
  const { place, torrent } = await plant(t)
  await makeTorrent(place('d/b'), { output: place('d/b.torrent'), pieceLength: 16_384 })
  writeFileSync(place('d/bad.torrent'), 'no')
  const report = await summarizeTorrents([torrent, place('d'), place('none.torrent')])
  const { torrents, files, size, trackers, failures } = report
  assert.deepEqual([torrents, files, size], [2, 3, 240_000])
  assert.deepEqual(
    trackers.map(({ value }) => value),
    ['http://t.example', 'none'],
  )
  assert.deepEqual(
    failures.map(({ file }) => file),
    [place('d/bad.torrent'), place('none.torrent')],
  )
  const signal = AbortSignal.abort()
  await assert.rejects(summarizeTorrents([torrent], { signal }), INTERRUPTED)
})

test('a magnet link selects files that the torrent has', async (t) => {
  const { torrent } = await plant(t)
  const metainfo = await readTorrent(torrent)
  assert.match(magnetLink(metainfo, parseFileRanges('0-1')), /&so=0-1$/)
  const { fileList: _list, ...listed } = metainfo
  for (const source of [metainfo, listed])
    assert.throws(() => magnetLink(source, parseFileRanges('0,2')), { code: 'usage' })
})

test('two torrents of one swarm are told from others', async (t) => {
  const { place, torrent } = await plant(t)
  const one = await readTorrent(torrent)
  const same = await readTorrent((await makeTorrent(place('d'), { comment: 'other' })).bytes)
  assert.deepEqual([isSameSwarm(one, same), swarmDifferences(one, same)], [true, []])
  const other = await readTorrent((await makeTorrent(place('d'), { source: 'TAG' })).bytes)
  assert.deepEqual(swarmDifferences(one, other), [{ what: 'source', first: 'none', second: 'TAG' }])
})

test('each key of info that differs is named, also those of files', () => {
  const file = { length: 5, path: ['a'] }
  const list = (...keys: PlainDict[]) => {
    return keys.map((each, i) => ({ ...file, path: [`${i}`], ...each }))
  }
  const whats = (one: PlainDict, other: PlainDict) => {
    const [a, b] = [one, other].map((info) => parseMetainfo(torrentOf(info)))
    return swarmDifferences(a!, b!).map(({ what, first, second }) => [what, first, second])
  }
  const single = singleFileInfo()
  for (const [key, value, shown] of [
    ['private', 0, 'i0e'],
    ['md5sum', 'x', '1:x'],
    ['name.utf-8', 'a.txt', '5:a.txt'],
  ] as const)
    assert.deepEqual(whats({ ...single, [key]: value }, single), [[`info.${key}`, shown, 'none']])
  const pieces = Buffer.alloc(20)
  const directory = (files: (PlainDict & typeof file)[]) =>
    directoryInfo(files, { name: 'd', pieces })
  const OF_FILES: [string, Plain, string][] = [
    ['md5sum', 'x', '1:x'],
    ['mtime', 7, 'i7e'],
    ['attr', 'x', '1:x'],
    ['path.utf-8', ['1'], 'l1:1e'],
  ]
  for (const [key, value, shown] of OF_FILES) {
    const found = whats(directory(list({}, { [key]: value })), directory(list({}, {})))
    assert.deepEqual(found, [[key, `1: ${shown}`, '1: none']])
  }
  const padded = (...path: string[]) =>
    directoryInfo([file, { length: 7, path, attr: 'p' }], { name: 'd', pieces })
  assert.deepEqual(whats(padded('.pad', '7'), padded('_pad')), [
    ['pad files', 'file 2 is .pad/7 of 7 bytes', 'file 2 is _pad of 7 bytes'],
  ])
})
