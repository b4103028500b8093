import assert from 'node:assert/strict'
import { linkSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fingerprintOf, readFingerprint, sameFingerprint } from '../../src/files/fingerprint.js'
import { plantTree } from './temporary-directory.js'

test('a fingerprint holds what stat says, times in nanoseconds', (t) => {
  const path = join(plantTree(t, ['a.iso']), 'a.iso')
  const stats = statSync(path, { bigint: true })
  assert.deepEqual(fingerprintOf(stats), {
    size: 5,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    inode: stats.ino,
    device: stats.dev,
  })
  assert.equal(stats.mtimeNs / 1_000_000_000n, BigInt(Math.floor(statSync(path).mtimeMs / 1000)))
})

test('an untouched file keeps its fingerprint, through a hard link and a symbolic one too', (t) => {
  const root = plantTree(t, ['a'])
  linkSync(join(root, 'a'), join(root, 'hard'))
  const before = readFingerprint(join(root, 'a'))
  symlinkSync('a', join(root, 'soft'))
  for (const name of ['a', 'hard', 'soft']) {
    assert.ok(sameFingerprint(before, readFingerprint(join(root, name))), name)
  }
})
