import assert from 'node:assert/strict'
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { hasPermissions, setPermissions } from '../../../src/files/write/permissions.js'
import { failure, unlessWindows } from '../failure.js'
import { plantTree } from '../temporary-directory.js'

test('a file has the mode that it was given', unlessWindows, (t) => {
  const path = join(plantTree(t, ['a']), 'a')
  chmodSync(path, 0o600)
  assert.ok(!hasPermissions(path, { mode: 0o640 }))
  setPermissions(path, { mode: 0o640 })
  assert.ok(hasPermissions(path, { mode: 0o640 }))
  assert.equal(statSync(path).mode & 0o777, 0o640)
})

test('whose a file is counts too', unlessWindows, (t) => {
  const path = join(plantTree(t, ['a']), 'a')
  const { uid, gid } = statSync(path)
  assert.ok(hasPermissions(path, { owner: { uid, gid } }))
  assert.ok(!hasPermissions(path, { owner: { uid: uid + 1, gid } }))
  assert.ok(!hasPermissions(path, { owner: { uid, gid: gid + 1 } }))
})

test('where nothing is asked for any file will do', (t) => {
  assert.ok(hasPermissions(join(plantTree(t, ['a']), 'a'), {}))
})

test('a file that is not there is an error that names it', (t) => {
  const path = join(plantTree(t, []), 'a')
  const expected = failure('not-found', `${path}: no such file or directory`)
  assert.throws(() => hasPermissions(path, { mode: 0o640 }), expected)
  assert.throws(() => {
    setPermissions(path, { mode: 0o640 })
  }, expected)
})
