import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sortByBytes } from '../../src/files/scan/read-names.js'

test('names are sorted by their UTF-8 bytes, astral characters after U+FF5E', () => {
  const sorted = ['Z', 'a', 'a b', 'a-b', 'a.b', 'ab', 'z', 'é', '\uE000', '\uFF5E', '\u{1F600}']
  assert.deepEqual(sortByBytes([...sorted].reverse()), sorted)
})

test('any mixture of characters sorts as its bytes do', () => {
  const parts = [
    '',
    '\0',
    'a',
    '\x7F',
    'é',
    '\uD7FF',
    '\uE000',
    '\uFFFF',
    '\u{10000}',
    '\u{10FFFF}',
  ]
  const names = parts.flatMap((a) => parts.flatMap((b) => parts.map((c) => a + b + c)))
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.deepEqual(sortByBytes([...names].reverse()), byBytes)
})
