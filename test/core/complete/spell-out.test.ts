import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spellOut } from '../../../src/core/complete/input-snapshot.js'
import { fc } from '../../support/random.js'

test('values that differ are spelled differently, of whatever types they are', () => {
  const values = [
    ...[undefined, null, true, 0, -0, NaN, 1, 1n, '1', 'null', '', [], {}, new Map()],
    ...[[undefined], [null], [[]], ['a,b'], ['a', 'b'], [['a'], 'b'], { a: undefined }, { a: 1 }],
    ...[{ a: '1' }, { 'a:1': 1 }, [['a', 1]], new Map([['a', 1]]), new Map([['a', 1n]])],
    ...[Buffer.of(1), Buffer.of(1, 0), [1], '<01>', '\ud800', '\ufffd'],
  ]
  assert.equal(new Set(values.map(spellOut)).size, values.length)
})

test('the order of keys makes no difference', () => {
  assert.equal(spellOut({ b: 1, a: { d: 2, c: 3 } }), spellOut({ a: { c: 3, d: 2 }, b: 1 }))
})

test('JSON that differs is spelled differently, and the same JSON alike', () => {
  const json = fc.jsonValue()
  const check = (a: unknown, b: unknown) => {
    assert.equal(spellOut(structuredClone(a)), spellOut(a))
    const isSame = Object.is(a, b) || isDeepEqual(a, b)
    assert.equal(spellOut(a) === spellOut(b), isSame)
  }
  fc.assert(fc.property(json, json, check))
})

function isDeepEqual(a: unknown, b: unknown): boolean {
  try {
    assert.deepStrictEqual(a, b)
    return true
  } catch {
    return false
  }
}

for (const [what, value] of [
  ['a function', () => 1],
  ['a symbol', Symbol('x')],
  ['a date', new Date(0)],
  ['a Set', new Set([1])],
  ['a pattern', /x/],
  [
    'an object of a class',
    new (class Option {
      it = 1
    })(),
  ],
] as const) {
  test(`${what} is refused, as deep as it may be`, () => {
    assert.throws(() => spellOut({ options: [{ it: value }] }), TypeError)
  })
}
