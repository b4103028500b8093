import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import type { BencodeValue } from '../../../src/metainfo/bencode/value.js'
import { assertRefused } from '../refusal.js'

function encode(value: BencodeValue): string {
  return Buffer.from(encodeBencode(value)).toString('latin1')
}

test('every kind of value is encoded', () => {
  const dict = new Map<string, BencodeValue>([
    ['a', [1, -2n, Buffer.from('xyz')]],
    ['b', new Map()],
    ['c', []],
  ])
  assert.equal(encode(dict), 'd1:ali1ei-2e3:xyze1:bde1:clee')
})

test('keys are sorted by their bytes, and an empty one comes first', () => {
  const dict = new Map<string, BencodeValue>(
    ['b', '\xff', '', 'a', 'B', 'aa'].map((key) => [key, 1]),
  )
  assert.equal(encode(dict), 'd0:i1e1:Bi1e1:ai1e2:aai1e1:bi1e1:\xffi1ee')
})

test('integers of 64 bits are exact, and minus zero is zero', () => {
  assert.equal(encode(-(2n ** 63n)), 'i-9223372036854775808e')
  assert.equal(encode(2n ** 63n - 1n), 'i9223372036854775807e')
  assert.equal(encode(2 ** 53 - 1), 'i9007199254740991e')
  assert.equal(encode(-0), 'i0e')
  assert.equal(encodeBencode(0).buffer.byteLength, 3)
})

test('large strings and long keys are copied whole', () => {
  const large = Buffer.alloc(1_000_000, 'x')
  const key = 'k\xe9'.repeat(5000)
  assert.equal(encode(new Map([[key, large]])), `d10000:${key}1000000:${'x'.repeat(1_000_000)}e`)
})

test('what bencode can not hold is refused', () => {
  for (const [value, why] of [
    [1.5, '1.5: not an exact integer'],
    [Number.NaN, 'NaN: not an exact integer'],
    [2 ** 53, '9007199254740992: not an exact integer'],
    [2n ** 63n, '9223372036854775808: an integer beyond 64 bits'],
    [-(2n ** 63n) - 1n, '-9223372036854775809: an integer beyond 64 bits'],
    [new Map([['€', 1]]), '"€": has characters that are not bytes'],
  ] as const)
    assertRefused(() => encode(value), 'bencode', why)
})
