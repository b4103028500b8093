import assert from 'node:assert/strict'
import { test } from 'node:test'
import { count, formatBytes, formatDuration } from '../../src/text/quantity.js'

for (const [bytes, text] of [
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [262_144, '256 KiB'],
  [102_399, '100.0 KiB'],
  [1_048_575, '1.0 MiB'],
  [1_048_576, '1 MiB'],
  [150.4 * 2 ** 20, '150 MiB'],
  [2 ** 40, '1 TiB'],
  [2 ** 53, '8 PiB'],
  [2 ** 71, '2048 EiB'],
] as const) {
  test(`${bytes} bytes are ${text}`, () => {
    assert.equal(formatBytes(bytes), text)
  })
}

for (const [seconds, text] of [
  [0, '0:00'],
  [0.2, '0:01'],
  [7, '0:07'],
  [59.5, '1:00'],
  [754, '12:34'],
  [3723, '1:02:03'],
  [360_000, '100:00:00'],
] as const) {
  test(`${seconds} seconds are ${text}`, () => {
    assert.equal(formatDuration(seconds), text)
  })
}

test('one file, two files, no files', () => {
  assert.deepEqual(
    [count(1, 'file'), count(2, 'file'), count(0, 'file')],
    ['1 file', '2 files', '0 files'],
  )
})
