import assert from 'node:assert/strict'
import { linkSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
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

test('a rewrite that restores size and mtime is told by its ctime', (t) => {
  const path = join(plantTree(t, ['a']), 'a')
  utimesSync(path, 1, 1)
  const before = readFingerprint(path)
  do {
    writeFileSync(path, 'b')
    utimesSync(path, 1, 1)
  } while (readFingerprint(path).ctimeNs === before.ctimeNs)
  const after = readFingerprint(path)
  assert.equal(after.mtimeNs, before.mtimeNs)
  assert.equal(after.size, before.size)
  assert.ok(!sameFingerprint(before, after))
})

test('a difference in any single part is a difference', () => {
  const base = { size: 1, mtimeNs: 2n, ctimeNs: 3n, inode: 4n, device: 5n }
  assert.ok(sameFingerprint(base, { ...base }))
  assert.ok(!sameFingerprint(base, { ...base, size: 0 }))
  assert.ok(!sameFingerprint(base, { ...base, mtimeNs: 0n }))
  assert.ok(!sameFingerprint(base, { ...base, ctimeNs: 0n }))
  assert.ok(!sameFingerprint(base, { ...base, inode: 0n }))
  assert.ok(!sameFingerprint(base, { ...base, device: 0n }))
})
