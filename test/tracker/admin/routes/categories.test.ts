import { startForms } from '../../../support/admin.js'
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  createCategory,
  moveTorrents,
  renameCategory,
} from '../../../../src/tracker/admin/storage/categories.js'
import { addTorrent } from '../../../../src/tracker/admin/storage/collection.js'
import { TorrentLog } from '../../../../src/disk/state/torrent-log.js'
import {
  ADMIN,
  filesBelow,
  openTestCollection,
  OTHER,
  torrentNamed,
  UPLOADER,
} from '../../../support/collection.js'

const A = torrentNamed('a')
const B = torrentNamed('b')

test('a move never replaces a torrent, and the others still move', async (t) => {
  const { collection, root } = openTestCollection(t, {
    't/a.torrent': A,
    't/b.torrent': B,
    't/x/a.torrent': B,
  })
  const torrents = ['0/a.torrent', '0/b.torrent']
  const [first, second] = await moveTorrents(collection, ADMIN, torrents, '0/x')
  assert.match(first!.error!.message, /a\.torrent: already exists/)
  assert.equal(second!.error, null)
  assert.deepEqual(filesBelow(join(root, 't')), [
    'a.torrent',
    'readme.txt',
    'x/a.torrent',
    'x/b.torrent',
  ])
  assert.deepEqual(readFileSync(join(root, 't/x/a.torrent')), Buffer.from(B))
})

test('of two who move the same torrent at once, one is told that it is gone', async (t) => {
  const { collection, root } = openTestCollection(t, { 't/a.torrent': A })
  for (const name of ['x', 'y']) mkdirSync(join(root, 't', name))
  const both = ['0/x', '0/y'].map((to) => moveTorrents(collection, ADMIN, ['0/a.torrent'], to))
  const [first, second] = (await Promise.all(both)).flat()
  assert.equal(first!.error, null)
  assert.match(second!.error!.message, /not there any more/)
  assert.deepEqual(filesBelow(join(root, 't')), ['readme.txt', 'x/a.torrent'])
})

test('uploaders change only their own torrents, also after these were moved or renamed', async (t) => {
  const { collection, root } = openTestCollection(t, { 't/x/b.torrent': B })
  await addTorrent(collection, UPLOADER, {
    bytes: A,
    name: 'a',
    category: await collection.places.category('0'),
  })
  const move = (actor: typeof ADMIN, torrent: string, to: string) =>
    moveTorrents(collection, actor, [torrent], to).then(([outcome]) => outcome!.error?.code)
  assert.equal(await move(OTHER, '0/a.torrent', '0/x'), 'not-permitted')
  assert.equal(await move(UPLOADER, '0/x/b.torrent', '0'), 'not-permitted')
  assert.equal(await move(UPLOADER, '0/a.torrent', '0/x'), undefined)
  await renameCategory(collection, ADMIN, '0/x', 'y')
  assert.equal(await move(OTHER, '0/y/a.torrent', '0'), 'not-permitted')
  assert.equal(await move(UPLOADER, '0/y/a.torrent', '0'), undefined)
  // Another torrent at the same path is somebody else's
  writeFileSync(join(root, 't', 'a.torrent'), B)
  assert.equal(await move(UPLOADER, '0/a.torrent', '0/y'), 'not-permitted')
  assert.throws(() => createCategory(collection, UPLOADER, '0', 'z'), {
    code: 'not-permitted',
  })
})

test('what completedir keeps is neither moved nor renamed', async (t) => {
  const { collection, root } = openTestCollection(t, { 't/x/a.torrent': A, 't/y/b.torrent': B })
  const target = join(root, 't', 'x')
  const log = new TorrentLog({
    ...{ stateDirectory: join(root, 'completedir'), target, isReadOnly: false },
    ...{ now: () => 0, warn: () => undefined },
  })
  const none = new Uint8Array(0)
  const written = { file: none, info: none, keys: {} }
  log.put('a.torrent', { source: '/a', input: none, fingerprint: none, written, replaced: null })
  await log.close()
  const [outcome] = await moveTorrents(collection, ADMIN, ['0/x/a.torrent'], '0/y')
  assert.match(outcome!.error!.message, /a\.torrent: btkit completedir maintains this torrent/)
  await assert.rejects(renameCategory(collection, ADMIN, '0/x', 'z'), /completedir/)
})

test('only a category without torrents or categories has a button that removes it', async (t) => {
  const { logIn } = await startForms(t, {
    'torrents/full/a.torrent': A,
    'torrents/above/below/readme.txt': '',
  })
  const { text } = await (await logIn()).get('/categories')
  const removable = [...text.matchAll(/aria-label="Remove ([^"]+)"/g)].map(([, name]) => name)
  assert.deepEqual(removable, ['above / below'])
  const renamable = [...text.matchAll(/aria-label="Rename ([^"]+)"/g)].map(([, name]) => name)
  assert.deepEqual(renamable, ['above', 'above / below', 'full'])
})
