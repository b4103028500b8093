import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BencodeValue } from '../../../src/metainfo/bencode/value.js'
import {
  requireDict,
  requireLength,
  requireList,
  requireString,
  type What,
} from '../../../src/metainfo/parse/require-field.js'
import { assertRefused } from '../refusal.js'

const what = () => 'info.x'
const SAMPLES: Record<string, BencodeValue> = {
  dictionary: new Map(),
  list: [],
  string: new Uint8Array(1),
  integer: 3,
}

const READERS: [kind: string, read: (value: BencodeValue | undefined, what: What) => unknown][] = [
  ['dictionary', requireDict],
  ['list', requireList],
  ['string', requireString],
  ['integer', requireLength],
]

for (const [kind, read] of READERS) {
  test(`where a ${kind} must stand, nothing else may`, () => {
    assertRefused(() => read(undefined, what), 'metainfo', 'info.x: is missing')
    for (const [name, value] of Object.entries(SAMPLES)) {
      if (name === kind) assert.equal(read(value, what), value)
      else {
        const article = kind === 'integer' ? 'an' : 'a'
        assertRefused(() => read(value, what), 'metainfo', `info.x: is not ${article} ${kind}`)
      }
    }
  })
}

test('a length is from 0 to 2^53 - 1', () => {
  assert.equal(requireLength(0, what), 0)
  assert.equal(requireLength(2 ** 53 - 1, what), 2 ** 53 - 1)
  assertRefused(() => requireLength(-1, what), 'metainfo', 'info.x: is negative')
  assertRefused(() => requireLength(-(2n ** 60n), what), 'metainfo', 'info.x: is negative')
  assertRefused(() => requireLength(2n ** 53n, what), 'metainfo', 'info.x: is too large')
})
