import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadNative } from '../../../src/base/native-addon.js'

const rc4 = loadNative<{ rc4: (state: Uint8Array, from: Buffer, to: Buffer) => void }>('rc4')?.rc4

/** The stream of the key 0102030405 at 1024 (RFC 6229). */
const AT_1024 = '30abbcc7c20b01609f23ee2d5f6bb7df'

test('the addon enciphers as RFC 6229 says', { skip: !rc4 && 'there is no addon' }, () => {
  const state = Uint8Array.from({ length: 258 }, (_, n) => (n < 256 ? n : 0))
  for (let n = 0, m = 0; n < 256; n++) {
    m = (m + state[n]! + (n % 5) + 1) & 0xff
    ;[state[n], state[m]] = [state[m]!, state[n]!]
  }
  const zeros = Buffer.alloc(1040)
  for (const [from, to] of [
    [0, 700],
    [700, 1040],
  ])
    rc4?.(state, zeros.subarray(from, to), zeros.subarray(from, to))
  assert.equal(zeros.toString('hex', 1024), AT_1024)
  for (const [box, from] of [
    [state.subarray(1), zeros],
    [state, zeros.subarray(1)],
    [state, 'text' as unknown as Buffer],
  ] as const)
    assert.throws(() => rc4?.(box, from, zeros), TypeError)
})
