import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkTarget } from '../../../src/files/write/check-target.js'
import { failure, unlessRoot, unlessWindows } from '../failure.js'
import { plantTree, withMode } from '../temporary-directory.js'

test('a new name and a file that is there can be written to, and are left as they are', (t) => {
  const root = plantTree(t, ['a'])
  checkTarget(join(root, 'new'), {})
  checkTarget(join(root, 'a'), {})
  checkTarget(join(root, 'new'), { noClobber: true })
  assert.deepEqual(readdirSync(root), ['a'])
  assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'a')
})

test('a device can be written to', unlessWindows, () => {
  assert.doesNotThrow(() => {
    checkTarget('/dev/null', {})
  })
})

for (const [what, name, options, code] of [
  ['a directory', 'd', {}, 'io'],
  ['a file that must not be replaced', 'a', { noClobber: true }, 'exists'],
  ['a name in a directory that is not there', 'missing/new', {}, 'not-found'],
] as const) {
  test(`${what} can not be written to`, (t) => {
    const root = plantTree(t, ['a', 'd/x'])
    assert.throws(
      () => {
        checkTarget(join(root, name), options)
      },
      { name: 'BtkitError', code },
    )
  })
}

test('a name in a directory without permission can not be written to', unlessRoot, async (t) => {
  const root = plantTree(t, ['d/x'])
  const directory = join(root, 'd')
  await withMode(directory, 0o555, async () => {
    const check = () => {
      checkTarget(join(directory, 'new'), {})
    }
    await Promise.resolve()
    const message = `${directory}: cannot be written to: permission denied`
    assert.throws(check, failure('not-permitted', message))
  })
})
