import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { addTorrent, type Collection } from '../../../../src/tracker/admin/storage/collection.js'
import { editTorrents, openTorrents } from '../../../../src/tracker/admin/storage/edit-torrents.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import type { TorrentChanges } from '../../../../src/library/changes.js'
import { digestOf, refuseChanged } from '../../../../src/pages/forms/edit.js'
import { type Opened, openTorrent } from '../../../../src/pages/work/opened.js'
import {
  ADMIN,
  openTestCollection,
  OTHER,
  torrentNamed,
  UPLOADER,
} from '../../../support/collection.js'

/** A form that shows torrents, which is sent later. */
async function openForm(collection: Collection, actor: typeof ADMIN, torrents: readonly string[]) {
  const shown = { torrents, open: openTorrent }
  const digest = digestOf(await openTorrents(collection, actor, shown))
  return (changes: TorrentChanges) => {
    const changesOf = (opened: readonly Opened[]) => {
      refuseChanged(opened, digest)
      return changes
    }
    return editTorrents(collection, actor, { ...shown, changesOf, isDry: false })
  }
}

function read(path: string) {
  return parseMetainfo(readFileSync(path))
}

test('of two who edit at once, the second is told, and nothing is lost', async (t) => {
  const { collection, root } = openTestCollection(t, {
    't/a.torrent': torrentNamed('a'),
    't/b.torrent': torrentNamed('b'),
  })
  const first = await openForm(collection, ADMIN, ['0/a.torrent'])
  const second = await openForm(collection, ADMIN, ['0/b.torrent', '0/a.torrent'])
  const sent = [first({ comment: 'first' }), second({ comment: 'second' })]
  const [one, two] = await Promise.allSettled(sent)
  assert.equal(one!.status, 'fulfilled')
  assert.match(String((two as PromiseRejectedResult).reason), /have changed/)
  const comments = ['a', 'b'].map((name) => read(join(root, `t/${name}.torrent`)).comment)
  assert.deepEqual(comments, ['first', null])
})

test('an uploader keeps what he edits, even with another info hash', async (t) => {
  const { collection } = openTestCollection(t)
  const category = await collection.places.category('0')
  await addTorrent(collection, UPLOADER, { bytes: torrentNamed('a'), name: 'a', category })
  await assert.rejects(openForm(collection, OTHER, ['0/a.torrent']), { code: 'not-permitted' })
  await (
    await openForm(collection, UPLOADER, ['0/a.torrent'])
  )({ name: 'other' })
  await (
    await openForm(collection, UPLOADER, ['0/a.torrent'])
  )({ comment: 'mine' })
  await assert.rejects(openForm(collection, OTHER, ['0/a.torrent']), { code: 'not-permitted' })
})

test('bad values are refused, and nothing changes', async (t) => {
  const { collection, root } = openTestCollection(t, { 't/a.torrent': torrentNamed('a') })
  const send = await openForm(collection, ADMIN, ['0/a.torrent'])
  const before = readFileSync(join(root, 't/a.torrent'))
  await assert.rejects(send({ trackers: [['javascript:alert(1)']] }), { code: 'usage' })
  await assert.rejects(send({ name: '../up' }), { code: 'bad-name' })
  assert.deepEqual(readFileSync(join(root, 't/a.torrent')), before)
})

test('a failed edit names the torrent, whatever its category is called', async (t) => {
  const { collection, root } = openTestCollection(t, { 't/a$&b/x.torrent': torrentNamed('x') })
  const path = join(root, 't/a$&b/x.torrent')
  const changesOf = () => {
    rmSync(path)
    return { comment: 'changed' }
  }
  const edit = { torrents: ['0/a$&b/x.torrent'], open: openTorrent, changesOf, isDry: true }
  const [outcome] = await editTorrents(collection, ADMIN, edit)
  assert.equal(outcome?.error?.message, `${path}: no such file or directory`)
})
