import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { addTorrent } from '../../../../src/tracker/admin/storage/collection.js'
import { editTorrents } from '../../../../src/tracker/admin/storage/edit-torrents.js'
import { moveTorrents } from '../../../../src/tracker/admin/storage/categories.js'
import { MOST_FILES, Receipt } from '../../../../src/tracker/admin/routes/upload.js'
import { addUploads } from '../../../../src/tracker/admin/storage/add-uploads.js'
import {
  filesBelow,
  openTestCollection,
  OTHER,
  torrentNamed,
  UPLOADER,
  uploadOf,
} from '../../../support/collection.js'
import type { Files } from '../../../support/scratch.js'

const A = torrentNamed('a')
const B = torrentNamed('b')

type Opened = ReturnType<typeof openTestCollection>

/**
 * Uploads files into the first category. Returns why each was refused; null for those that were
 * added.
 */
async function upload({ collection }: Opened, files: Files, { actor = UPLOADER, name = '' } = {}) {
  const wanted = { to: '0', as: name, comment: '', addsTracker: false }
  const all = uploadOf(files).map((file) => ({ ...file, ...wanted }))
  const outcomes = await addUploads(collection, actor, all, null)
  return outcomes.map(({ error }) => error?.message ?? null)
}

test('what is no torrent is refused with one line, and the rest is added', async (t) => {
  const opened = openTestCollection(t)
  const told = await upload(opened, {
    'page.torrent': '<html>'.repeat(100),
    'empty.torrent': '',
    'cut.torrent': A.subarray(0, 50),
    '../../up.torrent': A,
    'C:\\fake\\.hidden.torrent': B,
    'ok.torrent': B,
    'climbs.torrent': torrentNamed('..'),
  })
  assert.match(told[0]!, /^page\.torrent: not a torrent \(it begins with "<html>/)
  assert.match(told[1]!, /^empty\.torrent: /)
  assert.match(
    told[2]!,
    /^cut\.torrent: offset \d+: cut off after 50 (of at least \d+ )?bytes; get it again$/,
  )
  assert.match(told[4]!, /"\.hidden\.torrent" begins with a dot/)
  assert.match(told[6]!, /^climbs\.torrent: path "\.\."/)
  assert.deepEqual([told[3], told[5]], [null, null])
  for (const line of told) assert.doesNotMatch(line ?? '', /\n/)
  assert.deepEqual(filesBelow(join(opened.root, 't')), ['ok.torrent', 'readme.txt', 'up.torrent'])
})

/** Zeros of so many bytes. */
async function* zeros(length: number): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  for (let at = 0; at < length; at += 1e6) yield Buffer.alloc(1e6)
}

test('too large an upload ends early, and too large a torrent is refused', async (t) => {
  assert.throws(() => new Receipt(2 ** 30), { code: 'too-large' })
  await assert.rejects(new Receipt(0).receive(zeros(Infinity)), { code: 'too-large' })
  const receipt = new Receipt(0)
  for (let i = 0; i < MOST_FILES; i++) await receipt.receive(zeros(0))
  await assert.rejects(receipt.receive(zeros(0)), { code: 'too-many' })
  const bytes = await new Receipt(0).receive(zeros(17e6))
  const { collection } = openTestCollection(t)
  const wanted = { to: '0', as: '', comment: '', addsTracker: false }
  const files = [{ name: 'a.torrent', bytes, ...wanted }]
  const [outcome] = await addUploads(collection, UPLOADER, files, null)
  assert.match(outcome!.error!.message, /^a\.torrent: larger than 16 MiB; copy/)
})

test('an upload never replaces a file, and one that is sent again is no error', async (t) => {
  const opened = openTestCollection(t, { 't/a.torrent': B, 't/b.torrent': B })
  const [a, b] = await upload(opened, { 'a.torrent': A, 'b.torrent': B })
  assert.match(a!, /^a\.torrent: already exists/)
  assert.equal(b, null)
  assert.deepEqual(filesBelow(join(opened.root, 't')), ['a.torrent', 'b.torrent', 'readme.txt'])
})

test('who uploads a torrent of somebody else does not become its owner', async (t) => {
  const opened = openTestCollection(t)
  for (const actor of [UPLOADER, OTHER]) await upload(opened, { 'a.torrent': A }, { actor })
  assert.equal(opened.collection.owners.lastAt(join(opened.root, 't', 'a.torrent')), 'uli')
})

/** A torrent whose `info` begins with an entry. */
function torrentWith(entry: string): Buffer {
  const rest = `4:name1:x12:piece lengthi16384e6:pieces20:${'p'.repeat(20)}`
  return Buffer.from(`d4:infod${entry}6:lengthi1e${rest}ee`, 'latin1')
}

test('a torrent of too many values is refused, as the tracker waits while it is read', async (t) => {
  const opened = openTestCollection(t)
  const empty = Array.from({ length: 50_000 }, (_, i) => `6:${i + 100_000}d0:d6:lengthi0eee`)
  const files = {
    'files.torrent': torrentWith(`5:filesl${'d6:lengthi1e4:pathl1:aee'.repeat(40_000)}e`),
    'empty.torrent': torrentWith(`9:file treed${empty.join('')}e`),
    'dictionaries.torrent': torrentWith(`1:al${'de'.repeat(160_000)}e`),
  }
  const told = (name: string) =>
    `${name}.torrent: has too many files or other values; copy the torrent into the directory by hand`
  assert.deepEqual(await upload(opened, files), ['files', 'empty', 'dictionaries'].map(told))
})

test('a copy of a torrent that was moved a moment ago is refused', async (t) => {
  const { collection } = openTestCollection(t, { 't/x/readme.txt': '' })
  const category = await collection.places.category('0')
  const add = (actor: typeof OTHER, name: string, bytes: Uint8Array) =>
    collection.changeInfo(() => addTorrent(collection, actor, { bytes, name, category }))
  await add(UPLOADER, 'a', A)
  await moveTorrents(collection, UPLOADER, ['0/a.torrent'], '0/x')
  await assert.rejects(add(OTHER, '!a', torrentNamed('a', 'other')), { code: 'exists' })
})

test('a copy of a torrent that the mirror made is refused', async (t) => {
  const { collection, tracked } = openTestCollection(t)
  tracked.set(parseMetainfo(A).infoHash!, null)
  const torrent = { bytes: A, name: 'a', category: await collection.places.category('0') }
  await assert.rejects(
    collection.changeInfo(() => addTorrent(collection, UPLOADER, torrent)),
    { code: 'exists', message: 'a.torrent: the mirror tracks this torrent itself' },
  )
})

test('a copy of a tracked torrent is refused, as it would speak for the other one', async (t) => {
  const opened = openTestCollection(t, { 't/x/a.torrent': A })
  const { collection, root, tracked } = opened
  tracked.set(parseMetainfo(A).infoHash!, join(root, 't/x/a.torrent'))
  const [refused] = await upload(opened, { '!a.torrent': torrentNamed('a', 'other') })
  assert.match(refused!, /^!a\.torrent: the same torrent is tracked as a\.torrent; /)
  await upload(opened, { 'b.torrent': B })
  const edit = {
    torrents: ['0/b.torrent'],
    open: String,
    changesOf: () => ({ name: 'a' }),
    isDry: false,
  }
  await assert.rejects(editTorrents(collection, UPLOADER, edit), { code: 'exists' })
})
