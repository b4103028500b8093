import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  deleteTorrents,
  emptyBin,
  KEPT_MS,
  listBin,
  restoreTorrents,
} from '../../../src/admin/torrents/bin.js'
import { removeCategory } from '../../../src/admin/torrents/categories.js'
import { addTorrent } from '../../../src/admin/torrents/keep.js'
import { findTorrents } from '../../../src/tracker/allowed/find-torrents.js'
import {
  ADMIN,
  filesBelow,
  openTestDesk,
  OTHER,
  torrentNamed,
  UPLOADER,
} from '../../support/desk.js'

const A = torrentNamed('a')
const B = torrentNamed('b')

test('a deleted torrent is not tracked, and comes back with its category', async (t) => {
  const { desk, root, clock } = openTestDesk(t, { 't/x/a.torrent': A })
  await deleteTorrents(desk, ADMIN, ['0/x/a.torrent'])
  const { names } = await findTorrents(join(root, 't'))
  assert.deepEqual([...names.values()].flat(), [])
  const [deleted] = listBin(desk)
  assert.deepEqual(
    [deleted!.name, deleted!.category.address, deleted!.deletedAt],
    ['a.torrent', '0/x', clock.now],
  )
  await removeCategory(desk, ADMIN, '0/x')
  const [outcome] = await restoreTorrents(desk, ADMIN, [deleted!.id])
  assert.equal(outcome!.error, null)
  assert.deepEqual(filesBelow(join(root, 't')), ['readme.txt', 'x/a.torrent'])
  assert.deepEqual(listBin(desk), [])
})

test('a restored torrent does not replace its successor', async (t) => {
  const { desk, root } = openTestDesk(t, { 't/a.torrent': A })
  await deleteTorrents(desk, ADMIN, ['0/a.torrent'])
  writeFileSync(join(root, 't', 'a.torrent'), B)
  const [outcome] = await restoreTorrents(desk, ADMIN, [listBin(desk)[0]!.id])
  assert.match(outcome!.error!.message, /is there already/)
  assert.deepEqual(readFileSync(join(root, 't', 'a.torrent')), Buffer.from(B))
  assert.equal(listBin(desk).length, 1)
})

test('the bin is emptied after 30 days', async (t) => {
  const { desk, root, clock } = openTestDesk(t, { 't/a.torrent': A, 't/x/b.torrent': B })
  await deleteTorrents(desk, ADMIN, ['0/a.torrent'])
  clock.now += 1000
  await deleteTorrents(desk, ADMIN, ['0/x/b.torrent'])
  clock.now += KEPT_MS - 1000
  assert.equal(await emptyBin(desk), 1)
  assert.deepEqual(
    listBin(desk).map(({ name }) => name),
    ['b.torrent'],
  )
  clock.now += 1000
  assert.equal(await emptyBin(desk), 1)
  assert.deepEqual(filesBelow(join(root, 't')), ['readme.txt'])
})

test('uploaders delete and restore only what they added', async (t) => {
  const { desk } = openTestDesk(t)
  await addTorrent(desk, UPLOADER, { bytes: A, name: 'a', category: desk.places.category('0') })
  const [refused] = await deleteTorrents(desk, OTHER, ['0/a.torrent'])
  assert.equal(refused!.error?.code, 'not-permitted')
  await deleteTorrents(desk, UPLOADER, ['0/a.torrent'])
  const { id } = listBin(desk)[0]!
  assert.equal((await restoreTorrents(desk, OTHER, [id]))[0]!.error?.code, 'not-permitted')
  assert.equal((await restoreTorrents(desk, UPLOADER, [id]))[0]!.error, null)
  for (const odd of ['0/../x', '0/', '7/1-00000000', ''])
    assert.equal((await restoreTorrents(desk, ADMIN, [odd]))[0]!.error?.code, 'not-found')
})
