import assert from 'node:assert/strict'
import { test } from 'node:test'
import { creationDate, moment } from '../../../src/cli/options/values.js'
import * as read from '../../../src/cli/options/values.js'

const INVALID = { code: 'commander.invalidArgument' }

interface ValueTable {
  readonly read: (text: string) => unknown
  readonly good: readonly (readonly [text: string, value: unknown])[]
  readonly bad: readonly string[]
}

const TABLES: Record<string, ValueTable> = {
  'a whole number': {
    read: read.wholeNumber(1, 256),
    good: [
      ['1', 1],
      ['256', 256],
      ['007', 7],
    ],
    bad: ['', '0', '257', '-1', '1.5', '1e1', '0x10', ' 1', '1 ', 'x', '99999999999999999999'],
  },
  'a power for a piece length': {
    read: read.piecePow2,
    good: [
      ['0', 'auto'],
      ['auto', 'auto'],
      ['14', 16384],
      ['18', 262144],
      ['30', 2 ** 30],
    ],
    bad: ['', '13', '31', '-18', '262144', 'AUTO', '18.0'],
  },
  'a piece length': {
    read: read.pieceLength,
    good: [
      ['auto', 'auto'],
      ['16KiB', 16384],
      ['256k', 262144],
      ['1M', 1048576],
      ['1048576', 1048576],
      ['1GiB', 2 ** 30],
    ],
    bad: ['', '0', '18', '8KiB', '2GiB', '100KiB', '1000000', '-1M', '1.5M'],
  },
  'a size': {
    read: read.byteSize,
    good: [
      ['0', 0],
      ['67108864', 67_108_864],
      ['64M', 67_108_864],
      ['64MiB', 67_108_864],
      ['64MB', 64_000_000],
      ['64kB', 64_000],
      ['1.5K', 1536],
      ['0.5GiB', 2 ** 29],
      ['1k', 1024],
      ['2G', 2 ** 31],
      ['1T', 2 ** 40],
      ['5B', 5],
    ],
    bad: ['', 'M', '-1', '1.5', '1P', '1MM', '999999999999999T', '64 MiB'],
  },
  'a rate': {
    read: read.byteRate,
    good: [
      ['50M', 52_428_800],
      ['50MiB/s', 52_428_800],
    ],
    bad: ['', '0', '50M/m', '/s'],
  },
  // BitTornado's --max_upload_rate is a number of KiB per second
  'a rate of transfers': {
    read: read.transferRate,
    good: [
      ['0', 0],
      ['-1', 0],
      ['10', 10_240],
      ['50M', 52_428_800],
      ['50MiB/s', 52_428_800],
    ],
    bad: ['', '-2', '0.5', '50M/m', '99999999999'],
  },
  'a time': {
    read: read.duration,
    good: [
      ['90', 90_000],
      ['90s', 90_000],
      ['0.5', 500],
      ['.5', 500],
      ['10m', 600_000],
      ['2h', 7_200_000],
      ['30d', 2_592_000_000],
      ['8w', 4_838_400_000],
    ],
    bad: ['', '0', '-1', '1y', '10 m', '1e3', 'd'],
  },
  'a time for a timer': {
    read: read.seconds,
    good: [
      ['25', 25_000],
      ['24d', 2_073_600_000],
    ],
    bad: ['0', '25d', '8w', '999999h'],
  },
  'whole seconds': {
    read: read.wholeSeconds(0, 3600),
    good: [
      ['0', 0],
      ['30m', 1800],
    ],
    bad: ['0.5', '2h', '-1', ''],
  },
  'a command of a shell': {
    read: read.commandLine,
    good: [['true ', 'true ']],
    bad: ['', ' '],
  },
  'a limit in bytes': {
    read: read.sizeLimit,
    good: [
      ['1', 1],
      ['64M', 67_108_864],
    ],
    bad: ['', '0', '00', '0M', '-1'],
  },
}

for (const [what, { read: parse, good, bad }] of Object.entries(TABLES)) {
  for (const [text, value] of good) {
    test(`'${text}' is ${what}`, () => {
      assert.equal(parse(text), value)
    })
  }

  for (const text of bad) {
    test(`'${text}' is not ${what}`, () => {
      assert.throws(() => parse(text), INVALID)
    })
  }
}

test('an option given several times keeps all values in their order', () => {
  assert.deepEqual(read.collect.parse('b', ['a']), ['a', 'b'])
  assert.deepEqual(read.seeds.parse('http://b/', ['http://a/']), ['http://a/', 'http://b/'])
  assert.deepEqual(read.trackerTiers.parse('udp://b', read.trackerTiers.parse('udp://a')), [
    ['udp://a'],
    ['udp://b'],
  ])
  assert.deepEqual(read.dhtNodes.parse('b:2', [{ host: 'a', port: 1 }]), [
    { host: 'a', port: 1 },
    { host: 'b', port: 2 },
  ])
})

test('commas separate trackers, and web seeds if a URL follows the comma', () => {
  assert.deepEqual(read.trackerTiers.parse('udp://a,http://b/', []), [['udp://a', 'http://b/']])
  assert.deepEqual(read.seeds.parse('http://a/x,y,ftp://b/', []), ['http://a/x,y', 'ftp://b/'])
})

test('an exponent given as a piece length is an error that names the right option', () => {
  assert.throws(() => read.pieceLength('18'), /; 2\^18 bytes are --piece-size-pow2 18$/)
})

// Seconds by `date -u -d DATE +%s` of GNU coreutils
for (const [text, seconds] of [
  ['0', 0],
  ['1700000000', 1_700_000_000],
  ['100000000000', 100_000_000_000],
  ['20261320', 20_261_320],
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

test('milliseconds, and a day without hyphens, are refused with what to type', () => {
  assert.throws(() => moment('1700000000000'), /if it is milliseconds, type 1700000000$/)
  assert.throws(() => moment('2026'), /this is 1970-01-01; type 2026-01-01$/)
  assert.equal(moment('1234'), 1234)
  assert.throws(() => moment('20261120'), /this is 1970-08-23; type 2026-11-20$/)
})

for (const text of [
  '',
  'yesterday',
  '-1',
  '1.5',
  '8640000000000',
  '+010000-01-01',
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
