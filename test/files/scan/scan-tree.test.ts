import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { BtkitError } from '../../../src/errors.js'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { scanTree } from '../../../src/files/scan/scan-tree.js'
import { failure, unlessWindows } from '../failure.js'
import { DEFAULTS, scan } from './scan.js'
import { makeTemporaryDirectory, plantTree } from '../temporary-directory.js'

test('a directory gives its files with components, real paths and fingerprints', async (t) => {
  const root = plantTree(t, ['b/c.iso', 'a'])
  assert.deepEqual(await scanTree(root, DEFAULTS), {
    root,
    isDirectory: true,
    files: [
      {
        path: ['a'],
        absolutePath: join(root, 'a'),
        fingerprint: readFingerprint(join(root, 'a')),
      },
      {
        path: ['b', 'c.iso'],
        absolutePath: join(root, 'b', 'c.iso'),
        fingerprint: readFingerprint(join(root, 'b', 'c.iso')),
      },
    ],
    skipped: [],
  })
})

test('a file stands for itself, whatever its name and the globs', async (t) => {
  const root = join(plantTree(t, ['.core']), '.core')
  const tree = await scanTree(root, { ...DEFAULTS, include: ['*.iso'], exclude: ['*'] })
  const fingerprint = readFingerprint(root)
  assert.deepEqual(tree.files, [{ path: [basename(root)], absolutePath: root, fingerprint }])
  assert.equal(tree.isDirectory, false)
})

test('an empty directory has no files', async (t) => {
  assert.deepEqual(await scan(makeTemporaryDirectory(t)), { files: [], skipped: {} })
})

test('a root that is a link is followed under every policy, and keeps its name', async (t) => {
  const directory = plantTree(t, ['42/a', 'file'])
  symlinkSync('42', join(directory, 'latest'))
  symlinkSync('file', join(directory, 'current'))
  for (const links of ['inside', 'follow', 'skip'] as const) {
    const tree = await scanTree(join(directory, 'latest'), { ...DEFAULTS, links })
    assert.equal(tree.root, join(directory, 'latest'))
    assert.deepEqual(
      tree.files.map((file) => file.absolutePath),
      [join(directory, '42', 'a')],
    )
    const { files } = await scanTree(join(directory, 'current'), { ...DEFAULTS, links })
    assert.equal(files[0]?.absolutePath, join(directory, 'file'))
  }
})

test('a root with a slash at its end is the same', async (t) => {
  const root = plantTree(t, ['a', 'b/c'])
  assert.deepEqual(
    (await scanTree(`${root}/`, DEFAULTS)).files,
    (await scanTree(root, DEFAULTS)).files,
  )
})

test('a root that is missing is not found', async (t) => {
  const root = join(makeTemporaryDirectory(t), 'gone')
  await assert.rejects(
    scanTree(root, DEFAULTS),
    failure('not-found', `${root}: no such file or directory`),
  )
})

test('a root that is neither file nor directory is refused', unlessWindows, async (t) => {
  const message = (root: string) => `${root}: not a regular file or directory`
  await assert.rejects(scanTree('/dev/null', DEFAULTS), failure('io', message('/dev/null')))
  const pipe = join(makeTemporaryDirectory(t), 'pipe')
  execFileSync('mkfifo', [pipe])
  await assert.rejects(scanTree(pipe, DEFAULTS), failure('io', message(pipe)))
})

test('globs choose: exclude drops subtrees and wins, include keeps files', async (t) => {
  const root = plantTree(t, ['a.iso', 'a.txt', 'docs/b.iso', 'x/docs/c.iso', 'x/d.iso'])
  const { files, skipped } = await scan(root, { include: ['*.iso'], exclude: ['docs', 'x/d*'] })
  assert.deepEqual(files, ['a.iso'])
  assert.deepEqual(skipped, {
    'a.txt': 'not included',
    docs: 'excluded',
    'x/docs': 'excluded',
    'x/d.iso': 'excluded',
  })
})

test('a subtree is excluded by its name, with a slash, and with stars', async (t) => {
  const root = plantTree(t, ['docs/a', 'docs/b/c', 'x'])
  for (const pattern of ['docs', 'docs/', 'docs/**', '/docs', '**/docs/**']) {
    const found = await scan(root, { exclude: [pattern] })
    assert.deepEqual(found, { files: ['x'], skipped: { docs: 'excluded' } }, pattern)
  }
})

test('an included directory brings all below it but what is excluded', async (t) => {
  const root = plantTree(t, ['42/a', '42/os/b', '42/os/b.tmp', '41/a'])
  for (const pattern of ['42', '42/', '42/**']) {
    const { files } = await scan(root, { include: [pattern], exclude: ['*.tmp'] })
    assert.deepEqual(files, ['42/a', '42/os/b'], pattern)
  }
})

test('globs do not bring hidden files back, all does', async (t) => {
  const root = plantTree(t, ['.a', 'b'])
  assert.deepEqual((await scan(root, { include: ['*'] })).files, ['b'])
  assert.deepEqual((await scan(root, { include: ['*'], all: true })).files, ['.a', 'b'])
})

test('a bad pattern is told before the root is looked at', async () => {
  await assert.rejects(
    scanTree('/no/such', { ...DEFAULTS, exclude: [''] }),
    (error) => error instanceof BtkitError && error.code === 'usage',
  )
})
