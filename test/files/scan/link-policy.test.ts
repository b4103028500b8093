import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { scanTree } from '../../../src/files/scan/scan-tree.js'
import { failure, unlessRoot } from '../failure.js'
import { DEFAULTS, scan } from './scan.js'
import { plantTree, withMode } from '../temporary-directory.js'

/** A mirror with links of every kind, beside a directory that is none of its business. */
function plantMirror(t: TestContext): string {
  const outer = plantTree(t, ['mirror/42/a.iso', 'mirror-old/b.iso'])
  const root = join(outer, 'mirror')
  symlinkSync('42', join(root, 'latest'))
  symlinkSync('42/a.iso', join(root, 'current.iso'))
  symlinkSync('../mirror-old', join(root, 'old'))
  symlinkSync(join(outer, 'mirror-old/b.iso'), join(root, 'old.iso'))
  symlinkSync('nowhere', join(root, 'broken'))
  symlinkSync('42/a.iso/x', join(root, 'through-file'))
  return root
}

test('a file behind a link is named by its real path and has the fingerprint of it', async (t) => {
  const root = plantMirror(t)
  const { files } = await scanTree(root, DEFAULTS)
  for (const file of files) {
    assert.equal(file.absolutePath, join(root, '42/a.iso'))
    assert.deepEqual(file.fingerprint, files[0]?.fingerprint)
  }
})

test('a link out of the tree and back is inside, one through a link outside is not', async (t) => {
  const root = plantMirror(t)
  symlinkSync('../mirror/42', join(root, 'and-back'))
  symlinkSync('old/b.iso', join(root, 'via'))
  const { files, skipped } = await scan(root)
  assert.ok(files.includes('and-back/a.iso'))
  assert.equal(skipped.via, 'link leads outside')
})

test('loops end: to itself, to each other, to a directory above and to the root', async (t) => {
  const root = plantTree(t, ['a/b/c'])
  symlinkSync('self', join(root, 'self'))
  symlinkSync('pong', join(root, 'ping'))
  symlinkSync('ping', join(root, 'pong'))
  symlinkSync('../..', join(root, 'a/b/root'))
  symlinkSync('../b', join(root, 'a/b/here'))
  symlinkSync('.', join(root, 'dot'))
  for (const links of ['inside', 'follow'] as const) {
    assert.deepEqual(await scan(root, { links }), {
      files: ['a/b/c'],
      skipped: {
        self: 'link loop',
        ping: 'link loop',
        pong: 'link loop',
        dot: 'link loop',
        'a/b/root': 'link loop',
        'a/b/here': 'link loop',
      },
    })
  }
})

test('directories that link to each other are walked once each way', async (t) => {
  const root = plantTree(t, ['a/x', 'b/y'])
  symlinkSync('../b', join(root, 'a/to-b'))
  symlinkSync('../a', join(root, 'b/to-a'))
  assert.deepEqual(await scan(root), {
    files: ['a/to-b/y', 'a/x', 'b/to-a/x', 'b/y'],
    skipped: { 'a/to-b/to-a': 'link loop', 'b/to-a/to-b': 'link loop' },
  })
})

test('a link into what may not be entered leads outside', unlessRoot, async (t) => {
  const outer = plantTree(t, ['shut/file', 'root/a'])
  const root = join(outer, 'root')
  symlinkSync('../shut/file', join(root, 'link'))
  await withMode(join(outer, 'shut'), 0, async () => {
    assert.deepEqual((await scan(root)).skipped, { link: 'link leads outside' })
    const refused = failure('not-permitted', `${root}/link: permission denied`)
    await assert.rejects(scanTree(root, { ...DEFAULTS, links: 'follow' }), refused)
  })
})
