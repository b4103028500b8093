import assert from 'node:assert/strict'
import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TorrentDirectory } from '../../../src/tracker/allowed/torrent-list.js'
import { torrentNamed } from '../../support/collection.js'
import { makeScratch } from '../../support/scratch.js'

test('a torrent that is moved away during a scan causes no warning; a link to nothing does', async (t) => {
  const root = makeScratch(t, { 'a.torrent': torrentNamed('a'), 'b.torrent': torrentNamed('b') })
  symlinkSync('nowhere', join(root, 'c.torrent'))
  const told: string[] = []
  const directory = new TorrentDirectory({
    root,
    // Asked for when the first torrent was read, and all were found
    get controls() {
      rmSync(join(root, 'b.torrent'), { force: true })
      return true
    },
    report: (message) => told.push(message),
  })
  await directory.refresh()
  assert.deepEqual(
    [...directory.torrents()].map(({ metainfo }) => metainfo?.name),
    ['a'],
  )
  assert.deepEqual(told, [`${join(root, 'c.torrent')}: no such file or directory; not tracked`])
})
