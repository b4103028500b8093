import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  chooseTrackers,
  type ChosenTrackers,
  type TrackerOptions,
} from '../../../src/cli/arguments/tracker-options.js'
import { failure } from '../../files/failure.js'

const [A, B, C] = ['http://a/', 'http://b/', 'http://c/']
const NONE: TrackerOptions = {
  announce: [],
  trackerless: false,
  node: [],
  webSeed: [],
  webSeedBase: [],
  httpSeed: [],
}

function choose(
  operand: string | readonly string[][] | null,
  options: Partial<TrackerOptions>,
): ChosenTrackers {
  const tiers = typeof operand === 'string' ? [[operand]] : operand
  return chooseTrackers(tiers, { ...NONE, ...options })
}

for (const [what, operand, options, announce, announceList] of [
  ['an argument', A, {}, A, []],
  ['an argument of two tiers', [[A], [B, C]] as string[][], {}, A, [[A], [B, C]]],
  ['one -a', null, { announce: [[A]] }, A, []],
  ['one -a with two', null, { announce: [[A, B]] }, A, [[A, B]]],
  ['two -a', null, { announce: [[A], [B, C]] }, A, [[A], [B, C]]],
  ['a list alone', null, { announceList: [[B], [A]] }, B, [[B], [A]]],
  ['an argument and a list', A, { announceList: [[B], [A]] }, A, [[B], [A]]],
  ['one -a and a list', null, { announce: [[A]], announceList: [[B]] }, A, [[B]]],
  ['none by request', null, { trackerless: true }, null, []],
  ['a node', null, { node: [{ host: 'h', port: 1 }] }, null, []],
  ['a web seed', null, { webSeed: [A] }, null, []],
  ['an HTTP seed', null, { httpSeed: [A] }, null, []],
  ['none by request beside a web seed', null, { trackerless: true, webSeed: [A] }, null, []],
] as const) {
  test(`trackers by ${what}`, () => {
    assert.deepEqual(choose(operand, options), { announce, announceList })
  })
}

for (const [what, operand, options, message] of [
  ['an argument and -a', A, { announce: [[B]] }, `${A}: give the tracker either`],
  [
    'a list twice',
    [[A], [B]] as string[][],
    { announceList: [[A]] },
    '--announce-list and several trackers',
  ],
  ['an argument and none by request', A, { trackerless: true }, '--trackerless and '],
  ['a list and none by request', null, { trackerless: true, announceList: [[A]] }, '--trackerless'],
  ['two -a and a list', null, { announce: [[A], [B]], announceList: [[A]] }, '--announce-list and'],
  ['nothing at all', null, {}, 'no tracker; give its URL, '],
] as const) {
  test(`trackers by ${what} are refused`, () => {
    assert.throws(
      () => choose(operand, options),
      (error: Error) => {
        assert.ok(error.message.startsWith(message), error.message)
        return failure('usage', error.message)(error)
      },
    )
  })
}
