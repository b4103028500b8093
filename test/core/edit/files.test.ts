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
} from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import type { EditRequest } from '../../../src/core/edit/file.js'
import { type EditOutcome, editFiles } from '../../../src/core/edit/files.js'
import { editTorrent } from '../../../src/core/edit/torrent.js'
import { setDetails, setName } from '../../../src/metainfo/edit/details.js'
import type { TorrentEdit } from '../../../src/metainfo/edit/splice-torrent.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { failure, unlessWindows } from '../../disk/failure.js'
import { assertRefused } from '../../metainfo/refusal.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf, editedGolden } from '../../support/torrents.js'

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

test(
  'mode and links stay: a symbolic one leads to the edit, a hard one to the old bytes',
  unlessWindows,
  async (t) => {
    const root = makeScratch(t, { 'd/a': OLD })
    chmodSync(join(root, 'd/a'), 0o604)
    symlinkSync('d/a', join(root, 'link'))
    linkSync(join(root, 'd/a'), join(root, 'b'))
    await collect(edit([join(root, 'link')]))
    assert.ok(lstatSync(join(root, 'link')).isSymbolicLink())
    assert.deepEqual(readFileSync(join(root, 'd/a')), NEW)
    assert.equal(statSync(join(root, 'd/a')).mode & 0o7777, 0o604)
    assert.deepEqual(readdirSync(join(root, 'd')), ['a'])
    assert.deepEqual(readFileSync(join(root, 'b')), Buffer.from(OLD))
  },
)

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
    const refusal = `${target}: is the torrent itself; choose another --output`
    assert.equal(outcome?.error?.message, refusal)
  }
  assert.deepEqual(readFileSync(file), Buffer.from(OLD))
})

const before = parseMetainfo(torrentOf(singleFileInfo()))

test('an edit that would break the torrent is never let through', () => {
  const broken: TorrentEdit[] = [
    () => ({ top: new Map([['comment', Buffer.from('9:c')]]) }),
    () => ({ info: new Map([['pieces', null]]) }),
    () => ({ top: new Map([['info', Buffer.from('de')]]) }),
  ]
  for (const edit of broken) assert.throws(() => editTorrent(before, edit))
  const other = torrentOf(singleFileInfo({ name: 'b' })).subarray('d4:info'.length, -1)
  assert.throws(
    () => editTorrent(before, () => ({ top: new Map([['info', other]]) })),
    /an edit changed the info hash/,
  )
})

test('a name that would turn a version 2 directory into a file is refused', () => {
  // a directory that holds a single file
  const golden = editedGolden('v2-directory.torrent', (top, info) => {
    const tree = info.get('file tree') as Map<string, Map<string, unknown>>
    for (const name of [...tree.keys()]) if (name !== 'empty') tree.delete(name)
    top.delete('piece layers')
  })
  const directory = parseMetainfo(golden)
  assert.ok(directory.isDirectory)
  assertRefused(
    () => editTorrent(directory, setName('empty')),
    'metainfo',
    'that name would turn the directory of a version 2 torrent into a file',
  )
})
