import assert from 'node:assert/strict'
import { chmodSync, renameSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeFingerprint, readFingerprintIfThere } from '../../../src/files/fingerprint.js'
import { hasPermissions, setPermissions } from '../../../src/files/write/permissions.js'
import { failure, unlessWindows } from '../failure.js'
import { plantTree } from '../temporary-directory.js'

test('a file has the mode that it was given', unlessWindows, (t) => {
  const path = join(plantTree(t, ['a']), 'a')
  chmodSync(path, 0o600)
  assert.ok(!hasPermissions(path, { mode: 0o640 }))
  setPermissions(path, { mode: 0o640 }, stateOf(path))
  assert.ok(hasPermissions(path, { mode: 0o640 }))
  assert.equal(statSync(path).mode & 0o777, 0o640)
})

test('the file at a link of ours has the mode that it was given', unlessWindows, (t) => {
  const root = plantTree(t, ['a'])
  const link = join(root, 'link')
  symlinkSync('a', link)
  setPermissions(link, { mode: 0o640 }, stateOf(link))
  assert.equal(statSync(join(root, 'a')).mode & 0o777, 0o640)
})

test('what took the place of a file meanwhile keeps its mode', unlessWindows, (t) => {
  const root = plantTree(t, ['a', 'secret'])
  const [path, secret] = [join(root, 'a'), join(root, 'secret')]
  chmodSync(secret, 0o600)
  const before = stateOf(path)
  const set = () => {
    setPermissions(path, { mode: 0o644 }, before)
  }
  const why = 'changed meanwhile, so its permissions stay; run the command again'
  renameSync(path, `${path}.old`)
  symlinkSync('secret', path)
  assert.throws(set, failure('changed', `${path}: ${why}`))
  renameSync(secret, path)
  assert.throws(set, failure('changed', `${path}: ${why}`))
  assert.equal(statSync(path).mode & 0o777, 0o600)
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
    setPermissions(path, { mode: 0o640 }, new Uint8Array(0))
  }, expected)
})

function stateOf(path: string): Uint8Array {
  const fingerprint = readFingerprintIfThere(path)
  assert.ok(fingerprint)
  return encodeFingerprint(fingerprint)
}
