import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRacy } from '../../../src/disk/cache/trust.js'
import { isSameFile } from '../../../src/disk/cache/trust.js'
import { encodeFingerprint } from '../../../src/disk/file-lists/fingerprint.js'
import type { Fingerprint } from '../../../src/disk/file-lists/fingerprint.js'

const SECOND = 1_000_000_000n
const NOW_MS = 1_700_000_000_000
const NOW = BigInt(NOW_MS) * 1_000_000n

const FILE: Fingerprint = {
  size: 5,
  mtimeNs: NOW - 100n * SECOND,
  ctimeNs: NOW - 100n * SECOND,
  inode: 2n ** 64n - 1n,
  device: 77n,
}

/** A change of each part of a fingerprint, and whether mtime and size alone would tell. */
const CHANGES: readonly (readonly [change: Partial<Fingerprint>, inMtime: boolean])[] = [
  [{ size: 6 }, true],
  [{ mtimeNs: FILE.mtimeNs + 1n }, true],
  [{ mtimeNs: -5n * SECOND }, true],
  [{ ctimeNs: FILE.ctimeNs + 1n }, false],
  [{ inode: 3n }, false],
]

for (const [change, inMtime] of CHANGES) {
  test(`another ${Object.keys(change).join()} is another file${inMtime ? ' always' : ''}`, () => {
    const [a, b] = [encodeFingerprint(FILE), encodeFingerprint({ ...FILE, ...change })]
    assert.equal(isSameFile(a, b, 'full'), false)
    assert.equal(isSameFile(a, b, 'mtime'), !inMtime)
  })
}

test('a device that has another number after a mount has the same files', () => {
  const [a, b] = [encodeFingerprint(FILE), encodeFingerprint({ ...FILE, device: 78n })]
  assert.ok(isSameFile(a, b, 'full'))
})

test('the same fingerprint is the same file, and a cut one is not', () => {
  for (const trust of ['full', 'mtime'] as const) {
    assert.ok(isSameFile(encodeFingerprint(FILE), encodeFingerprint({ ...FILE }), trust))
    assert.ok(!isSameFile(encodeFingerprint(FILE), encodeFingerprint(FILE).subarray(0, 39), trust))
  }
})

test('a file is unsettled until it has been left alone for two seconds', () => {
  const at = (ageNs: bigint): Fingerprint => ({ ...FILE, mtimeNs: NOW - ageNs })
  assert.equal(isRacy(at(2n * SECOND), NOW_MS, 'full'), false)
  assert.equal(isRacy(at(2n * SECOND - 1n), NOW_MS, 'full'), true)
  assert.equal(isRacy(at(0n), NOW_MS, 'full'), true)
  assert.equal(isRacy(at(-59n * SECOND), NOW_MS, 'full'), true)
})

test('a file dated ahead is settled once it has been left alone', () => {
  const ahead = { ...FILE, mtimeNs: NOW + 9n * 3600n * SECOND }
  for (const trust of ['full', 'mtime'] as const) assert.equal(isRacy(ahead, NOW_MS, trust), false)
  assert.equal(isRacy({ ...ahead, ctimeNs: NOW }, NOW_MS, 'full'), true)
  // The clock was wrong when it was written
  assert.equal(isRacy({ ...ahead, ctimeNs: ahead.mtimeNs }, NOW_MS, 'full'), false)
})

test('a late ctime is a sign too, unless mtime alone is trusted', () => {
  const file = { ...FILE, ctimeNs: NOW }
  assert.equal(isRacy(file, NOW_MS, 'full'), true)
  assert.equal(isRacy(file, NOW_MS, 'mtime'), false)
})
