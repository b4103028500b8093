import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestedRange, type ByteRange } from '../../../src/server/answers/conditional.js'

const MODIFIED = 'Tue, 14 Nov 2023 22:13:20 GMT'
const VALIDATORS = { etag: '"tag"', lastModified: MODIFIED }

const ask = (range: string | undefined, size = 100, ifRange?: string) => {
  const headers = { ...(range !== undefined && { range }), ...(ifRange && { 'if-range': ifRange }) }
  const ranges = requestedRange(headers, size, VALIDATORS)
  return Array.isArray(ranges) && ranges.length === 1 ? (ranges[0] as ByteRange) : ranges
}

test('without a range, the whole file is sent', () => {
  assert.equal(ask(undefined), 'whole')
})

test('a range is from its first to its last byte', () => {
  assert.deepEqual(ask('bytes=0-0'), { start: 0, end: 1 })
  assert.deepEqual(ask('bytes=10-19'), { start: 10, end: 20 })
  assert.deepEqual(ask('bytes=99-99'), { start: 99, end: 100 })
})

test('without a last byte, or with one after the end, a range goes to the end', () => {
  assert.deepEqual(ask('bytes=90-'), { start: 90, end: 100 })
  assert.deepEqual(ask('bytes=90-1000'), { start: 90, end: 100 })
  assert.deepEqual(ask('bytes=0-9999999999999999'), { start: 0, end: 100 })
})

test('without a first byte, a range is the last bytes, at most all', () => {
  assert.deepEqual(ask('bytes=-10'), { start: 90, end: 100 })
  assert.deepEqual(ask('bytes=-100'), { start: 0, end: 100 })
  assert.deepEqual(ask('bytes=-5000'), { start: 0, end: 100 })
})

test('a range after the end, or of the last 0 bytes, is empty', () => {
  for (const range of ['bytes=100-', 'bytes=100-200', 'bytes=5000-6000', 'bytes=-0']) {
    assert.equal(ask(range), null, range)
  }
  assert.equal(ask('bytes=0-', 0), null)
  assert.equal(ask('bytes=-1', 0), null)
})

test('malformed ranges are ignored', () => {
  const ranges = [
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'lines=0-5',
    'bytes=5',
    'bytes=--5',
  ]
  for (const range of [
    ...ranges,
    'bytes=9-5',
    'bytes=0-1,x',
    'bytes=0-1,6-5',
    'bytes=,',
    'bytes=0-1;5-6',
    'bytes=+1-2',
    'bytes=1.5-2',
  ]) {
    assert.equal(ask(range), 'whole', range)
  }
})

test('the unit may be in capitals', () => {
  assert.deepEqual(ask('Bytes=1-2'), { start: 1, end: 3 })
})

test('a conditional range counts only if the file is the same', () => {
  assert.deepEqual(ask('bytes=1-2', 100, '"tag"'), { start: 1, end: 3 })
  assert.deepEqual(ask('bytes=1-2', 100, MODIFIED), { start: 1, end: 3 })
  for (const other of ['"other"', 'W/"tag"', 'Tue, 14 Nov 2023 22:13:21 GMT', 'tag', '*']) {
    assert.equal(ask('bytes=1-2', 100, other), 'whole', other)
    assert.equal(ask('bytes=100-', 100, other), 'whole', other)
  }
})

test('sizes beyond 4 GiB are counted to the byte', () => {
  const size = 2 ** 40
  assert.deepEqual(ask(`bytes=${size - 1}-`, size), { start: size - 1, end: size })
})

test('several ranges are ignored', () => {
  assert.equal(ask('bytes=0-9,20-29', 100), 'whole')
  assert.deepEqual(ask('bytes=0-9,', 100), { start: 0, end: 10 })
})
