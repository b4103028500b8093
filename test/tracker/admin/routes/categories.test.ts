import { startForms } from '../../../support/admin.js'
import assert from 'node:assert/strict'
import {
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  createCategory,
  moveTorrents,
  removeCategory,
  renameCategory,
} from '../../../../src/tracker/admin/storage/categories.js'
import { addUploads } from '../../../../src/tracker/admin/storage/add-uploads.js'
import { editTorrents } from '../../../../src/tracker/admin/storage/edit-torrents.js'
import { deleteTorrents } from '../../../../src/tracker/admin/storage/bin.js'
import { addTorrent } from '../../../../src/tracker/admin/storage/collection.js'
import { makeScratch } from '../../../support/scratch.js'
import { TorrentRecords } from '../../../../src/disk/state/torrent-log.js'
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
const C = torrentNamed('c')

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

test('a new category may be in the archive, too', async (t) => {
  const archive = makeScratch(t, { 'old/readme.txt': '' })
  const { logIn } = await startForms(t, {}, ['--archive-dir', archive])
  const { text } = await (await logIn()).get('/categories')
  const form = text.slice(text.indexOf('New category'))
  assert.match(form, /<option[^>]*>[^<]*old/)
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

test('what completedir keeps is neither moved nor renamed, and its name stays free', async (t) => {
  const { collection, root } = openTestCollection(t, { 't/x/a.torrent': A, 't/y/a.torrent': B })
  const target = join(root, 't', 'x')
  const records = new TorrentRecords({
    ...{ stateDirectory: join(root, 'completedir'), root: target, isReadOnly: false },
    ...{ now: () => 0, warn: () => undefined },
  })
  const log = records.in('')
  const none = new Uint8Array(0)
  const written = { file: none, info: none, keys: {} }
  log.put('a.torrent', { source: '/a', input: none, fingerprint: none, written, replaced: null })
  await records.close()
  const [outcome] = await moveTorrents(collection, ADMIN, ['0/x/a.torrent'], '0/y')
  assert.match(outcome!.error!.message, /a\.torrent: btkit completedir maintains this torrent/)
  await assert.rejects(renameCategory(collection, ADMIN, '0/x', 'z'), /completedir/)
  // As while it is written
  rmSync(join(target, 'a.torrent'))
  const [moved] = await moveTorrents(collection, ADMIN, ['0/y/a.torrent'], '0/x')
  assert.match(moved!.error!.message, /completedir/)
  const category = await collection.places.category('0/x')
  const added = { bytes: Buffer.from(C), name: 'a', category }
  await assert.rejects(addTorrent(collection, ADMIN, added), /completedir/)
  assert.deepEqual(filesBelow(join(root, 't')), ['readme.txt', 'y/a.torrent'])
})

type Opened = ReturnType<typeof openTestCollection>['collection']

/** All that writes into the category 0/x. */
const CHANGES: Record<string, (collection: Opened) => Promise<unknown>> = {
  'an upload': (collection) => {
    const file = { name: 'a.torrent', bytes: A, to: '0/x', as: '', comment: '', addsTracker: false }
    return addUploads(collection, ADMIN, [file], null)
  },
  'a new category': (collection) => createCategory(collection, ADMIN, '0/x', 'new'),
  'another name of a category': (collection) => renameCategory(collection, ADMIN, '0/x/y', 'z'),
  'the end of a category': (collection) => removeCategory(collection, ADMIN, '0/x/y'),
  'a move': (collection) => moveTorrents(collection, ADMIN, ['0/b.torrent'], '0/x'),
  'an edit': (collection) => editTorrents(collection, ADMIN, EDIT),
  'a deletion': (collection) => deleteTorrents(collection, ADMIN, ['0/x/c.torrent']),
}

const EDIT = {
  torrents: ['0/x/c.torrent'],
  open: () => null,
  changesOf: () => ({ comment: 'changed' }),
  isDry: false,
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`${what} follows no link that takes the place of a category`, async (t) => {
    const files = { 't/b.torrent': B, 't/x/c.torrent': C, 'elsewhere/c.torrent': C }
    const { collection, root } = openTestCollection(t, files)
    const [x, elsewhere] = [join(root, 't/x'), join(root, 'elsewhere')]
    for (const directory of [x, elsewhere]) mkdirSync(join(directory, 'y'))
    const { places } = collection
    // An edit looks for each torrent twice, and for its category
    let looks = what === 'an edit' ? 4 : 1
    const swap = <T>(found: T): T => {
      if (--looks === 0) {
        renameSync(x, join(root, 'parked'))
        symlinkSync(elsewhere, x)
        if (process.getuid?.() === 0) lchownSync(x, 1, 1)
      }
      return found
    }
    for (const name of ['category', 'torrent'] as const) {
      const find = places[name].bind(places) as (address: string) => Promise<never>
      places[name] = async (address: string) => {
        const found = await find(address)
        return address.startsWith('0/x') ? swap(found) : found
      }
    }
    const outcome = await change(collection).catch((error: unknown) => [{ error }])
    const [{ error }] = outcome as [{ error: unknown }]
    assert.match(String(error), /is a link/)
    assert.deepEqual(readdirSync(elsewhere).sort(), ['c.torrent', 'y'])
    assert.deepEqual(readFileSync(join(elsewhere, 'c.torrent')), Buffer.from(C))
    assert.ok(existsSync(join(root, 't/b.torrent')))
  })
}

test('only a category without torrents or categories has a button that removes it', async (t) => {
  const { logIn } = await startForms(t, {
    'torrents/full/a.torrent': A,
    'torrents/above/below/readme.txt': '',
  })
  const alice = await logIn()
  const { text } = await alice.get('/categories')
  const ways = [...text.matchAll(/href="(categories[^"]+)"\s+aria-label="Change ([^"]+)"/g)]
  assert.deepEqual(
    ways.map(([, , name]) => name),
    ['above', 'above / below', 'full'],
  )
  const removable: unknown[] = []
  for (const [, address, name] of ways) {
    const own = (await alice.get(`/${address}`)).text
    assert.match(own, /value="rename"/)
    if (own.includes('value="remove"')) removable.push(name)
  }
  assert.deepEqual(removable, ['above / below'])
})
