import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sortOperands } from '../../../src/cli/arguments/operands.js'
import { failure } from '../../files/failure.js'

const T = 'http://t.example/announce'

for (const operands of [
  [T, 'a', 'b'],
  ['a', T, 'b'],
  ['a', 'b', T],
]) {
  test(`the tracker may stand ${['first', 'in the middle', 'last'][operands.indexOf(T)]!}`, () => {
    assert.deepEqual(sortOperands(operands), { tiers: [[T]], sources: ['a', 'b'] })
  })
}

for (const [operand, tiers] of [
  [`${T},udp://b:1`, [[T, 'udp://b:1']]],
  [`${T}|udp://b:1,udp://c:1`, [[T], ['udp://b:1', 'udp://c:1']]],
  [`${T}, udp://b:1 | udp://c:1`, [[T, 'udp://b:1'], ['udp://c:1']]],
  [`${T}?a=1,2`, [[`${T}?a=1,2`]]],
] as const) {
  test(`the tracker may be a list: ${operand}`, () => {
    assert.deepEqual(sortOperands(['a', operand]), { tiers, sources: ['a'] })
  })
}

test('without a URL there is no tracker', () => {
  assert.deepEqual(sortOperands(['a']), { tiers: null, sources: ['a'] })
})

for (const [operands, message] of [
  [[T], 'no file or directory given; name at least one'],
  [[T, 'a', 'udp://u'], 'udp://u: only one tracker can be an argument; give each with -a'],
  [
    ['a', 'http:/t.example/announce'],
    'http:/t.example/announce: no such file; a tracker begins with http:// or udp://, as in http://t.example/announce',
  ],
  [
    ['a', 'udp:t.example:69'],
    'udp:t.example:69: no such file; a tracker begins with http:// or udp://, as in udp://t.example:69',
  ],
  [['a', `${T}|udp:/b`], "tracker 'udp:/b': not an http, https, udp, ws or wss URL"],
  [['a', `${T}|`], "tracker '': not an http, https, udp, ws or wss URL"],
  [['a', 'htp://t'], "tracker 'htp://t': not an http, https, udp, ws or wss URL"],
] as const) {
  test(`${operands.join(' ')}: ${message}`, () => {
    assert.throws(() => sortOperands(operands), failure('usage', message))
  })
}
