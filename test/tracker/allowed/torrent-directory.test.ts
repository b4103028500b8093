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
  let asked = 0
  const directory = new TorrentDirectory({
    // Asked for again when all were found, and none was read
    get root() {
      if (asked++ > 0) rmSync(join(root, 'b.torrent'), { force: true })
      return root
    },
    controls: true,
    report: (message) => told.push(message),
  })
  await directory.refresh()
  assert.deepEqual(
    [...directory.torrents()].map(({ metainfo }) => metainfo?.name),
    ['a'],
  )
  assert.deepEqual(told, [`${join(root, 'c.torrent')}: no such file or directory; not tracked`])
})
