import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressSet, parseAddressRange } from '../../../src/tracker/allowed/address-rules.js'

function setOf(...lines: string[]): AddressSet {
  return new AddressSet(
    lines.map((line) => {
      const range = parseAddressRange(line)
      assert(range, line)
      return range
    }),
  )
}

test('a subnet contains its first and last address and nothing outside', () => {
  const set = setOf('10.1.0.0/16')
  assert.deepEqual(
    ['10.0.255.255', '10.1.0.0', '10.1.255.255', '10.2.0.0'].map((address) => set.has(address)),
    [false, true, true, false],
  )
})

test('the address of a subnet may be any within it', () => {
  assert(setOf('10.1.2.3/16').has('10.1.200.200'))
})

test('ranges are read with a name in front, as in eMule, and without', () => {
  const set = setOf('Some: name here:9.0.0.1-9.0.0.3', '8.0.0.1 - 8.0.0.2', 'x-y:7.0.0.1-7.0.0.1')
  assert.deepEqual(
    ['9.0.0.0', '9.0.0.1', '9.0.0.3', '9.0.0.4', '8.0.0.2', '7.0.0.1'].map((a) => set.has(a)),
    [false, true, true, false, true, true],
  )
})

test('IPv6 subnets, ranges and single addresses', () => {
  const set = setOf('2001:db8::/32', 'fe80::1-fe80::5', '::1', 'x ::7-::8')
  assert.deepEqual(
    [
      '2001:db8:ffff::1',
      '2001:db9::',
      'fe80::5',
      'fe80::6',
      'fe80::3%eth0',
      '::1',
      '::2',
      '::7',
    ].map((a) => set.has(a)),
    [true, false, true, false, true, true, false, true],
  )
})

// RFC 4291, section 2.5.5.2: clients of a socket for both families have such addresses
test('IPv4 addresses that are mapped into IPv6 mean the IPv4 addresses', () => {
  const mapped = ['::ffff:1.2.3.4', '::FFFF:808:808', '::ffff:10.1.0.0/112']
  const set = setOf(...mapped, '0:0:0:0:0:ffff:9.0.0.1-::ffff:9.0.0.3')
  const addresses = ['1.2.3.4', '1.2.3.5', '8.8.8.8', '10.1.9.9', '10.2.0.0', '9.0.0.3', '9.0.0.4']
  assert.deepEqual(
    addresses.map((a) => set.has(a)),
    [true, false, true, true, false, true, false],
  )
  // A larger network is one of IPv6
  assert.deepEqual([setOf('::/0').has('1.2.3.4'), setOf('::/0').has('::1')], [false, true])
})

test('0.0.0.0/0 contains all of IPv4 and nothing of IPv6', () => {
  const set = setOf('0.0.0.0/0')
  assert.deepEqual(
    ['0.0.0.0', '255.255.255.255', '::1', 'no address', ''].map((a) => set.has(a)),
    [true, true, false, false, false],
  )
})

test('text that is not an address or range is refused', () => {
  const lines = [
    '',
    'x',
    '1.2.3',
    '1.2.3.4/33',
    '::/129',
    '2.0.0.0-1.0.0.0',
    '1.0.0.0-::1',
    '1.2.3.4/',
    '-',
  ]
  assert.deepEqual(
    lines.filter((line) => parseAddressRange(line) !== null),
    [],
  )
})

test('agrees with a check of each range on random addresses', () => {
  let seed = 1
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below
  const ranges = Array.from({ length: 300 }, () => {
    const first = BigInt(random(5000))
    return { family: 4 as const, first, last: first + BigInt(random(40)) }
  })
  const set = new AddressSet(ranges)
  for (let n = 0; n < 5100; n++) {
    const address = `0.0.${n >> 8}.${n & 255}`
    const isIn = ranges.some(({ first, last }) => first <= BigInt(n) && BigInt(n) <= last)
    assert.equal(set.has(address), isIn, address)
  }
})
