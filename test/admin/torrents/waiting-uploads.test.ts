import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { digestOf } from '../../../src/pages/edited-values.js'
import { editTorrents, openTorrents } from '../../../src/admin/torrents/edit.js'
import { moveTorrents } from '../../../src/admin/torrents/categories.js'
import { addTorrent, keepTorrents } from '../../../src/admin/torrents/keep.js'
import { WaitingUploads, WAIT_MS } from '../../../src/admin/torrents/waiting-uploads.js'
import { MAX_WAITING, type UploadedFile } from '../../../src/admin/torrents/upload.js'
import {
  filesBelow,
  openTestCollection,
  OTHER,
  torrentNamed,
  uploadOf,
  UPLOADER,
} from '../../support/collection.js'

const A = torrentNamed('a')
const B = torrentNamed('b')

test('uploaded torrents wait until their user keeps them', async (t) => {
  const { collection, uploads, root } = openTestCollection(t)
  const { names, refused } = await uploads.receive('uli', uploadOf({ 'a.torrent': A, b: B }), 0)
  assert.deepEqual([names, refused], [['a.torrent', 'b.torrent'], []])
  assert.deepEqual(filesBelow(join(root, 't')), ['readme.txt'])
  assert.deepEqual(
    (await uploads.list('uli')).map(({ title }) => title),
    ['a', 'b'],
  )
  assert.deepEqual(await uploads.list('ute'), [])
  const keep = new Map([['a.torrent', 'first.torrent']])
  const [outcome] = await keepTorrents(collection, UPLOADER, { uploads, to: '0', names: keep })
  assert.equal(outcome!.error, null)
  assert.deepEqual(filesBelow(join(root, 't')), ['first.torrent', 'readme.txt'])
  assert.deepEqual(
    (await uploads.list('uli')).map(({ name }) => name),
    ['b.torrent'],
  )
  assert.deepEqual(UPLOADER.notes, [`uli add ${root}/t/first.torrent`])
  assert.equal(collection.owners.lastAt(join(root, 't', 'first.torrent')), 'uli')
})

test('what is no torrent is refused with one line, and the rest is taken', async (t) => {
  const { uploads, stateDirectory } = openTestCollection(t)
  const files = {
    'page.torrent': '<html>'.repeat(100),
    'empty.torrent': '',
    'cut.torrent': A.subarray(0, 50),
    '../../up.torrent': A,
    'C:\\fake\\.hidden.torrent': B,
    'ok.torrent': B,
  }
  const { names, refused } = await uploads.receive('uli', uploadOf(files), 0)
  assert.deepEqual(names, ['up.torrent', 'ok.torrent'])
  const told = refused.map(({ message }) => message)
  assert.equal(told.length, 4)
  assert.match(told[0]!, /^page\.torrent: not a torrent \(it begins with "<html>/)
  assert.match(told[2]!, /^cut\.torrent: .*; the file is damaged or cut off, get it again$/)
  assert.match(told[3]!, /"\.hidden\.torrent" begins with a dot/)
  for (const line of told) assert.doesNotMatch(line, /\n/)
  assert.equal(filesBelow(join(stateDirectory, 'uploads')).length, 2)
})

/** Zeros without an end, as a torrent or as something else. */
async function* endless(begin: string): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  yield Buffer.from(begin)
  for (const chunk = Buffer.alloc(4_000_000); ;) yield chunk
}

async function* one(begin: string): AsyncGenerator<UploadedFile> {
  await Promise.resolve()
  yield { name: 'a.torrent', content: endless(begin) }
}

test('too large an upload ends early, and nothing of it is stored', async (t) => {
  const { uploads, stateDirectory } = openTestCollection(t)
  const never = uploadOf({ 'a.torrent': A })
  await assert.rejects(uploads.receive('uli', never, 2 ** 30), { code: 'too-large' })
  for (const begin of ['d4:info', 'junk'])
    await assert.rejects(uploads.receive('uli', one(begin), 0), { code: 'too-large' })
  assert.deepEqual(filesBelow(stateDirectory), [])
})

test('10,000 files are refused, and nothing of them is stored', async (t) => {
  const { uploads, stateDirectory } = openTestCollection(t)
  let sent = 0
  const many = async function* (): AsyncGenerator<UploadedFile> {
    for (; sent < 10_000; sent++) yield* uploadOf({ [`${sent}.torrent`]: A })
  }
  await assert.rejects(uploads.receive('uli', many(), 0), { code: 'too-many' })
  assert.equal(sent, MAX_WAITING)
  assert.deepEqual(filesBelow(stateDirectory), [])
})

test('a name that is taken gets a number, and the same torrent waits once', async (t) => {
  const { uploads } = openTestCollection(t)
  for (const bytes of [A, B, A]) await uploads.receive('uli', uploadOf({ 'a.torrent': bytes }), 0)
  assert.deepEqual(
    (await uploads.list('uli')).map(({ name }) => name),
    ['a (2).torrent', 'a.torrent'],
  )
})

test('what nobody keeps is removed after a day', async (t) => {
  const { uploads, stateDirectory } = openTestCollection(t)
  await uploads.receive('uli', uploadOf({ 'a.torrent': A, 'b.torrent': B }), 0)
  const [old] = filesBelow(stateDirectory)
  const then = (Date.now() - WAIT_MS - 1000) / 1000
  utimesSync(join(stateDirectory, old!), then, then)
  new WaitingUploads(stateDirectory, () => Date.now()).sweep()
  assert.equal(filesBelow(stateDirectory).length, 1)
})

test('keeping never replaces a file, and a repeated one counts as kept', async (t) => {
  const { collection, uploads, root } = openTestCollection(t, {
    't/a.torrent': B,
    't/b.torrent': B,
  })
  await uploads.receive('uli', uploadOf({ 'a.torrent': A, 'b.torrent': B }), 0)
  const names = new Map(['a.torrent', 'b.torrent', 'gone.torrent'].map((name) => [name, name]))
  const outcomes = await keepTorrents(collection, UPLOADER, { uploads, to: '0', names })
  assert.deepEqual(
    outcomes.map(({ error }) => error?.code ?? null),
    ['exists', null, 'not-found'],
  )
  assert.deepEqual(
    (await uploads.list('uli')).map(({ name }) => name),
    ['a.torrent'],
  )
  assert.deepEqual(filesBelow(join(root, 't')), ['a.torrent', 'b.torrent', 'readme.txt'])
})

test('who uploads a torrent of somebody else does not become its owner', async (t) => {
  const { collection, uploads, root } = openTestCollection(t)
  for (const actor of [UPLOADER, OTHER]) {
    await uploads.receive(actor.user.name, uploadOf({ 'a.torrent': A }), 0)
    await keepTorrents(collection, actor, {
      uploads,
      to: '0',
      names: new Map([['a.torrent', 'a.torrent']]),
    })
  }
  assert.equal(collection.owners.lastAt(join(root, 't', 'a.torrent')), 'uli')
})

/** A torrent whose `info` begins with an entry. */
function torrentWith(entry: string): Buffer {
  const rest = `4:name1:x12:piece lengthi16384e6:pieces20:${'p'.repeat(20)}`
  return Buffer.from(`d4:infod${entry}6:lengthi1e${rest}ee`, 'latin1')
}

test('a torrent of too many values is refused, as the tracker waits while it is read', async (t) => {
  const { uploads } = openTestCollection(t)
  const empty = Array.from({ length: 50_000 }, (_, i) => `6:${i + 100_000}d0:d6:lengthi0eee`)
  const files = {
    'files.torrent': torrentWith(`5:filesl${'d6:lengthi1e4:pathl1:aee'.repeat(40_000)}e`),
    'empty.torrent': torrentWith(`9:file treed${empty.join('')}e`),
    'dictionaries.torrent': torrentWith(`1:al${'de'.repeat(160_000)}e`),
  }
  const { names, refused } = await uploads.receive('uli', uploadOf(files), 0)
  assert.deepEqual(names, [])
  const told = (name: string) =>
    `${name}.torrent: too many files or other values; copy the torrent into the directory by hand`
  assert.deepEqual(
    refused.map(({ message }) => message),
    ['files', 'empty', 'dictionaries'].map(told),
  )
})

test('what waits is described once, until it is replaced', async (t) => {
  const { uploads } = openTestCollection(t)
  await uploads.receive('uli', uploadOf({ 'a.torrent': A, 'b.torrent': B }), 0)
  const first = await uploads.list('uli')
  const second = await uploads.list('uli')
  for (const [i, each] of first.entries()) assert.equal(second[i], each)
  uploads.discard('uli', ['a.torrent'])
  await uploads.receive('uli', uploadOf({ 'a.torrent': B }), 0)
  assert.deepEqual(
    (await uploads.list('uli')).map(({ title }) => title),
    ['b', 'b'],
  )
})

test('a copy of a torrent that was moved a moment ago is refused', async (t) => {
  const { collection } = openTestCollection(t, { 't/x/readme.txt': '' })
  const category = collection.places.category('0')
  const add = (actor: typeof OTHER, name: string, bytes: Uint8Array) =>
    collection.changeInfo(() => addTorrent(collection, actor, { bytes, name, category }))
  await add(UPLOADER, 'a', A)
  await moveTorrents(collection, UPLOADER, { torrents: ['0/a.torrent'], to: '0/x' })
  await assert.rejects(add(OTHER, '!a', torrentNamed('a', 'other')), { code: 'exists' })
})

test('a copy of a torrent that the mirror made is refused', async (t) => {
  const { collection, tracked } = openTestCollection(t)
  tracked.set(parseMetainfo(A).infoHash!, null)
  const torrent = { bytes: A, name: 'a', category: collection.places.category('0') }
  await assert.rejects(
    collection.changeInfo(() => addTorrent(collection, UPLOADER, torrent)),
    { code: 'exists', message: 'a.torrent: the mirror tracks this torrent itself' },
  )
})

test('a copy of a tracked torrent is refused, as it would speak for the other one', async (t) => {
  const { collection, uploads, root, tracked } = openTestCollection(t, { 't/x/a.torrent': A })
  tracked.set(parseMetainfo(A).infoHash!, join(root, 't/x/a.torrent'))
  await uploads.receive('uli', uploadOf({ '!a.torrent': torrentNamed('a', 'other') }), 0)
  const keeping = { uploads, to: '0', names: new Map([['!a.torrent', '!a.torrent']]) }
  const [outcome] = await keepTorrents(collection, UPLOADER, keeping)
  assert.match(outcome!.error!.message, /^!a\.torrent: the same torrent is tracked as a\.torrent; /)
  await uploads.receive('uli', uploadOf({ 'b.torrent': B }), 0)
  await keepTorrents(collection, UPLOADER, {
    ...keeping,
    names: new Map([['b.torrent', 'b.torrent']]),
  })
  const torrents = ['0/b.torrent']
  const digest = digestOf(await openTorrents(collection, UPLOADER, torrents))
  const edit = { torrents, digest, changesOf: () => ({ name: 'a' }), isDry: false }
  await assert.rejects(editTorrents(collection, UPLOADER, edit), { code: 'exists' })
})

test('long texts of a torrent are cut, so that a page stays small', async (t) => {
  const { uploads } = openTestCollection(t)
  const long = torrentNamed('n'.repeat(1e6), 'c'.repeat(1e6))
  await uploads.receive('uli', uploadOf({ 'long.torrent': long }), 0)
  const [{ title, comment } = { title: '', comment: '' }] = await uploads.list('uli')
  assert.deepEqual([title.length, comment!.length], [501, 501])
})
