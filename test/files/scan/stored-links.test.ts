import assert from 'node:assert/strict'
import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { scanTree } from '../../../src/files/scan/scan-tree.js'
import { plantTree } from '../temporary-directory.js'
import { DEFAULTS } from './scan.js'

/** Returns the attributes of each entry of a tree, without its fingerprint. */
async function attributes(root: string, options = {}) {
  const { files, skipped } = await scanTree(root, { ...DEFAULTS, ...options })
  const said = files.map(({ path, attributes, symlinkPath }) => {
    return [path.join('/'), attributes, ...(symlinkPath ? [symlinkPath.join('/')] : [])]
  })
  return { files: said, skipped: skipped.map(({ path, reason }) => `${path}: ${reason}`) }
}

test('links that stay inside are entries of their own, which lead to what they mean in the end', async (t) => {
  const outer = plantTree(t, ['in/d/a', 'out'])
  const root = join(outer, 'in')
  for (const [name, target] of [
    ['current', 'latest'],
    ['latest', 'd'],
    ['d/up', '../latest/a'],
    ['broken', 'nowhere'],
    ['outside', '../out'],
    ['root', '.'],
    ['x', 'x'],
  ] as const) {
    symlinkSync(target, join(root, name))
  }
  assert.deepEqual(await attributes(root, { links: 'store' }), {
    files: [
      ['current', 'l', 'd'],
      ['d/a', undefined],
      ['d/up', 'l', 'd/a'],
      ['latest', 'l', 'd'],
    ],
    skipped: [
      'broken: broken link',
      'outside: link leads outside',
      'root: link loop',
      'x: link loop',
    ],
  })
})

test('a link has no bytes', async (t) => {
  const root = plantTree(t, ['a'])
  symlinkSync('a', join(root, 'link-with-a-long-name'))
  const { files } = await scanTree(root, { ...DEFAULTS, links: 'store' })
  assert.equal(files[1]?.fingerprint.size, 0)
})

test('a link to a skipped entry is left out as well', async (t) => {
  const root = plantTree(t, ['.hidden', 'a', 'd/core'])
  symlinkSync('.hidden', join(root, 'l'))
  symlinkSync('d', join(root, 'm'))
  assert.deepEqual((await attributes(root, { links: 'store' })).skipped.slice(-2), [
    'l: link to a skipped entry',
    'm: link to a skipped entry',
  ])
})

test('what is executable and what is hidden by its name can be noted', async (t) => {
  const root = plantTree(t, ['.a', 'b', 'c'])
  chmodSync(join(root, '.a'), 0o755)
  chmodSync(join(root, 'b'), 0o611)
  chmodSync(join(root, 'c'), 0o700)
  assert.deepEqual((await attributes(root, { attributes: true, all: true })).files, [
    ['.a', 'hx'],
    ['b', ''],
    ['c', 'x'],
  ])
  assert.deepEqual((await attributes(join(root, 'c'), { attributes: true })).files, [['c', 'x']])
  assert.deepEqual((await attributes(join(root, 'c'))).files, [['c', undefined]])
})
