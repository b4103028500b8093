import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { NamesInCategories } from '../../../../src/tracker/admin/storage/places.js'
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
  assert.deepEqual(await new NamesInCategories().namesIn(root), {
    torrents: ['a.torrent', 'b.torrent'],
    directories: ['d'],
  })
})

test('each change of a directory is seen, also of one that was not changed for long', async (t) => {
  const root = makeScratch(t, { 'a.torrent': '' })
  const names = new NamesInCategories()
  const age = async () => {
    utimesSync(root, 1e9, 1e9)
    await names.namesIn(root)
  }
  await age()
  assert.equal(
    await names.namesIn(root),
    await names.namesIn(root),
    'unchanged, it is not read again',
  )
  writeFileSync(join(root, 'b.torrent'), '')
  assert.deepEqual((await names.namesIn(root)).torrents, ['a.torrent', 'b.torrent'])
  await age()
  rmSync(join(root, 'a.torrent'))
  mkdirSync(join(root, 'd'))
  assert.deepEqual(await names.namesIn(root), { torrents: ['b.torrent'], directories: ['d'] })
  rmSync(root, { recursive: true })
  await assert.rejects(names.namesIn(root), { code: 'not-found' })
  assert.deepEqual(await names.namesIfReadable(root), { torrents: [], directories: [] })
})
