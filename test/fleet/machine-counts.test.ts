import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countOf } from '../../src/fleet/machine-counts.js'

test('a count is an integer of 32 bits, and 0 if there is none', () => {
  assert.equal(countOf({ one: '7' }, 'one'), 7)
  assert.equal(countOf({ one: '4294967295' }, 'one'), 4_294_967_295)
  assert.equal(countOf({ one: '7' }, 'two'), 0)
  assert.equal(countOf({}, 'toString'), 0)
  assert.equal(countOf(null, 'one'), 0)
  for (const text of ['4294967296', '-1', '1e400', '1.5', ' 1', '0x1', 'text', '']) {
    assert.equal(countOf({ one: text }, 'one'), null, text)
  }
})
