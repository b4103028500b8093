import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ByteRange,
  requestedRanges,
  checkConditions,
} from '../../../src/server/headers/conditional.js'

const MODIFIED = 'Tue, 14 Nov 2023 22:13:20 GMT'
const VALIDATORS = { etag: '"tag"', lastModified: MODIFIED }

const ask = (range: string | undefined, size = 100, ifRange?: string) => {
  const headers = { ...(range !== undefined && { range }), ...(ifRange && { 'if-range': ifRange }) }
  const ranges = requestedRanges(headers, { size, validators: VALIDATORS })
  return Array.isArray(ranges) && ranges.length === 1 ? (ranges[0] as ByteRange) : ranges
}

test('positions beyond all numbers are after the end', () => {
  for (const huge of ['9007199254740993', '9223372036854775807', '9'.repeat(40)]) {
    assert.deepEqual(ask(`bytes=90-${huge}`), { start: 90, end: 100 })
    assert.equal(ask(`bytes=${huge}-`), null)
    assert.deepEqual(ask(`bytes=-${huge}`), { start: 0, end: 100 })
  }
})

test('a weak tag, and a date of this second, do not prove that a part is of the same file', () => {
  const range = { range: 'bytes=1-2' }
  const ask = (condition: string, validators: object) => {
    const own = { etag: '"tag"', lastModified: MODIFIED, ...validators }
    const ranges = requestedRanges(
      { ...range, 'if-range': condition },
      { size: 100, validators: own },
    )
    return Array.isArray(ranges) ? (ranges[0] as ByteRange) : ranges
  }
  assert.equal(ask('W/"tag"', { etag: 'W/"tag"' }), 'whole')
  assert.equal(ask(MODIFIED, { isDateWeak: true }), 'whole')
  assert.deepEqual(ask(MODIFIED, { etag: 'W/"tag"' }), { start: 1, end: 3 })
})

/** The date in the obsolete forms of RFC 9110, section 5.6.7. */
const OLD_FORMS = ['Tuesday, 14-Nov-23 22:13:20 GMT', 'Tue Nov 14 22:13:20 2023']

test('dates count in the forms of old clients, too', () => {
  for (const date of OLD_FORMS) {
    assert.equal(checkConditions({ 'if-modified-since': date }, VALIDATORS), 'unmodified', date)
    assert.equal(checkConditions({ 'if-unmodified-since': date }, VALIDATORS), 'met', date)
    assert.deepEqual(ask('bytes=1-2', 100, date), { start: 1, end: 3 })
  }
  const earlier = 'Tuesday, 14-Nov-23 22:13:19 GMT'
  assert.equal(checkConditions({ 'if-modified-since': earlier }, VALIDATORS), 'met')
})

test('sizes beyond 4 GiB are counted to the byte, and the unit may be in capitals', () => {
  const size = 2 ** 40
  assert.deepEqual(ask(`Bytes=${size - 1}-`, size), { start: size - 1, end: size })
})

/** Several ranges, as in a Range field. */
const joined = (range: string) => {
  const ranges = ask(range)
  const list = Array.isArray(ranges) ? (ranges as ByteRange[]) : [ranges as ByteRange]
  return list.map(({ start, end }) => `${start}-${end - 1}`).join()
}

test('several ranges stay in their order, without those after the end', () => {
  assert.equal(joined('bytes=20-29, 0-9'), '20-29,0-9')
  assert.equal(joined('bytes=0-0,-1,2-3'), '0-0,99-99,2-3')
  assert.equal(joined('bytes=500-,90-,200-300,1-1'), '90-99,1-1')
  assert.equal(joined('bytes=0-9,'), '0-9')
  assert.equal(ask('bytes=100-,200-300,-0'), null)
})

test('ranges that touch or overlap are one, in the place of the first', () => {
  assert.equal(joined('bytes=0-9,10-19'), '0-19')
  assert.equal(joined('bytes=50-59,0-9,5-15,10-20'), '50-59,0-20')
  assert.equal(joined('bytes=0-9,20-29,80-89,10-19'), '0-29,80-89')
  assert.equal(joined('bytes=5-5,5-5,5-5'), '5-5')
  assert.equal(joined('bytes=0-,0-,0-'), '0-99')
  assert.equal(joined('bytes=0-9,11-19'), '0-9,11-19')
})

const [EARLIER, LATER] = ['Tue, 14 Nov 2023 22:13:19 GMT', 'Tue, 14 Nov 2023 22:13:21 GMT']

test('conditions that must hold come first, tags before dates, and an older file is another', () => {
  for (const [headers, verdict] of [
    [{ 'if-modified-since': LATER }, 'met'],
    [{ 'if-none-match': '"other"', 'if-modified-since': MODIFIED }, 'met'],
    [{ 'if-none-match': '"tag"', 'if-modified-since': EARLIER }, 'unmodified'],
    [{ 'if-unmodified-since': EARLIER }, 'failed'],
    [{ 'if-unmodified-since': MODIFIED }, 'met'],
    [{ 'if-unmodified-since': LATER }, 'met'],
    [{ 'if-unmodified-since': 'yesterday' }, 'met'],
    [{ 'if-unmodified-since': '' }, 'met'],
    [{ 'if-match': '"other"', 'if-none-match': '"tag"' }, 'failed'],
    [{ 'if-match': '"tag"', 'if-none-match': '"tag"' }, 'unmodified'],
    [{ 'if-match': '"tag"', 'if-unmodified-since': EARLIER }, 'met'],
  ] as const) {
    assert.equal(checkConditions(headers, VALIDATORS), verdict, JSON.stringify(headers))
  }
})

test('a date that another state may have does not count', () => {
  const validators = { etag: '"tag"', lastModified: null }
  for (const field of ['if-modified-since', 'if-unmodified-since']) {
    assert.equal(checkConditions({ [field]: MODIFIED }, validators), 'met')
  }
})

test('a weak tag proves the same page, but not the same bytes', () => {
  const weak = { etag: 'W/"tag"', lastModified: null }
  for (const tags of ['W/"tag"', '"tag"', '*']) {
    assert.equal(checkConditions({ 'if-none-match': tags }, weak), 'unmodified', tags)
    assert.equal(checkConditions({ 'if-match': tags }, weak), tags === '*' ? 'met' : 'failed')
  }
})
