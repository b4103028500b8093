import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readFingerprint } from '../../src/files/fingerprint.js'
import { makeInsideResolver } from '../../src/files/resolve-inside.js'
import { failure, unlessRoot, unlessWindows } from './failure.js'
import { makeTemporaryDirectory, plantFile, plantTree, withMode } from './temporary-directory.js'

test('a file is found with its path and fingerprint', (t) => {
  const root = plantTree(t, ['a/b'])
  const path = join(root, 'a', 'b')
  assert.deepEqual(makeInsideResolver(root)(['a', 'b']), {
    kind: 'file',
    path,
    fingerprint: readFingerprint(path),
  })
})

test('a directory is told from a file, and the root from what is in it', (t) => {
  const root = plantTree(t, ['a/b'])
  const resolve = makeInsideResolver(root)
  assert.deepEqual(resolve(['a']), { kind: 'directory', path: join(root, 'a') })
  assert.deepEqual(resolve([]), { kind: 'directory', path: root })
  assert.equal(makeInsideResolver(join(root, 'a', 'b'))([]).kind, 'file')
})

test('what is not there is missing, below a file as well', (t) => {
  const resolve = makeInsideResolver(plantTree(t, ['file']))
  for (const path of [['x'], ['x', 'y'], ['file', 'x'], ['file', 'x', 'y'], ['x'.repeat(300)]]) {
    assert.deepEqual(resolve(path), { kind: 'missing' }, path.join('/').slice(0, 20))
  }
  assert.deepEqual(resolve(Array<string>(200_000).fill('deep')), { kind: 'missing' })
})

test('components that are no plain names lead outside', (t) => {
  const resolve = makeInsideResolver(plantTree(t, ['a/b', 'c']))
  for (const path of [
    ['..'],
    ['a', '..'],
    ['a', '..', 'c'],
    ['.'],
    [''],
    ['a/b'],
    ['/'],
    ['a\0'],
  ]) {
    assert.deepEqual(resolve(path), { kind: 'outside' }, path.join('|'))
  }
})

test('links that stay inside are resolved, absolute ones too', unlessWindows, (t) => {
  const root = plantTree(t, ['real/file'])
  symlinkSync('real', join(root, 'link'))
  symlinkSync('../link/file', join(root, 'real', 'twice'))
  symlinkSync(join(root, 'real'), join(root, 'absolute'))
  const resolve = makeInsideResolver(root)
  const path = join(root, 'real', 'file')
  const expected = { kind: 'file', path, fingerprint: readFingerprint(path) }
  for (const way of [
    ['link', 'file'],
    ['link', 'twice'],
    ['absolute', 'twice'],
  ]) {
    assert.deepEqual(resolve(way), expected, way.join('/'))
  }
})

test('a root that is a link stands for where it leads', unlessWindows, (t) => {
  const directory = plantTree(t, ['42/a', 'outside'])
  symlinkSync('42', join(directory, 'latest'))
  symlinkSync('../outside', join(directory, '42', 'out'))
  const resolve = makeInsideResolver(join(directory, 'latest'))
  assert.equal(resolve(['a']).kind, 'file')
  assert.deepEqual(resolve(['out']), { kind: 'outside' })
})

test('links out of the root lead outside, by whatever way', unlessWindows, (t) => {
  const directory = plantTree(t, ['root/a', 'root-2/b', 'c'])
  const root = join(directory, 'root')
  symlinkSync('../c', join(root, 'file'))
  symlinkSync('..', join(root, 'up'))
  symlinkSync('../root-2', join(root, 'sibling'))
  symlinkSync('up', join(root, 'chain'))
  symlinkSync('/', join(root, 'slash'))
  const resolve = makeInsideResolver(root)
  const ways = [['file'], ['up'], ['up', 'c'], ['sibling', 'b'], ['chain', 'c'], ['slash', 'etc']]
  for (const way of ways) assert.deepEqual(resolve(way), { kind: 'outside' }, way.join('/'))
})

test('a link that goes out and comes back stays inside', unlessWindows, (t) => {
  const directory = plantTree(t, ['root/a'])
  symlinkSync('../root/a', join(directory, 'root', 'back'))
  assert.equal(makeInsideResolver(join(directory, 'root'))(['back']).kind, 'file')
})

test('broken links are missing, and loops are told', unlessWindows, (t) => {
  const root = makeTemporaryDirectory(t)
  symlinkSync('gone', join(root, 'broken'))
  symlinkSync('loop', join(root, 'loop'))
  const resolve = makeInsideResolver(root)
  assert.deepEqual(resolve(['broken']), { kind: 'missing' })
  assert.deepEqual(resolve(['loop']), { kind: 'link loop' })
  assert.deepEqual(resolve(['loop', 'x']), { kind: 'link loop' })
})

test('pipes and devices are special', unlessWindows, (t) => {
  const root = makeTemporaryDirectory(t)
  execFileSync('mkfifo', [join(root, 'pipe')])
  assert.deepEqual(makeInsideResolver(root)(['pipe']), { kind: 'special file' })
  assert.deepEqual(makeInsideResolver('/dev')(['null']), { kind: 'special file' })
})

test('a root that is missing is not found', (t) => {
  const root = join(makeTemporaryDirectory(t), 'gone')
  assert.throws(
    () => makeInsideResolver(root),
    failure('not-found', `${root}: no such file or directory`),
  )
})

test('what may not be looked at is unreadable', unlessRoot, async (t) => {
  const root = makeTemporaryDirectory(t)
  plantFile(join(root, 'shut', 'deep', 'a'), '')
  await withMode(join(root, 'shut'), 0, () => {
    const resolve = makeInsideResolver(root)
    for (const path of [
      ['shut', 'a'],
      ['shut', 'deep', 'a'],
    ]) {
      assert.deepEqual(resolve(path), { kind: 'unreadable', reason: 'permission denied' })
    }
    return Promise.resolve()
  })
})

test('links may lead anywhere if that is wanted', unlessWindows, (t) => {
  const [root, outside] = [plantTree(t, ['a']), plantTree(t, ['sub/file'])]
  symlinkSync(join(outside, 'sub'), join(root, 'directory'))
  symlinkSync(join(outside, 'sub', 'file'), join(root, 'file'))
  const path = join(outside, 'sub', 'file')
  const expected = { kind: 'file', path, fingerprint: readFingerprint(path) }
  const resolve = makeInsideResolver(root, true)
  assert.deepEqual([resolve(['file']), resolve(['directory', 'file'])], [expected, expected])
  assert.deepEqual(resolve(['..', 'file']), { kind: 'outside' })
})
