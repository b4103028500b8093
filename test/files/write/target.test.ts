import assert from 'node:assert/strict'
import { lchownSync, lstatSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findWriteTarget, followLinks } from '../../../src/files/write/target.js'
import { failure, unlessWindows } from '../failure.js'
import { makeTemporaryDirectory, plantTree } from '../temporary-directory.js'

const onlyRoot = { skip: process.getuid?.() !== 0 && 'only root gives links away' }

test('a link stands for what it points to, there or not, however far', (t) => {
  const root = plantTree(t, ['d/a', 'd/f/b'])
  symlinkSync('a', join(root, 'd/one'))
  symlinkSync('d/one', join(root, 'two'))
  symlinkSync('d/f', join(root, 'e'))
  symlinkSync('../new', join(root, 'd/f/three'))
  symlinkSync('e/three', join(root, 'four'))
  assert.equal(findWriteTarget(join(root, 'two')).path, join(root, 'd/a'))
  assert.equal(findWriteTarget(join(root, 'four')).path, join(root, 'd/new'))
})

test('a link in a circle is an error', (t) => {
  const root = makeTemporaryDirectory(t)
  symlinkSync('circle', join(root, 'circle'))
  assert.throws(
    () => findWriteTarget(join(root, 'circle')),
    failure('io', `${join(root, 'circle')}: too many symbolic links encountered`),
  )
})

test('a link of another user is not followed, wherever it is in a chain', unlessWindows, (t) => {
  const root = plantTree(t, ['a'])
  symlinkSync('a', join(root, 'theirs'))
  symlinkSync('theirs', join(root, 'ours'))
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
