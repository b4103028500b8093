import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machineHost, reachableAddress } from '../../../src/cli/output/reachable-address.js'

for (const [address, expected] of [
  ['http://[::]:6969', 'http://build.example:6969'],
  ['udp://0.0.0.0:6969', 'udp://build.example:6969'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['http://[::1]:8080', 'http://[::1]:8080'],
  ['/run/btkit.sock', '/run/btkit.sock'],
] as const) {
  test(`clients reach ${address} as ${expected}`, () => {
    assert.equal(reachableAddress(address, 'build.example'), expected)
  })
}

test('the machine has a name or address that fits in a URL', () => {
  const { hostname } = new URL(`http://${machineHost()}:80/`)
  assert.ok(!['[::]', '0.0.0.0', ''].includes(hostname))
})
