import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { scanTree } from '../../../src/files/scan/scan-tree.js'
import { failure } from '../failure.js'
import { plantTree } from '../temporary-directory.js'
import { DEFAULTS, scan } from './scan.js'

test('a name that is chosen is taken even if it is hidden', async (t) => {
  const root = plantTree(t, ['.a', '.d/core', '.d/x'])
  assert.deepEqual(await scan(root, { chosen: ['.d/core', '.a', '.d'] }), {
    files: ['.d/core', '.a', '.d/x'],
    skipped: {},
  })
})

test('what is excluded stays out, and is told', async (t) => {
  const root = plantTree(t, ['a.tmp', 'd/x', 'e'])
  assert.deepEqual(await scan(root, { chosen: ['a.tmp', 'd/x', 'e'], exclude: ['*.tmp', 'd/'] }), {
    files: ['e'],
    skipped: { 'a.tmp': 'excluded', d: 'excluded' },
  })
})

test('a path that leads out of the directory is refused, and a link that does is left out', async (t) => {
  const outer = plantTree(t, ['in/a', 'out/b'])
  const root = join(outer, 'in')
  symlinkSync('../out', join(root, 'link'))
  for (const path of ['../out/b', 'a/../../out/b', join(outer, 'out/b')]) {
    const expected = failure('unsafe-path', `${path}: is not below ${root}`)
    await assert.rejects(scanTree(root, { ...DEFAULTS, chosen: [path] }), expected)
  }
  assert.deepEqual((await scan(root, { chosen: ['link/b', 'a'] })).skipped, {
    link: 'link leads outside',
  })
})
