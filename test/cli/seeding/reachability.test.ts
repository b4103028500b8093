import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import bencode from 'bencode'
import { keepReachable } from '../../../src/cli/seeding/reachability.js'
import { type RouterPlaces, routerPlaces } from '../../../src/seeding/port-mapping/router.js'
import { mockHttp } from '../../support/mock-http.js'
import { beginDhtAt } from '../../support/quick-times.js'
import { playRouter } from '../../support/router.js'
import { assertStatus, startBtkit } from '../../support/run-btkit.js'
import { plantFile } from '../../support/seed.js'
import { until } from '../../support/until.js'

/** Asks these routers in this process, until the test ends. */
function placeRouter(t: TestContext, places: RouterPlaces): void {
  const usual = routerPlaces.system
  routerPlaces.system = places
  t.after(() => (routerPlaces.system = usual))
}

/** Seeds a file on a free port behind the router. */
async function seedBehind(
  t: TestContext,
  args: readonly string[] = [],
  { mapping = '1', trackers = [] as readonly string[] } = {},
) {
  const { torrent } = await plantFile(t, trackers)
  let ahead = 0
  const seed = startBtkit(t, ['seed', torrent, '--port', '0', '--no-cache', ...args], {
    now: () => Date.now() + 10_000,
    monotonic: () => performance.now() + ahead,
    env: { BTKIT_SEED_PORT_MAPPING: mapping },
  })
  const port = await seed.said(/listening on port (\d+)/)
  await seed.said(/(added)/)
  const wait = (minutes: number) => (ahead += 60_000 * minutes)
  return { ...seed, port, wait }
}

test('a seed says where it is reached from outside, and takes the port back at its end', async (t) => {
  const { places, mappings } = await playRouter(t)
  placeRouter(t, places)
  const { port, said, stop } = await seedBehind(t)
  assert.equal(await said(/reachable from outside at (\S+)$/m), `203.0.113.7:${port}`)
  assert.deepEqual([...mappings.keys()], [`TCP ${port}`])
  const { stderr } = assertStatus(await stop(), 0)
  assert.equal(mappings.size, 0)
  assert.equal(stderr.match(/outside/g)?.length, 1)
})

test('each port that the router gives instead is said, and told to the DHT and trackers', async (t) => {
  const { places, mappings, manners } = await playRouter(t, { give: () => 7000 })
  placeRouter(t, places)
  const node = createSocket('udp4').bind(0, '127.0.0.1')
  t.after(() => node.close())
  await once(node, 'listening')
  const announced: unknown[] = []
  node.on('message', (packet, from) => {
    const { t: id, q, a } = bencode.decode(packet) as Record<string, Uint8Array>
    if (Buffer.from(q ?? []).toString() === 'announce_peer')
      announced.push((a as unknown as { port: number }).port)
    const answer = { t: id, y: 'r', r: { id: 'n'.repeat(20), token: 'x', values: [] } }
    node.send(bencode.encode(answer), from.port, from.address)
  })
  beginDhtAt(`127.0.0.1:${node.address().port}`)
  const told: string[] = []
  mockHttp(t, (url) => {
    const { searchParams } = new URL(url)
    told.push(`${searchParams.get('event')} ${searchParams.get('port')}`)
    return Promise.resolve(new Response('d8:intervali86400e5:peers0:e'))
  })
  const trackers = ['http://203.0.113.1/announce']
  const { said, wait } = await seedBehind(t, ['--dht'], { trackers })
  assert.equal(await said(/reachable from outside at (\S+)$/m), '203.0.113.7:7000')
  assert.deepEqual([...mappings.keys()].toSorted(), ['TCP 7000', 'UDP 7000'])
  await until('it is announced', () => announced.includes(7000))
  await until('the tracker is told', () => told.includes('started 7000'))
  const before = told.length
  manners.give = () => 7001
  // Too soon for another announce of the same port
  wait(10)
  await until('the other one is announced', () => announced.includes(7001))
  await until('the tracker is told of it', () => told.length === before + 2)
  assert.deepEqual(told.slice(before), ['stopped 7000', 'started 7001'])
})

test('a router whose own address is not public is said to be in the way', async (t) => {
  const { places } = await playRouter(t, { address: '100.64.3.2' })
  placeRouter(t, places)
  const { said, stop } = await seedBehind(t)
  await said(/(100\.64\.3\.2)/)
  const { stderr } = await stop()
  assert.match(stderr, /^btkit: warning: not reachable from outside.* 100\.64\.3\.2\b.*not public/m)
})

test('a router that never answers delays neither the start nor the end', async (t) => {
  const { places, asked, manners } = await playRouter(t, { isAway: true })
  placeRouter(t, { ...places, patience: 3_600_000 })
  const { stop } = await seedBehind(t)
  const { stderr } = assertStatus(await stop(), 0)
  assert.doesNotMatch(stderr, /outside|router/)
  assert.deepEqual([manners.isAway, asked], [true, []])
})

for (const [what, args, mapping] of [
  ['--no-port-mapping', ['--no-port-mapping'], '1'],
  ['one address as --host', ['--host', '127.0.0.1'], '1'],
  ['BTKIT_SEED_PORT_MAPPING=0', [], '0'],
] as const) {
  test(`with ${what}, no router is asked`, async (t) => {
    const { places, asked } = await playRouter(t)
    placeRouter(t, places)
    const { stop } = await seedBehind(t, args, { mapping })
    await stop()
    assert.deepEqual(asked, [])
  })
}

test('all addresses of IPv4 as --host are no single one', async (t) => {
  const { places } = await playRouter(t)
  placeRouter(t, places)
  const { said } = await seedBehind(t, ['--host', '0.0.0.0'])
  await said(/(reachable from outside)/)
})

/** What is said of a seed that no router gave a port, as time passes. */
async function watch(t: TestContext, own: string[] = ['192.168.1.7']) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { places } = await playRouter(t, { isAway: true })
  placeRouter(t, { ...places, gateway: () => null, own: () => own, patience: 0 })
  const said: string[] = []
  const outside = { hasConnected: false, isNamed: false }
  const status = { peers: 0 }
  let now = 0
  const service = {
    ...{ port: 6881, udp: null, outside, status },
    mapPort: () => assert.fail('no router gave a port'),
  }
  const giveBack = keepReachable(service as never, true, {
    monotonic: () => now,
    note: (message) => said.push(message),
    alert: (message) => said.push(message),
  })
  t.after(giveBack)
  const wait = async (minutes: number) => {
    now += 60_000 * minutes
    t.mock.timers.tick(1000)
    await setImmediate()
  }
  return { said, outside, status, wait }
}

test('if no peer of those that are named connects in ten minutes, it is said once what to do', async (t) => {
  const { said, outside, wait } = await watch(t)
  outside.isNamed = true
  await wait(9)
  assert.deepEqual(said, [])
  await wait(1)
  await wait(20)
  assert.deepEqual(said, [
    'no peer has connected from outside in ten minutes, and the router gives no port; forward port 6881 (TCP) to this machine there',
  ])
})

for (const [what, change] of [
  ['no peer is named', { outside: { isNamed: false } }],
  ['a peer has connected from outside', { outside: { hasConnected: true } }],
  ['a peer that btkit called is there', { status: { peers: 1 } }],
  ['the machine is not behind a router', { own: [] }],
] as const) {
  test(`nothing is said while ${what}`, async (t) => {
    const { said, outside, status, wait } = await watch(t, 'own' in change ? [] : undefined)
    Object.assign(outside, { isNamed: true }, 'outside' in change ? change.outside : {})
    Object.assign(status, 'status' in change ? change.status : {})
    await wait(10)
    await wait(10)
    assert.deepEqual(said, [])
  })
}
