import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editTorrent } from '../../../src/core/edit/torrent.js'
import { setName } from '../../../src/metainfo/edit/details.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import type { TorrentEdit } from '../../../src/metainfo/edit/splice-torrent.js'
import { assertRefused } from '../../metainfo/refusal.js'
import { editedGolden, singleFileInfo, torrentOf } from '../../support/torrents.js'

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
