import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAddress, parseAddress } from '../../../src/tracker/protocol/peer-address.js'

function hexOf(text: string): string | null {
  const bytes = parseAddress(text)
  return bytes === null ? null : Buffer.from(bytes).toString('hex')
}

test('an IPv4 address is mapped into IPv6', () => {
  const hex = '00000000000000000000ffff01020304'
  assert.equal(hexOf('1.2.3.4'), hex)
  assert.equal(hexOf('::ffff:1.2.3.4'), hex)
  assert.equal(hexOf('::ffff:102:304'), hex)
  assert.equal(hexOf('255.255.255.255')?.slice(-8), 'ffffffff')
})

test('IPv6 addresses in all their forms', () => {
  assert.equal(hexOf('::'), '0'.repeat(32))
  assert.equal(hexOf('::1'), '1'.padStart(32, '0'))
  assert.equal(hexOf('1::'), `0001${'0'.repeat(28)}`)
  assert.equal(hexOf('2001:db8::a:b'), '20010db80000000000000000000a000b')
  assert.equal(hexOf('1:2:3:4:5:6:7:8'), '00010002000300040005000600070008')
  assert.equal(hexOf('fe80::1%eth0'), 'fe800000000000000000000000000001')
  assert.equal(hexOf('64:ff9b::1.2.3.4'), '0064ff9b000000000000000001020304')
})

test('invalid addresses give null', () => {
  const texts = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '01234.1.1.1',
  ]
  for (const text of [
    ...texts,
    ':::',
    '1:2',
    'g::',
    '::1::',
    'host.example',
    '1.2.3.4 ',
    '-1.2.3.4',
  ]) {
    assert.equal(parseAddress(text), null, text)
  }
})

test('addresses are formatted as usual', () => {
  for (const text of ['1.2.3.4', '2001:db8::1', '::1', 'fe80::a:0:0:1']) {
    assert.equal(formatAddress(parseAddress(text)!), text)
  }
})
