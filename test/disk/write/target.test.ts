import assert from 'node:assert/strict'
import {
  lchownSync,
  lstatSync,
  rmSync,
  symlinkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { osCodeOf } from '../../../src/base/errors.js'
import { placeNewFile, reserveAndRename } from '../../../src/disk/write/atomically.js'
import { syncDirectory } from '../../../src/disk/write/draft.js'
import { findWriteTarget, followLinks } from '../../../src/disk/write/target.js'
import { failure, onlyRoot, unlessWindows, unlessRoot } from '../failure.js'
import { plantTree, withMode } from '../temporary-directory.js'
import { makeScratch, plantLinks } from '../../support/scratch.js'
import { openFilesBelow } from '../../support/when-open.js'

test('a link stands for what it points to, there or not, however far', (t) => {
  const root = plantTree(t, ['d/a', 'd/f/b'])
  plantLinks(root, { 'd/one': 'a', two: 'd/one', e: 'd/f', 'd/f/three': '../new', four: 'e/three' })
  assert.equal(findWriteTarget(join(root, 'two')).path, join(root, 'd/a'))
  assert.equal(findWriteTarget(join(root, 'four')).path, join(root, 'd/new'))
})

test(
  'a link to an open file of this process is that one, and not a file to replace',
  unlessWindows,
  (t) => {
    const link = join(makeScratch(t), 'log')
    symlinkSync('/dev/stdout', link)
    const { kind, path } = findWriteTarget(link)
    assert.equal(kind, 'stream')
    assert.match(path, /^\/proc\/(self|\d+)\/fd\/1$|^\/dev\/(stdout|fd\/1)$/)
  },
)

test('a link in a circle is an error', (t) => {
  const root = makeScratch(t)
  symlinkSync('circle', join(root, 'circle'))
  assert.throws(
    () => findWriteTarget(join(root, 'circle')),
    failure('io', `${join(root, 'circle')}: too many symbolic links encountered`),
  )
})

test('a link of another user is not followed, wherever it is in a chain', unlessWindows, (t) => {
  const root = plantTree(t, ['a'])
  plantLinks(root, { theirs: 'a', ours: 'theirs' })
  const theirs = join(root, 'theirs')
  const { ino } = lstatSync(theirs)
  const why = 'is a link of user [0-9]+, who could make it lead to any file; remove it'
  for (const name of ['theirs', 'ours']) {
    const follow = () => followLinks(join(root, name), (link) => link.ino !== ino)
    assert.throws(follow, new RegExp(`${theirs}: ${why}, or run as that user`))
  }
})

test('root follows no link of another user', onlyRoot, (t) => {
  const root = plantTree(t, ['a'])
  const link = join(root, 'link')
  for (const target of ['a', 'missing']) {
    symlinkSync(target, link)
    lchownSync(link, 1, 1)
    assert.throws(() => findWriteTarget(link), /link: is a link of user 1, who could/)
    rmSync(link)
  }
})

const hasCode = (code: string) => (error: unknown) => osCodeOf(error) === code

for (const place of [placeNewFile, reserveAndRename]) {
  test(`${place.name} gives a file a name that is free`, async (t) => {
    const root = plantTree(t, ['draft'])
    await place(join(root, 'draft'), join(root, 'final'))
    assert.deepEqual(readdirSync(root), ['final'])
    assert.deepEqual(openFilesBelow(root), [])
    assert.equal(readFileSync(join(root, 'final'), 'utf8'), 'draft')
  })

  test(`${place.name} leaves both files when the name is taken`, async (t) => {
    const root = plantTree(t, ['draft', 'final'])
    await assert.rejects(place(join(root, 'draft'), join(root, 'final')), hasCode('EEXIST'))
    assert.equal(readFileSync(join(root, 'draft'), 'utf8'), 'draft')
    assert.equal(readFileSync(join(root, 'final'), 'utf8'), 'final')
  })

  test(`${place.name} lets one of many win`, async (t) => {
    const drafts = Array.from({ length: 20 }, (_, i) => `draft-${i}`)
    const root = plantTree(t, drafts)
    const final = join(root, 'final')
    const ends = await Promise.allSettled(drafts.map((draft) => place(join(root, draft), final)))
    assert.equal(ends.filter((end) => end.status === 'fulfilled').length, 1)
    assert.equal(readdirSync(root).length, 20)
    const winner = drafts[ends.findIndex((end) => end.status === 'fulfilled')]
    assert.equal(readFileSync(final, 'utf8'), winner)
  })
}

test('placeNewFile leaves nothing where neither a link nor a rename works', async (t) => {
  const root = makeScratch(t)
  mkdirSync(join(root, 'draft'))
  await assert.rejects(placeNewFile(join(root, 'draft'), join(root, 'final')))
  assert.deepEqual(readdirSync(root), ['draft'])
})

test('a directory that may be written but not read is not synced', unlessRoot, async (t) => {
  const directory = makeScratch(t)
  await assert.doesNotReject(withMode(directory, 0o300, () => syncDirectory(directory)))
})

test('one that is missing is an error', async (t) => {
  const missing = join(makeScratch(t), 'gone')
  await assert.rejects(syncDirectory(missing), (error) => osCodeOf(error) === 'ENOENT')
})
