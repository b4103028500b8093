import assert from 'node:assert/strict'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { editFiles, type EditOutcome } from '../../../src/core/edit/files.js'
import type { EditRequest } from '../../../src/core/edit/file.js'
import { setDetails } from '../../../src/metainfo/edit/details.js'
import { failure, unlessWindows } from '../../files/failure.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const OLD = torrentOf(singleFileInfo(), { comment: 'old' })
const NEW = Buffer.from(torrentOf(singleFileInfo(), { comment: 'new' }))
const never = new AbortController().signal

function into(directory: string) {
  return (file: string) => join(directory, basename(file))
}

function edit(files: string[], changes: Partial<EditRequest> = {}, signal = never) {
  const request = {
    edit: setDetails({ comment: 'new' }),
    maxTorrentSize: 1_000_000,
    outputOf: null,
    dryRun: false,
    force: false,
    tellHashes: false,
    ...changes,
  }
  return editFiles(files, request, signal)
}

async function collect(outcomes: AsyncGenerator<EditOutcome>): Promise<EditOutcome[]> {
  const all: EditOutcome[] = []
  for await (const outcome of outcomes) all.push(outcome)
  return all
}

test('more files than fit in memory at a time are all edited, in order', async (t) => {
  const names = Array.from({ length: 300 }, (_, i) => `${i}.torrent`)
  const root = makeScratch(t, Object.fromEntries(names.map((name) => [name, OLD])))
  const outcomes = await collect(edit(names.map((name) => join(root, name))))
  assert.deepEqual(
    outcomes.map(({ file, error }) => [basename(file), error]),
    names.map((name) => [name, null]),
  )
  for (const name of names) assert.deepEqual(readFileSync(join(root, name)), NEW)
  assert.equal(readdirSync(root).length, 300)
})

test('torrents of very different sizes are edited, whole', async (t) => {
  const sizes = [1, 5_000_000, 100, 3_000_000, 2_000_000, 20, 4_300_000, 600_000]
  const contentOf = (size: number, comment: string) =>
    Buffer.from(torrentOf(singleFileInfo({ filler: Buffer.alloc(size, 'x') }), { comment }))
  const olds = sizes.map((size, i): [string, Buffer] => [`${i}`, contentOf(size, 'old')])
  const root = makeScratch(t, Object.fromEntries(olds))
  const files = olds.map(([name]) => join(root, name))
  const outcomes = await collect(edit(files, { maxTorrentSize: 10_000_000 }))
  assert.deepEqual(
    outcomes.map(({ file, error }) => [file, error]),
    files.map((file) => [file, null]),
  )
  for (const [i, size] of sizes.entries()) {
    assert.ok(readFileSync(files[i]!).equals(contentOf(size, 'new')), `${size}`)
  }
})

test('a torrent that stays the same is not touched', async (t) => {
  const path = join(makeScratch(t, { a: NEW }), 'a')
  utimesSync(path, 1000, 1000)
  const { ino } = statSync(path)
  const [outcome] = await collect(edit([path]))
  assert.ok(outcome?.error === null && !outcome.isChanged)
  const after = statSync(path)
  assert.deepEqual([after.mtimeMs, after.ino], [1_000_000, ino])
})

test('a failure is an outcome in its place, and nothing is lost', async (t) => {
  const root = makeScratch(t, { a: OLD, bad: 'no torrent', b: OLD })
  const files = ['a', 'bad', 'gone', 'b'].map((name) => join(root, name))
  const outcomes = await collect(edit(files))
  assert.deepEqual(
    outcomes.map(({ error }) => error?.message ?? null),
    [
      null,
      `${files[1]}: not a torrent (it begins with "no torrent")`,
      `${files[2]}: no such file or directory`,
      null,
    ],
  )
  assert.equal(readFileSync(join(root, 'bad'), 'utf8'), 'no torrent')
  assert.deepEqual(readFileSync(join(root, 'b')), NEW)
})

test('mode and link stay, and what the link leads to is edited', unlessWindows, async (t) => {
  const root = makeScratch(t, { 'd/a': OLD })
  chmodSync(join(root, 'd/a'), 0o604)
  symlinkSync('d/a', join(root, 'link'))
  await collect(edit([join(root, 'link')]))
  assert.ok(lstatSync(join(root, 'link')).isSymbolicLink())
  assert.deepEqual(readFileSync(join(root, 'd/a')), NEW)
  assert.equal(statSync(join(root, 'd/a')).mode & 0o7777, 0o604)
  assert.deepEqual(readdirSync(join(root, 'd')), ['a'])
})

test('another hard link keeps the old bytes', unlessWindows, async (t) => {
  const root = makeScratch(t, { a: OLD })
  linkSync(join(root, 'a'), join(root, 'b'))
  await collect(edit([join(root, 'a')]))
  assert.deepEqual(readFileSync(join(root, 'b')), Buffer.from(OLD))
})

test('results go into another directory, also those that are the same', async (t) => {
  const root = makeScratch(t, { a: OLD, b: NEW })
  const out = join(root, 'out')
  mkdirSync(out)
  const files = [join(root, 'a'), join(root, 'b')]
  chmodSync(join(root, 'b'), 0o600)
  const outcomes = await collect(edit(files, { outputOf: into(out) }))
  assert.deepEqual(
    outcomes.map((outcome) => outcome.error === null && outcome.isChanged),
    [true, false],
  )
  assert.deepEqual(readFileSync(join(out, 'a')), NEW)
  assert.deepEqual(readFileSync(join(out, 'b')), NEW)
  assert.deepEqual(readFileSync(join(root, 'a')), Buffer.from(OLD))
  if (process.platform !== 'win32') assert.equal(statSync(join(out, 'b')).mode & 0o777, 0o600)
})

test('results that are there already are not written again', async (t) => {
  const root = makeScratch(t, { a: OLD, 'out/a': NEW })
  utimesSync(join(root, 'out/a'), 1000, 1000)
  await collect(edit([join(root, 'a')], { outputOf: into(join(root, 'out')) }))
  assert.equal(statSync(join(root, 'out/a')).mtimeMs, 1_000_000)
})

test('what is no torrent in the place of a result is left as it was', async (t) => {
  const root = makeScratch(t, { a: OLD, 'out/a': 'precious' })
  const [file, place] = [join(root, 'a'), join(root, 'out/a')]
  for (const dryRun of [true, false]) {
    const [outcome] = await collect(edit([file], { outputOf: into(join(root, 'out')), dryRun }))
    const said = `${place}: already exists and is not a torrent (--force replaces it)`
    failure('exists', said)(outcome?.error)
  }
  assert.equal(readFileSync(place, 'utf8'), 'precious')
  await collect(edit([file], { outputOf: into(join(root, 'out')), force: true }))
  assert.deepEqual(readFileSync(place), NEW)
})

test('a dry run tells the same and writes nothing', async (t) => {
  const root = makeScratch(t, { a: OLD })
  const [outcome] = await collect(edit([join(root, 'a')], { dryRun: true }))
  assert.ok(outcome?.error === null && outcome.isChanged)
  assert.deepEqual(readFileSync(join(root, 'a')), Buffer.from(OLD))
})

test('a torrent over the limit is refused', async (t) => {
  const path = join(makeScratch(t, { a: OLD }), 'a')
  const [outcome] = await collect(edit([path], { maxTorrentSize: 10 }))
  failure('too-large', `${path}: larger than the limit of 10 bytes`)(outcome?.error)
})

test('when asked to stop, what was begun is done and told, and the rest untouched', async (t) => {
  // More than are in work at a time, so that some are left however slowly the first is written
  const names = Array.from({ length: 1_100 }, (_, i) => `${i}`)
  const root = makeScratch(t, Object.fromEntries(names.map((name) => [name, OLD])))
  const files = names.map((name) => join(root, name))
  const stop = new AbortController()
  const told: string[] = []
  const run = async () => {
    for await (const { file } of edit(files, {}, stop.signal)) {
      told.push(file)
      stop.abort()
    }
  }
  await assert.rejects(run, failure('interrupted', 'interrupted'))
  assert.ok(told.length > 0 && told.length < names.length)
  files.forEach((file, i) => {
    assert.deepEqual(readFileSync(file), i < told.length ? NEW : Buffer.from(OLD))
  })
})

test('of two edits of the same torrents at once neither is lost', async (t) => {
  const names = Array.from({ length: 150 }, (_, i) => `${i}.torrent`)
  const root = makeScratch(t, Object.fromEntries(names.map((name) => [name, OLD])))
  const files = names.map((name) => join(root, name))
  const runs = [{ comment: 'new' }, { createdBy: 'somebody' }, { creationDate: 1_000_000 }]
  const outcomes = await Promise.all(
    runs.map((details) => collect(edit(files, { edit: setDetails(details) }))),
  )
  for (const { error } of outcomes.flat()) assert.equal(error, null)
  const both = { comment: 'new', 'created by': 'somebody', 'creation date': 1_000_000 }
  const expected = Buffer.from(torrentOf(singleFileInfo(), both))
  for (const file of files) assert.deepEqual(readFileSync(file), expected)
})

test('a torrent that is given twice is changed once', async (t) => {
  const root = makeScratch(t, { 'a.torrent': OLD })
  symlinkSync('a.torrent', join(root, 'link.torrent'))
  const files = ['a.torrent', 'a.torrent', 'link.torrent'].map((name) => join(root, name))
  const outcomes = await collect(edit(files))
  const changes = outcomes.map((outcome) => outcome.error ?? outcome.isChanged)
  // The system chooses which of them is first
  assert.deepEqual(
    changes.filter((change) => change !== false),
    [true],
  )
  assert.deepEqual(readFileSync(join(root, 'a.torrent')), NEW)
})

test('a copy does not take the place of its torrent', unlessWindows, async (t) => {
  const root = makeScratch(t, { 'a.torrent': OLD, 'copies/b.torrent': NEW })
  symlinkSync('../a.torrent', join(root, 'copies/a.torrent'))
  const file = join(root, 'a.torrent')
  for (const place of [root, join(root, 'copies')]) {
    const [outcome] = await collect(edit([file], { outputOf: into(place), force: true }))
    const target = join(place, 'a.torrent')
    const refusal = `${target}: is the torrent itself; choose another --output-dir`
    assert.equal(outcome?.error?.message, refusal)
  }
  assert.deepEqual(readFileSync(file), Buffer.from(OLD))
})
