import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { chooseTarget } from '../../../src/core/download/target.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../support/scratch.js'
import { directoryInfo, singleFileInfo, torrentOf } from '../../support/torrents.js'

const FILE = parseMetainfo(torrentOf(singleFileInfo()))
const DIRECTORY = parseMetainfo(
  torrentOf(
    directoryInfo([
      { length: 3, path: ['a'] },
      { length: 4, path: ['sub', 'b'] },
    ]),
  ),
)

test('without a name given, content goes under that of the torrent', (t) => {
  const saveTo = makeScratch(t)
  for (const metainfo of [FILE, DIRECTORY]) {
    const { path } = chooseTarget(metainfo, { saveAs: null, saveTo })
    assert.equal(path, join(saveTo, metainfo.name))
  }
})

test('a name given is that of the content, file or directory', (t) => {
  const saveTo = makeScratch(t)
  const saveAs = join(saveTo, 'other')
  const file = chooseTarget(FILE, { saveAs, saveTo })
  assert.deepEqual([file.path, file.metainfo.name], [saveAs, 'other'])
  // Later checks use the new name
  assert.deepEqual(file.metainfo.files[0]?.path, ['other'])
  const directory = chooseTarget(DIRECTORY, { saveAs, saveTo })
  assert.deepEqual([directory.path, directory.metainfo.name], [saveAs, 'other'])
  assert.deepEqual(directory.metainfo.files[1]?.path, ['sub', 'b'])
})

test('a file goes into a directory that is there', (t) => {
  const saveAs = makeScratch(t)
  assert.equal(chooseTarget(FILE, { saveAs, saveTo: '/' }).path, join(saveAs, 'a.txt'))
})

test('a directory goes into one that is there and has other things', (t) => {
  const saveAs = makeScratch(t, { 'of-others': 'x' })
  assert.equal(chooseTarget(DIRECTORY, { saveAs, saveTo: '/' }).path, join(saveAs, 'dir'))
})

test('an empty directory, or one with some of its files, is taken for the content', (t) => {
  const empty = makeScratch(t)
  assert.equal(chooseTarget(DIRECTORY, { saveAs: empty, saveTo: '/' }).path, empty)
  const begun = makeScratch(t, { 'sub/of-others': 'x', other: 'y' })
  assert.equal(chooseTarget(DIRECTORY, { saveAs: begun, saveTo: '/' }).path, begun)
})

test('a link is followed to where the content lies', (t) => {
  const root = makeScratch(t, { 'real/a': 'abc' })
  symlinkSync('real', join(root, 'link'))
  const { path } = chooseTarget(DIRECTORY, { saveAs: join(root, 'link'), saveTo: root })
  assert.equal(path, join(root, 'real'))
})

test('a torrent that would lead outside is refused', () => {
  const outside = directoryInfo([{ length: 3, path: ['..', 'a'] }])
  const metainfo = parseMetainfo(torrentOf(outside))
  assert.throws(() => chooseTarget(metainfo, { saveAs: null, saveTo: '/' }), {
    code: 'unsafe-path',
  })
})
