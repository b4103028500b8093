import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BtkitError } from '../../../src/errors.js'
import { readFingerprint } from '../../../src/files/fingerprint.js'
import { scanTree } from '../../../src/files/scan/scan-tree.js'
import { DEFAULTS } from './scan.js'
import { plantTree } from '../temporary-directory.js'

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

test('a bad pattern is told before the root is looked at', async () => {
  await assert.rejects(
    scanTree('/no/such', { ...DEFAULTS, exclude: [''] }),
    (error) => error instanceof BtkitError && error.code === 'usage',
  )
})
