import assert from 'node:assert/strict'
import os from 'node:os'
import { test } from 'node:test'
import { defaultGateway, routerPlaces } from '../../../src/seeding/port-mapping/router.js'
import { importMocks } from '../../support/import-mocks.js'

// As /proc/net/route has it on a processor with little-endian words
const HEAD =
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                        \n'

/** A default route by its interface, gateway, flags and metric. */
const route = (name: string, gateway: string, metric: number, flags = '0003') => {
  return `${name}\t00000000\t${gateway}\t${flags}\t0\t0\t${metric}\t00000000\t0\t0\t0            \n`
}

const ROUTER = route('wlan0', '0101A8C0', 600)
const NETWORK = 'wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0            \n'

for (const [what, routes, expected] of [
  ['the gateway of the default route', ROUTER + NETWORK, '192.168.1.1'],
  ['that of the lowest metric', ROUTER + route('eth0', '0100000A', 100), '10.0.0.1'],
  ['none without a default route', NETWORK, null],
  ['none that is down', route('eth0', '0100000A', 100, '0002'), null],
  ['none in the internet', route('eth0', '01022D2D', 100), null],
  ['none of nonsense', 'x\t00000000\tZZ\t0003\t0\t0\t0\t00000000\n\t\t\n', null],
] as const) {
  test(`the table of routes names ${what}`, () => {
    assert.equal(defaultGateway(HEAD + routes), expected)
  })
}

test('a system without such a table has no known gateway', () => {
  assert.equal(defaultGateway(''), null)
})

for (const [what, addresses, expected] of [
  ['at home', ['127.0.0.1', '192.168.1.7', 'fe80::1', '2001:db8::7'], ['192.168.1.7']],
  ['with a public address, too', ['127.0.0.1', '10.0.0.7', '203.0.113.7'], []],
  ['without a network', ['127.0.0.1', '169.254.1.1', '::1'], []],
] as const) {
  test(`a machine ${what} asks routers from ${expected[0] ?? 'nowhere'}`, (t) => {
    const own = addresses.map((address) => ({ address }))
    t.mock.method(os, 'networkInterfaces', () => ({ eth0: own }))
    importMocks(t)
    assert.deepEqual(routerPlaces.system.own(), expected)
  })
}

for (const [address, isNear] of [
  ['192.168.1.1', true],
  ['100.64.0.1', true],
  ['203.0.113.1', false],
  ['127.0.0.1', false],
  ['239.255.255.250', false],
] as const) {
  test(`${address} is ${isNear ? 'asked' : 'not asked'} as a router`, () => {
    assert.equal(routerPlaces.system.isNear(address), isNear)
  })
}
