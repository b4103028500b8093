import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
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

test('a sandbox that hides the network does not keep a server from starting', (t) => {
  t.mock.method(os, 'hostname', () => 'short')
  t.mock.method(os, 'networkInterfaces', () => {
    throw new Error('uv_interface_addresses returned Unknown system error 97')
  })
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  assert.equal(machineHost(), 'localhost')
})
