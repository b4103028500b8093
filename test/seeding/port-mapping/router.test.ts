import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultGateway } from '../../../src/seeding/port-mapping/router.js'

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
