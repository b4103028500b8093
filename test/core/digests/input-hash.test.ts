import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { InputHash } from '../../../src/core/digests/info.js'
import { encodeFingerprint } from '../../../src/files/fingerprint.js'
import { trustedPart, type CacheTrust } from '../../../src/core/digests/cache-trust.js'

const FINGERPRINT = {
  size: 2 ** 40 + 5,
  mtimeNs: 1_700_000_000_123_456_789n,
  ctimeNs: -1n,
  inode: 2n ** 64n - 1n,
  device: 25n,
}

/** Around the length from which on a text is hashed by itself, and beyond. */
const TEXTS = ['', 'a', 'ü€😀', 'x'.repeat(21_845), 'x'.repeat(21_846), '€'.repeat(100_000)]

for (const trust of ['full', 'mtime'] as CacheTrust[]) {
  test(`texts and stamps are hashed as if they were one: trust ${trust}`, () => {
    const hash = new InputHash()
    const expected = createHash('sha256')
    for (let round = 0; round < 500; round++) {
      // Each long text once in a while, at ever other places of the buffer
      const text = TEXTS[round % 50 < TEXTS.length ? round % 50 : 1] ?? ''
      hash.text(text)
      hash.fingerprint(FINGERPRINT, trust)
      expected.update(text).update(trustedPart(encodeFingerprint(FINGERPRINT), trust))
    }
    assert.deepEqual(Buffer.from(hash.digest()), expected.digest())
  })
}

test('a stamp is five numbers of 64 bits, the least byte first', () => {
  const fingerprint = Buffer.from(encodeFingerprint(FINGERPRINT))
  const { size, mtimeNs, ctimeNs, inode, device } = FINGERPRINT
  assert.equal(fingerprint.readBigUInt64LE(0), BigInt(size))
  assert.equal(fingerprint.readBigInt64LE(8), mtimeNs)
  assert.equal(fingerprint.readBigInt64LE(16), ctimeNs)
  assert.equal(fingerprint.readBigUInt64LE(24), inode)
  assert.equal(fingerprint.readBigUInt64LE(32), device)
})
