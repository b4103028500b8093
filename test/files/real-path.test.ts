import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realPath } from '../../src/files/inside.js'
import { unlessWindows } from './failure.js'
import { plantTree } from './temporary-directory.js'

test('links and dots are resolved', unlessWindows, (t) => {
  const root = plantTree(t, ['d/a'])
  symlinkSync('d', join(root, 'link'))
  assert.equal(realPath(`${root}/link/../d/./a`), join(root, 'd', 'a'))
})

test('what is not there has no real path, nor has a broken link', unlessWindows, (t) => {
  const root = plantTree(t, ['a'])
  symlinkSync('nowhere', join(root, 'broken'))
  assert.equal(realPath(join(root, 'missing')), null)
  assert.equal(realPath(join(root, 'broken')), null)
})

test('a path through a file and one in circles are errors', unlessWindows, (t) => {
  const root = plantTree(t, ['a'])
  symlinkSync('circle', join(root, 'circle'))
  assert.throws(() => realPath(join(root, 'a', 'b')), { code: 'not-found' })
  assert.throws(() => realPath(join(root, 'circle')), { code: 'io' })
})
