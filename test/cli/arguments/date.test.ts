import assert from 'node:assert/strict'
import { test } from 'node:test'
import { creationDate, moment } from '../../../src/cli/arguments/date.js'

const INVALID = { code: 'commander.invalidArgument' }

// Seconds by `date -u -d DATE +%s` of GNU coreutils
for (const [text, seconds] of [
  ['0', 0],
  ['1700000000', 1_700_000_000],
  ['8640000000000', 8_640_000_000_000],
  ['2026-11-20', 1_795_132_800],
  ['1970-01-01', 0],
  ['2024-02-29', 1_709_164_800],
  ['2026-11-20T12:00', 1_795_176_000],
  ['2026-11-20T12:00:00', 1_795_176_000],
  ['2026-11-20T12:00:00Z', 1_795_176_000],
  ['2026-11-20 12:00:00', 1_795_176_000],
  ['2026-11-20t12:00:00.9z', 1_795_176_000],
  ['2026-11-20T12:00:00+01:00', 1_795_172_400],
  ['2026-11-20T12:00:00-0530', 1_795_195_800],
  ['now', 'now'],
] as const) {
  test(`the date ${text} is ${seconds}`, () => {
    assert.equal(moment(text), seconds)
    assert.equal(creationDate(text), seconds)
  })
}

for (const text of [
  '',
  'yesterday',
  '-1',
  '1.5',
  '8640000000001',
  '2026-13-01',
  '2026-02-30',
  '2026-11-20T24:01',
  '2026-11-20T12',
  '2026-11-20Z',
  '1969-12-31',
  '20.11.2026',
]) {
  test(`'${text}' is no date`, () => {
    assert.throws(() => moment(text), INVALID)
    assert.throws(() => creationDate(text), INVALID)
  })
}

test('mtime is a date for commands that read files', () => {
  assert.equal(creationDate('mtime'), 'mtime')
  assert.throws(() => moment('mtime'), INVALID)
})
