import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  BIN_LIMITS,
  deleteTorrents,
  emptyBin,
  listBin,
  restoreTorrents,
} from '../../../../src/tracker/admin/storage/bin.js'
import { removeCategory } from '../../../../src/tracker/admin/storage/categories.js'
import { addTorrent } from '../../../../src/tracker/admin/storage/collection.js'
import { walkTorrents } from '../../../../src/core/find-torrents.js'
import {
  ADMIN,
  OTHER,
  UPLOADER,
  filesBelow,
  openTestCollection,
  torrentNamed,
} from '../../../support/collection.js'

const A = torrentNamed('a')
const B = torrentNamed('b')

test('a deleted torrent is not tracked, and comes back with its category', async (t) => {
  const { collection, root, clock } = openTestCollection(t, { 't/x/a.torrent': A })
  await deleteTorrents(collection, ADMIN, ['0/x/a.torrent'])
  const { names } = await walkTorrents(join(root, 't'))
  assert.deepEqual([...names.values()].flat(), [])
  const [deleted] = await listBin(collection)
  assert.deepEqual(
    [deleted!.name, deleted!.category.address, deleted!.deletedAt],
    ['a.torrent', '0/x', clock.now],
  )
  await removeCategory(collection, ADMIN, '0/x')
  const [outcome] = await restoreTorrents(collection, ADMIN, [deleted!.id])
  assert.equal(outcome!.error, null)
  assert.deepEqual(filesBelow(join(root, 't')), ['readme.txt', 'x/a.torrent'])
  assert.deepEqual(await listBin(collection), [])
})

const onlyRoot = { skip: process.getuid?.() !== 0 && 'only root can give links away' }

test('a bin that others can change is neither emptied nor used', onlyRoot, async (t) => {
  const { collection, root } = openTestCollection(t, { 't/a.torrent': A, 't/b.torrent': B })
  const bin = join(root, 't/.bin')
  const old = join(bin, '1-00000000-1/d')
  const plant = () => {
    mkdirSync(old, { recursive: true })
    writeFileSync(join(old, 'theirs'), '')
  }
  for (const [owner, mode] of [
    [1, 0o700],
    [0, 0o777],
  ] as const) {
    plant()
    chownSync(bin, owner, owner)
    chmodSync(bin, mode)
    assert.equal(await emptyBin(collection), 0)
    assert.ok(existsSync(join(old, 'theirs')))
    assert.deepEqual(await listBin(collection), [])
    const [refused] = await deleteTorrents(collection, ADMIN, ['0/a.torrent'])
    assert.match(refused!.error!.message, /\.bin: other users can change it/)
    rmSync(bin, { recursive: true })
  }
  plant()
  chmodSync(bin, 0o700)
  assert.equal(await emptyBin(collection), 1)
})

test('a torrent is deleted and restored through no link of another user', onlyRoot, async (t) => {
  const { collection, root } = openTestCollection(t, { 't/x/y/a.torrent': A, 't/b.torrent': B })
  mkdirSync(join(root, 'elsewhere'))
  const plant = (path: string) => {
    symlinkSync(join(root, 'elsewhere'), join(root, path))
    lchownSync(join(root, path), 1, 1)
  }
  await deleteTorrents(collection, ADMIN, ['0/x/y/a.torrent'])
  rmSync(join(root, 't', 'x'), { recursive: true })
  plant('t/x')
  const [restored] = await restoreTorrents(collection, ADMIN, [(await listBin(collection))[0]!.id])
  assert.match(restored!.error!.message, /x: is a link of user 1/)
  rmSync(join(root, 't', '.bin'), { recursive: true })
  plant('t/.bin')
  const [deleted] = await deleteTorrents(collection, ADMIN, ['0/b.torrent'])
  assert.match(deleted!.error!.message, /\.bin: is a link of user 1/)
  assert.deepEqual(filesBelow(join(root, 'elsewhere')), [])
})

test('a restored torrent does not replace its successor', async (t) => {
  const { collection, root } = openTestCollection(t, { 't/a.torrent': A })
  await deleteTorrents(collection, ADMIN, ['0/a.torrent'])
  writeFileSync(join(root, 't', 'a.torrent'), B)
  const [outcome] = await restoreTorrents(collection, ADMIN, [(await listBin(collection))[0]!.id])
  assert.match(outcome!.error!.message, /already exists/)
  assert.equal(outcome!.address, 'a.torrent')
  assert.deepEqual(readFileSync(join(root, 't', 'a.torrent')), Buffer.from(B))
  assert.equal((await listBin(collection)).length, 1)
})

test('a deleted copy of a torrent that somebody else added since does not come back', async (t) => {
  const { collection, root } = openTestCollection(t)
  const category = await collection.places.category('0')
  const add = (actor: typeof OTHER, name: string, bytes: Uint8Array) =>
    collection.changeInfo(() => addTorrent(collection, actor, { bytes, name, category }))
  await add(OTHER, '!a', torrentNamed('a', 'other'))
  await deleteTorrents(collection, OTHER, ['0/!a.torrent'])
  await add(UPLOADER, 'a', A)
  const [outcome] = await restoreTorrents(collection, OTHER, [(await listBin(collection))[0]!.id])
  assert.match(outcome!.error!.message, /^!a\.torrent: the same torrent is tracked as a\.torrent; /)
  assert.deepEqual(readFileSync(join(root, 't', 'a.torrent')), Buffer.from(A))
  assert.equal((await listBin(collection)).length, 1)
})

test('what is no torrent comes back from the bin, too', async (t) => {
  const { collection } = openTestCollection(t, { 't/a.torrent': 'no torrent' })
  await deleteTorrents(collection, ADMIN, ['0/a.torrent'])
  const [outcome] = await restoreTorrents(collection, ADMIN, [(await listBin(collection))[0]!.id])
  assert.equal(outcome!.error, null)
})

test('the bin is emptied after 30 days', async (t) => {
  const { collection, root, clock } = openTestCollection(t, {
    't/a.torrent': A,
    't/x/b.torrent': B,
  })
  await deleteTorrents(collection, ADMIN, ['0/a.torrent'])
  clock.now += 1000
  await deleteTorrents(collection, ADMIN, ['0/x/b.torrent'])
  clock.now += BIN_LIMITS.age - 1000
  assert.equal(await emptyBin(collection), 1)
  assert.deepEqual(
    (await listBin(collection)).map(({ name }) => name),
    ['b.torrent'],
  )
  clock.now += 1000
  assert.equal(await emptyBin(collection), 1)
  assert.deepEqual(filesBelow(join(root, 't')), ['readme.txt'])
})

test('a bin of too many bytes loses the oldest first, and nothing of others', async (t) => {
  const before = Date.UTC(2025, 11, 31)
  const { collection, root, clock } = openTestCollection(t, {
    't/a.torrent': A,
    't/b.torrent': B,
    't/.bin/notes/mine': '',
    [`t/.bin/${before - 1}-00000000-${A.length}/old.torrent`]: A,
    [`t/.bin/${before}-00000000-${BIN_LIMITS.bytes - A.length}/large.torrent`]: A,
  })
  const names = async () => (await listBin(collection)).map(({ name }) => name)
  await deleteTorrents(collection, ADMIN, ['0/a.torrent'])
  assert.deepEqual(await names(), ['a.torrent', 'large.torrent'])
  clock.now += 1000
  await deleteTorrents(collection, ADMIN, ['0/b.torrent'])
  assert.deepEqual(await names(), ['b.torrent', 'a.torrent'])
  assert.equal(await emptyBin(collection, { ...BIN_LIMITS, bytes: B.length }), 1)
  assert.deepEqual(await names(), ['b.torrent'])
  assert.deepEqual(filesBelow(join(root, 't/.bin')).length, 2)
})

test('uploaders delete and restore only what they added', async (t) => {
  const { collection, root, clock } = openTestCollection(t)
  await addTorrent(collection, UPLOADER, {
    bytes: A,
    name: 'a',
    category: await collection.places.category('0'),
  })
  const [refused] = await deleteTorrents(collection, OTHER, ['0/a.torrent'])
  assert.equal(refused!.error?.code, 'not-permitted')
  await deleteTorrents(collection, UPLOADER, ['0/a.torrent'])
  const { id } = (await listBin(collection))[0]!
  const [denied] = await restoreTorrents(collection, OTHER, [id])
  assert.deepEqual([denied!.address, denied!.error?.code], ['a.torrent', 'not-permitted'])
  assert.equal((await restoreTorrents(collection, UPLOADER, [id]))[0]!.error, null)
  for (const odd of ['0/../x', '0/', '7/1-00000000', ''])
    assert.equal((await restoreTorrents(collection, ADMIN, [odd]))[0]!.error?.code, 'not-found')
  await deleteTorrents(collection, UPLOADER, ['0/a.torrent'])
  const { path } = (await listBin(collection))[0]!
  assert.equal(collection.owners.lastAt(path), UPLOADER.user.id)
  clock.now += BIN_LIMITS.age
  await emptyBin(collection)
  assert.equal(collection.owners.lastAt(path), null)
  // The operator puts it there
  writeFileSync(join(root, 't', 'a.torrent'), A)
  const [another] = await deleteTorrents(collection, UPLOADER, ['0/a.torrent'])
  assert.equal(another!.error?.code, 'not-permitted')
})
