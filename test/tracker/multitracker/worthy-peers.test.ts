import assert from 'node:assert/strict'
import { test } from 'node:test'
import { worthyPeers } from '../../../src/tracker/multitracker/worthy-peers.js'
import { parseAddress } from '../../../src/tracker/protocol/peer-address.js'

const peer = (address: string, port = 6881) => {
  const bytes = parseAddress(address) ?? new Uint8Array()
  const own = address.includes(':') ? bytes : bytes.subarray(12)
  return Buffer.from([...own, port >>> 8, port & 0xff])
}
const wish = { maxPeers: 5, takesLocal: false }

test('peers that nobody can connect to are omitted', () => {
  const peers4 = Buffer.concat([
    peer('1.2.3.4'),
    peer('1.2.3.5', 0),
    ...['0.1.2.3', '224.0.0.1', '255.255.255.255'].map((address) => peer(address)),
    ...['127.0.0.1', '10.1.2.3', '192.168.1.1', '169.254.1.1'].map((address) => peer(address)),
  ])
  const v6 = ['2001:db8::1', '::', 'ff02::1', '::1', 'fe80::1', 'fd00::1']
  const peers6 = Buffer.concat(v6.map((address) => peer(address)))
  const taken = worthyPeers({ peers4, peers6 }, wish)
  assert.deepEqual(taken, { peers4: peer('1.2.3.4'), peers6: peer('2001:db8::1') })
})

test('the limit counts peers of both families', () => {
  const peers4 = Buffer.concat([1, 2, 3].map((n) => peer(`1.2.3.${n}`)))
  const peers6 = Buffer.concat([1, 2, 3].map((n) => peer(`2001:db8::${n}`)))
  const taken = worthyPeers({ peers4, peers6 }, wish)
  assert.deepEqual([taken.peers4.length / 6, taken.peers6.length / 18], [3, 2])
})

test('private addresses are kept on request', () => {
  const peers = { peers4: peer('192.168.1.1'), peers6: peer('fd00::1') }
  assert.deepEqual(worthyPeers(peers, { ...wish, takesLocal: true }), peers)
})
