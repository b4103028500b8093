import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import {
  completeDirectories,
  editFiles,
  editTorrent,
  lintTorrent,
  magnetLink,
  makeTorrent,
  parseMagnet,
  parseMetainfo,
  planTorrent,
  readTorrent,
  verifyTorrent,
} from '../../src/library/index.js'
import { failure } from '../disk/failure.js'
import { makeScratch } from '../support/scratch.js'
import { TRACKER } from '../support/torrents.js'

test('a torrent is read from a path, from bytes, and from metainfo', async (t) => {
  const scratch = makeScratch(t, { 'a.txt': 'text' })
  const output = join(scratch, 'a.torrent')
  const { bytes, infoHash } = await makeTorrent(join(scratch, 'a.txt'), { output })
  const metainfo = await readTorrent(output)
  assert.equal(metainfo.infoHash, infoHash)
  assert.equal((await readTorrent(bytes)).infoHash, infoHash)
  assert.equal(await readTorrent(metainfo), metainfo)
  await assert.rejects(readTorrent(join(scratch, 'a.txt')), { code: 'bencode' })
  await assert.rejects(readTorrent(output, { maxSize: 10 }), { code: 'too-large' })
  await assert.rejects(readTorrent(output, { signal: AbortSignal.abort() }), {
    code: 'interrupted',
  })
  const codes = (await lintTorrent(output)).map(({ code }) => code)
  assert.ok(codes.includes('no-tracker'), codes.join())
})

test('a path with a null byte is wrong usage', async (t) => {
  const path = `${makeScratch(t)}/a\0b`
  const error = failure('usage', `${path}: has a null byte`)
  await assert.rejects(readTorrent(path), error)
  await assert.rejects(makeTorrent(path), error)
  await assert.rejects(planTorrent(path), error)
})

test('a magnet link names the torrent', async (t) => {
  const scratch = makeScratch(t, { 'a.txt': 'text' })
  const made = await makeTorrent(join(scratch, 'a.txt'), { trackers: TRACKER })
  const link = magnetLink(await readTorrent(made.bytes))
  const { infoHash, trackers } = parseMagnet(link)
  assert.deepEqual([infoHash, trackers], [made.infoHash, [TRACKER]])
})

test('changes leave the info hash, unless they are of info', async (t) => {
  const scratch = makeScratch(t, { 'a.txt': 'text' })
  const { bytes, infoHash } = await makeTorrent(join(scratch, 'a.txt'), { trackers: TRACKER })
  const edited = editTorrent(bytes, {
    replaceTrackers: [{ from: 'http://t.example/', to: 'https://s.example/' }],
    addTrackers: ['udp://u.example:6969'],
    webSeeds: ['http://seed.example/a.txt'],
    createdBy: null,
  })
  assert.equal(edited.infoHash, infoHash)
  assert.deepEqual(edited.announceList, [['https://s.example/announce'], ['udp://u.example:6969']])
  assert.deepEqual(edited.webSeeds, ['http://seed.example/a.txt'])
  assert.equal(edited.createdBy, null)
  assert.notEqual(editTorrent(edited, { source: 'TAG' }).infoHash, infoHash)
  const without = editTorrent(edited, { trackers: null, webSeeds: [] })
  assert.deepEqual([without.announce, without.announceList, without.webSeeds], [null, null, null])
  assert.equal(editTorrent(bytes, {}).bytes, bytes)
  assert.throws(() => editTorrent(bytes, { trackers: 'x' }), { code: 'usage' })
})

test('files are edited in place, each with its outcome', async (t) => {
  const scratch = makeScratch(t, { 'a.txt': 'text', 'bad.torrent': 'no' })
  const output = join(scratch, 'a.torrent')
  await makeTorrent(join(scratch, 'a.txt'), { output })
  const outcomes = []
  for await (const outcome of editFiles([output, join(scratch, 'bad.torrent')], {
    comment: 'new',
  })) {
    outcomes.push(outcome.error === null ? outcome.after.comment : outcome.error.message)
  }
  assert.equal(outcomes[0], 'new')
  assert.match(outcomes[1] ?? '', /bad\.torrent/)
  assert.equal((await readTorrent(output)).comment, 'new')
})

test('files are checked against a torrent', async (t) => {
  const scratch = makeScratch(t, { 'd/a.bin': Buffer.alloc(50_000), 'd/b.txt': 'text' })
  const { bytes } = await makeTorrent(join(scratch, 'd'))
  const whole = await verifyTorrent(bytes, join(scratch, 'd'))
  assert.deepEqual([whole.ok, whole.badPieces], [true, 0])
  writeFileSync(join(scratch, 'd/a.bin'), Buffer.alloc(50_000, 1))
  const task = verifyTorrent(bytes, scratch, { extra: true })
  let last = null
  for await (const progress of task) last = progress
  const report = await task
  assert.equal(last?.bytesDone, last?.bytesTotal)
  const statuses = (files: typeof report.files) => files.map(({ status }) => status)
  assert.deepEqual([report.ok, statuses(report.files)], [false, ['damaged', 'suspect']])
  assert.deepEqual(report.problems, report.files)
  const sizes = await verifyTorrent(bytes, scratch, { checkHashes: false })
  assert.deepEqual([sizes.ok, sizes.problems, sizes.files.length], [true, [], 2])
})

test('tasks at once each have the files of their own directory', async (t) => {
  const names = ['a', 'b', 'c', 'd']
  const planted = names.flatMap((name, at) =>
    [0, 1, 2].map((i) => [`${name}/${name}${i}`, Buffer.alloc(1000 * (at + 1), i)] as const),
  )
  const scratch = makeScratch(t, Object.fromEntries(planted))
  const all = <T>(act: (directory: string) => Promise<T>) =>
    Promise.all(names.map((name) => act(join(scratch, name))))
  const plans = await all((directory) => planTorrent(directory))
  assert.deepEqual(
    plans.map(({ size }) => size),
    [3000, 6000, 9000, 12_000],
  )
  const made = await all((directory) => makeTorrent(directory))
  assert.deepEqual(
    made.map(({ bytes }) => parseMetainfo(bytes).files.map(({ path }) => path.join('/'))),
    names.map((name) => [0, 1, 2].map((i) => `${name}${i}`)),
  )
  for (const name of names) writeFileSync(join(scratch, name, `${name}-extra`), '')
  const verified = await all((directory) => {
    const { bytes } = made[names.indexOf(basename(directory))]!
    return verifyTorrent(bytes, directory, { extra: true })
  })
  assert.deepEqual(
    verified.map(({ problems }) => problems.map(({ path, status }) => [path.join('/'), status])),
    names.map((name) => [[`${name}-extra`, 'extra']]),
  )
})

test('directories are kept in torrents', async (t) => {
  const scratch = makeScratch(t, { 'files/a.txt': 'text', 'files/b/c.txt': 'text' })
  const options = {
    stateDirectory: join(scratch, 'state'),
    target: join(scratch, 'torrents'),
    trackers: TRACKER,
  }
  mkdirSync(options.target)
  const first = await completeDirectories(join(scratch, 'files'), options)
  assert.deepEqual(
    first.created.map(({ torrent }) => torrent),
    ['a.txt.torrent', 'b.torrent'].map((name) => join(options.target, name)),
  )
  const before = statSync(join(options.target, 'a.txt.torrent')).mtimeMs
  const second = await completeDirectories([join(scratch, 'files')], options)
  assert.deepEqual([second.created.length, second.unchanged], [0, 2])
  assert.equal(statSync(join(options.target, 'a.txt.torrent')).mtimeMs, before)
  const metainfo = await readTorrent(readFileSync(join(options.target, 'b.torrent')))
  assert.equal(metainfo.announce, TRACKER)
  const { trackers: _, ...others } = options
  assert.equal((await completeDirectories(join(scratch, 'files'), others)).unchanged, 2)
})
