import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientKey } from '../../../src/server/connections/client-address.js'
import { Shares } from '../../../src/server/connections/shares.js'

const takeFrom = (shares: Shares, address: string) => shares.take(clientKey(address))

test('a client has its share, and another as many', () => {
  const shares = new Shares({ all: 100, perClient: 2, perNetwork: 50 })
  const taken = ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2'].map((address) => {
    return takeFrom(shares, address)
  })
  assert.deepEqual(taken, [true, true, false, true])
  shares.give('192.0.2.1')
  assert.ok(takeFrom(shares, '192.0.2.1'))
})

test('a /48 of IPv6 cannot take everything', () => {
  const shares = new Shares({ all: 20, perClient: 3, perNetwork: 5 })
  const taken = Array.from({ length: 10 }, (_, i) => takeFrom(shares, `2001:db8:1:${i}::1`))
  assert.equal(taken.filter(Boolean).length, 5)
  assert.ok(takeFrom(shares, '2001:db8:2::1'))
  // Also without groups of zeros to leave out
  assert.ok(!takeFrom(shares, '2001:db8:1:a:b:c:d:e'))
})

test('all together get no more than the total, including clients without a share', () => {
  const shares = new Shares({ all: 3, perClient: 2, perNetwork: 2 })
  assert.deepEqual(
    [null, null, null, null].map((client) => shares.take(client)),
    [true, true, true, false],
  )
})
