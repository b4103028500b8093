import assert from 'node:assert/strict'
import { chmodSync, renameSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeFingerprint, readFingerprintIfThere } from '../../../src/files/fingerprint.js'
import { hasPermissions, setPermissions } from '../../../src/files/write/permissions.js'
import { failure, unlessWindows } from '../failure.js'
import { plantTree } from '../temporary-directory.js'

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

function stateOf(path: string): Uint8Array {
  const fingerprint = readFingerprintIfThere(path)
  assert.ok(fingerprint)
  return encodeFingerprint(fingerprint)
}
