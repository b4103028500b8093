import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_VALUES } from '../../../src/metainfo/bencode/check.js'
import { readBencode } from '../../../src/metainfo/bencode/read.js'
import { MAX_WARNINGS_OF_A_KIND } from '../../../src/metainfo/warning.js'
import { longTest, quickFirst } from '../../support/long.js'
import { assertRefused } from '../refusal.js'

const LIMITS = { maxSize: 64 * 1024 * 1024, maxDepth: 100 }

function read(text: string) {
  return readBencode(Buffer.from(text, 'latin1'), LIMITS)
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

test('integers, strings, lists and dictionaries are read', () => {
  const { value, warnings } = read('d1:ali1e0:le2:xye1:bd1:ci-3eee')
  const inner = new Map([['c', -3]])
  const list = [1, bytes(''), [], bytes('xy')]
  assert.deepEqual(value, new Map<string, unknown>([['a', list]]).set('b', inner))
  assert.deepEqual(warnings, [])
})

test('integers of 64 bits are exact', () => {
  const { value } = read('li9007199254740991ei9007199254740992ei-9223372036854775808ee')
  assert.deepEqual(value, [9007199254740991, 9007199254740992n, -9223372036854775808n])
})

test('keys are kept byte for byte, whatever JavaScript or Unicode thinks of them', () => {
  const { value, warnings } = read('d9:__proto__1:a2:\xc3\xa91:b1:\xff1:ce')
  assert.deepEqual([...(value as Map<string, unknown>).keys()], ['__proto__', '\xc3\xa9', '\xff'])
  assert.deepEqual(warnings, [])
})

test('a long key and a repeated key are read as well', () => {
  const long = 'k'.repeat(100)
  const { value } = read(`ld1:ai1eed1:ai2eed100:${long}i3eee`)
  assert.deepEqual(value, [new Map([['a', 1]]), new Map([['a', 2]]), new Map([[long, 3]])])
})

test('the span of each top-level entry is told, also in a view that starts late', () => {
  const data = Buffer.from('xxxd1:a3:abc2:bbli1eee').subarray(3)
  const { spans } = readBencode(data, LIMITS)
  assert.deepEqual(
    [...spans],
    [
      ['a', { keyStart: 1, start: 4, end: 9 }],
      ['bb', { keyStart: 9, start: 13, end: 18 }],
    ],
  )
  assert.equal(data.subarray(13, 18).toString(), 'li1ee')
})

const REFUSED: [data: string, message: string][] = [
  ['', 'offset 0: cut off after 0 bytes; get it again'],
  ['x', 'offset 0: not a value'],
  ['-1:a', 'offset 0: not a value'],
  ['e', 'offset 0: not a value'],
  ['9999:x', 'offset 0: cut off after 6 of at least 10004 bytes; get it again'],
  ['l3:ab', 'offset 1: cut off after 5 of at least 6 bytes; get it again'],
  ['3', 'offset 0: cut off after 1 byte; get it again'],
  ['1', 'offset 0: cut off after 1 byte; get it again'],
  ['03:abc', 'offset 0: string length with a leading zero'],
  ['00:', 'offset 0: string length with a leading zero'],
  ['1x:a', 'offset 1: not a digit of a string length'],
  ['li1e', 'offset 4: cut off after 4 bytes; get it again'],
  ['d1:ai1e', 'offset 7: cut off after 7 bytes; get it again'],
  ['i1ei2e', 'offset 3: 3 more bytes after the end'],
  ['le \ne', 'offset 2: 3 more bytes after the end'],
  ['i-0e', 'offset 0: integer that is minus zero'],
  ['i03e', 'offset 0: integer with a leading zero'],
  ['i-03e', 'offset 0: integer with a leading zero'],
  ['i00e', 'offset 0: integer with a leading zero'],
  ['ie', 'offset 0: integer without digits'],
  ['i-e', 'offset 0: integer without digits'],
  ['i+1e', 'offset 1: not a digit of an integer'],
  ['i 1e', 'offset 1: not a digit of an integer'],
  ['i1.5e', 'offset 2: not a digit of an integer'],
  ['i1', 'offset 0: cut off after 2 bytes; get it again'],
  ['i--1e', 'offset 2: not a digit of an integer'],
  ['i9223372036854775808e', 'offset 0: integer beyond 64 bits'],
  ['i-9223372036854775809e', 'offset 0: integer beyond 64 bits'],
  ['i10000000000000000000e', 'offset 0: integer beyond 64 bits'],
  ['di1ei2ee', 'offset 1: dictionary key that is not a string'],
  ['dlei2ee', 'offset 1: dictionary key that is not a string'],
  ['d1:ae', 'offset 4: dictionary key without a value'],
  ['d1:ai1e1:ai2ee', 'offset 7: dictionary key "a" a second time'],
  ['d1:bi1e1:ai2e1:bi3ee', 'offset 13: dictionary key "b" a second time'],
  ['d1:\x1bi1e1:\x1bi2ee', 'offset 7: dictionary key "\\x1b" a second time'],
]

for (const [data, message] of REFUSED) {
  test(`${JSON.stringify(data)} is refused`, () => {
    assertRefused(() => read(data), 'bencode', message)
  })
}

test('white space after the end is only warned of', () => {
  const { value, warnings } = read('i1e\r\n \t')
  assert.equal(value, 1)
  assert.deepEqual(warnings, [
    { code: 'trailing-space', message: 'offset 3: white space after the end' },
  ])
})

test('unsorted keys are warned of once a dictionary', () => {
  const { value, warnings } = read('ld1:ci1e1:bi2e1:ai3eee')
  assert.deepEqual(value, [new Map(['c', 'b', 'a'].map((key, at) => [key, at + 1]))])
  assert.deepEqual(warnings, [
    {
      code: 'unsorted-keys',
      message: 'offset 1: dictionary with unsorted keys, first "b" at 8',
    },
  ])
})

longTest('a million unsorted dictionaries do not make a million warnings', () => {
  const { warnings } = read(`l${'d1:b0:1:a0:e'.repeat(100_000)}e`)
  assert.equal(warnings.length, MAX_WARNINGS_OF_A_KIND + 1)
  assert.match(warnings.at(-1)?.message ?? '', /^and 99950 more/)
})

test('keys are sorted by their bytes, not by UTF-16 units', () => {
  const keys = ['\u{ff5e}', '\u{1f600}'].map((key) => Buffer.from(key))
  const entries = keys.map((key) =>
    Buffer.concat([Buffer.from(`${key.length}:`), key, Buffer.from('0:')]),
  )
  const data = Buffer.concat([Buffer.from('d'), ...entries, Buffer.from('e')])
  assert.deepEqual(readBencode(data, LIMITS).warnings, [])
})

test('nesting is allowed to the limit and not beyond', () => {
  read('l'.repeat(100) + 'e'.repeat(100))
  assertRefused(
    () => read('l'.repeat(101) + 'e'.repeat(101)),
    'bencode',
    'offset 100: nested deeper than 100',
  )
  assertRefused(() => read('d1:a'.repeat(101)), 'bencode', 'offset 400: nested deeper than 100')
})

longTest('data is allowed to the size limit and not beyond', () => {
  const limits = { maxSize: 3, maxDepth: 100 }
  assert.equal(readBencode(Buffer.from('i1e'), limits).value, 1)
  assertRefused(
    () => readBencode(Buffer.from('i12e'), limits),
    'bencode',
    'offset 3: more than the 3 bytes allowed',
  )
})

longTest('a file of nothing but tiny values is refused before it fills the memory', () => {
  const data = Buffer.from(`l${'le'.repeat(MAX_VALUES + 1)}e`)
  assertRefused(
    () => readBencode(data, LIMITS),
    'too-large',
    `offset ${MAX_VALUES * 2 + 1}: more than ${MAX_VALUES} values`,
  )
})

const testFiller = quickFirst()

for (const filler of ['l', 'd', '9', 'i', '0', '-', '1:a']) {
  testFiller(`64 MiB of ${filler} are refused at once`, () => {
    assert.throws(() => readBencode(Buffer.alloc(LIMITS.maxSize, filler), LIMITS))
  })
}

test('a huge integer is refused without being computed', () => {
  const data = Buffer.alloc(LIMITS.maxSize, '9')
  data.write('i')
  assertRefused(() => readBencode(data, LIMITS), 'bencode', 'offset 0: integer beyond 64 bits')
})
