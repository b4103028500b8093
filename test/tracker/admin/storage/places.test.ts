import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { namesIfReadable, namesIn } from '../../../../src/tracker/admin/storage/places.js'
import { makeScratch } from '../../../support/scratch.js'

test('names of torrents and directories are sorted; links and hidden names are left out', async (t) => {
  const root = makeScratch(t, {
    'b.torrent': '',
    'a.torrent': '',
    '.c.torrent': '',
    'd/x': '',
    e: '',
  })
  symlinkSync(join(root, 'd'), join(root, 'link'))
  assert.deepEqual(await namesIn(root), {
    torrents: ['a.torrent', 'b.torrent'],
    directories: ['d'],
  })
})

test('each change of a directory is seen, also of one that cannot be read any more', async (t) => {
  const root = makeScratch(t, { 'a.torrent': '' })
  assert.deepEqual((await namesIn(root)).torrents, ['a.torrent'])
  writeFileSync(join(root, 'b.torrent'), '')
  rmSync(join(root, 'a.torrent'))
  mkdirSync(join(root, 'd'))
  assert.deepEqual(await namesIn(root), { torrents: ['b.torrent'], directories: ['d'] })
  rmSync(root, { recursive: true })
  await assert.rejects(namesIn(root), { code: 'not-found' })
  assert.deepEqual(await namesIfReadable(root), { torrents: [], directories: [] })
})
