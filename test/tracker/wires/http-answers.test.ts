import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAnnounce } from '../../../src/tracker/wires/http-answers.js'
import { parseAddress } from '../../../src/tracker/swarms/peer-address.js'

const COUNTS = { complete: 1, incomplete: 2, downloaders: 1, downloaded: 3 }
const ANSWER = {
  refusal: null,
  ...COUNTS,
  peers4: Buffer.from('0a0000011ae1', 'hex'),
  peers6: Buffer.from('20010db80000000000000000000000051ae1', 'hex'),
  ids4: Buffer.from('-four-four-four-four'),
  ids6: Buffer.from('-six--six--six--six-'),
}
const NOTES = {
  interval: 1800,
  minInterval: 300,
  address: parseAddress('1.2.3.4')!,
  isV6: false,
  warning: null,
}

test('a compact answer has all keys in order', () => {
  const answer = formatAnnounce(ANSWER, { ...NOTES, warning: 'caffè' }, 'compact')
  const wanted =
    'd8:completei1e10:downloadedi3e11:external ip4:\x01\x02\x03\x0410:incompletei2e' +
    '8:intervali1800e12:min intervali300e5:peers6:\n\0\0\x01\x1a\xe1' +
    '6:peers618: \x01\r\xb8\0\0\0\0\0\0\0\0\0\0\0\x05\x1a\xe1' +
    '15:warning message6:caff\xc3\xa8e'
  assert.equal(answer, wanted)
})

test('peers as dictionaries have addresses as text, and ids on request', () => {
  const six = '2:ip11:2001:db8::57:peer id20:-six--six--six--six-4:porti6881e'
  const four = '2:ip8:10.0.0.17:peer id20:-four-four-four-four4:porti6881e'
  assert.ok(formatAnnounce(ANSWER, NOTES, 'full').endsWith(`5:peersld${four}ed${six}eee`))
  const plain = `d2:ip8:10.0.0.14:porti6881eed2:ip11:2001:db8::54:porti6881ee`
  assert.ok(formatAnnounce(ANSWER, NOTES, 'no-ids').endsWith(`5:peersl${plain}ee`))
})
