import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { type OuterPlace, PortMapper } from '../../../src/seeding/port-mapping/port-mapper.js'
import type { Transport, RouterPlaces } from '../../../src/seeding/port-mapping/router.js'
import {
  CONTROL,
  descriptionOf,
  playRouter,
  type RouterManners,
  sendAnswer,
} from '../../support/router.js'
import { until } from '../../support/until.js'

const MINUTE = 60_000
const BOTH = new Map<Transport, number>([
  ['TCP', 6881],
  ['UDP', 6881],
])

/** A mapper behind a played router, whose clock stands still until the test moves it. */
async function mapBehind(
  t: TestContext,
  manners: Partial<RouterManners> = {},
  other: Partial<RouterPlaces> = {},
) {
  const router = await playRouter(t, manners)
  const told: OuterPlace[] = []
  let now = 0
  const places = { ...router.places, ...other }
  const mapper = new PortMapper({
    ports: BOTH,
    places,
    monotonic: () => now,
    onMapped: (place) => told.push(place),
  })
  t.after(() => mapper.close())
  void mapper.look()
  /** Lets time pass. Resolves when what is due then is done. */
  const wait = (ms: number) => {
    now += ms
    return mapper.look()
  }
  return { ...router, places, mapper, told, wait }
}

/** For a router that speaks UPnP only, nothing listens at the port of NAT-PMP. */
const PLACES = { 'NAT-PMP': {}, UPnP: { natPmpPort: 1 } }

for (const name of ['NAT-PMP', 'UPnP'] as const) {
  const behind = (t: TestContext, manners: Partial<RouterManners> = {}, other = {}) => {
    return mapBehind(t, manners, { ...PLACES[name], ...other })
  }

  test(`${name}: the router passes on both ports, and has them back at the end`, async (t) => {
    const { mappings, mapper, told } = await behind(t)
    await mapper.look()
    assert.deepEqual(Object.fromEntries(mappings), {
      'TCP 6881': '127.0.0.1:6881 for 1200',
      'UDP 6881': '127.0.0.1:6881 for 1200',
    })
    assert.deepEqual(told, [{ address: '203.0.113.7', port: 6881 }])
    await mapper.close()
    assert.equal(mappings.size, 0)
  })

  test(`${name}: a router that gives another port is asked for that again later`, async (t) => {
    const give = (wanted: number) => (wanted === 6881 ? 7000 : wanted)
    const { mappings, told, wait, mapper } = await behind(t, { give })
    await mapper.look()
    const given = [...mappings.keys()]
    assert.ok(!given.includes('TCP 6881'))
    assert.equal(`TCP ${told[0]?.port}`, given[0])
    mappings.clear()
    await wait(10 * MINUTE)
    assert.deepEqual([...mappings.keys()], given)
    await mapper.close()
    assert.equal(mappings.size, 0)
  })

  test(`${name}: a router that was restarted has the mappings again after ten minutes`, async (t) => {
    const { mappings, manners, told, wait, asked, mapper } = await behind(t)
    await mapper.look()
    // It lost them, and began to count anew
    mappings.clear()
    manners.epoch = 0
    const before = asked.length
    await wait(9 * MINUTE)
    assert.equal(asked.length, before, 'nothing is asked too early')
    await wait(MINUTE)
    assert.equal(mappings.size, 2)
    assert.equal(told.length, 1, 'the same place is told once')
  })

  test(`${name}: a router with another address is told of again`, async (t) => {
    const { manners, told, wait, mapper } = await behind(t)
    await mapper.look()
    manners.address = '203.0.113.8'
    await wait(10 * MINUTE)
    assert.deepEqual(told[1], { address: '203.0.113.8', port: 6881 })
  })

  test(`${name}: a router that was away is searched for again`, async (t) => {
    const router = await behind(t, { isAway: true }, { patience: 100 })
    const { mappings, manners, places, told, wait, mapper } = router
    await mapper.look()
    assert.deepEqual(told, [])
    manners.isAway = false
    places.patience = 4000
    await wait(5 * MINUTE)
    assert.deepEqual([mappings.size, told.length], [2, 1])
  })
}

test('a short lifetime is renewed after half of it, but not more often than each 20 seconds', async (t) => {
  const { manners, asked, wait, mapper } = await mapBehind(t, { longest: 60 })
  await mapper.look()
  const renewals = () => asked.filter((each) => each.startsWith('NAT-PMP TCP')).length
  const seen: number[] = []
  for (const [seconds, longest] of [
    [29, 60],
    [1, 1],
    [19, 1],
    [1, 1],
  ] as const) {
    manners.longest = longest
    await wait(1000 * seconds)
    seen.push(renewals())
  }
  assert.deepEqual(seen, [1, 2, 2, 3])
})

test('a router by UPnP whose mappings have no end gets them without one', async (t) => {
  const { mappings, mapper, told } = await mapBehind(t, { onlyPermanent: true }, PLACES.UPnP)
  await mapper.look()
  assert.equal(told.length, 1)
  assert.deepEqual([...mappings.values()], Array(2).fill('127.0.0.1:6881 for 0'))
  await mapper.close()
  assert.equal(mappings.size, 0)
})

test('the port of another machine is not taken back', async (t) => {
  const { asked, mapper } = await mapBehind(t, { give: () => 0 }, PLACES.UPnP)
  await mapper.look()
  await mapper.close()
  const tries = asked.filter((each) => each === 'AddPortMapping').length
  assert.deepEqual([tries, asked.includes('DeletePortMapping')], [4, false])
})

// RFC 6886: 250 ms after the first packet, and after twice that time from then on
test('a question by NAT-PMP that was lost is sent again, after longer each time', async (t) => {
  const [set, pauses] = [globalThis.setTimeout, new Set<number>()]
  const soon = (act: () => void, ms: number) => {
    pauses.add(ms)
    return set(act, ms / 100)
  }
  t.mock.method(globalThis, 'setTimeout', soon as typeof set)
  let packets = 0
  const spoil = (answer: Buffer) => (packets++ % 3 < 2 ? null : answer)
  const { mappings, mapper } = await mapBehind(t, { spoil, upnp: false }, { patience: 400_000 })
  await mapper.look()
  assert.equal(mappings.size, 2)
  assert.ok(packets >= 9, `${packets} packets for three questions`)
  assert.ok([250, 500, 1000].every((ms) => pauses.has(ms)))
})

test('a gateway that refuses by NAT-PMP is asked by UPnP', async (t) => {
  const { mappings, asked, mapper } = await mapBehind(t, { result: 2 })
  await mapper.look()
  assert.deepEqual([mappings.size, asked.includes('AddPortMapping')], [2, true])
})

test('without a known gateway, a router is searched for by UPnP', async (t) => {
  const { mappings, asked, mapper } = await mapBehind(
    t,
    {},
    { gateway: () => null, patience: 1500 },
  )
  await mapper.look()
  assert.deepEqual([mappings.size, asked.some((each) => /^NAT-PMP/.test(each))], [2, false])
})

test('an own address that has just gone keeps no router from being found', async (t) => {
  const own = () => ['203.0.113.99', '127.0.0.1']
  const { mappings, mapper } = await mapBehind(t, {}, { ...PLACES.UPnP, own })
  await mapper.look()
  assert.equal(mappings.size, 2)
})

test('a machine without an address in a private network asks nobody', async (t) => {
  const { asked, mapper } = await mapBehind(t, {}, { own: () => [] })
  await mapper.look()
  assert.deepEqual(asked, [])
})

test('a router that falls silent delays the end by a second at most', async (t) => {
  const { manners, mappings, mapper } = await mapBehind(t)
  await mapper.look()
  manners.isAway = true
  await mapper.close()
  assert.equal(mappings.size, 2)
})

test('a mapping that is under way at the end is taken back, too', async (t) => {
  const made = new Set<string>()
  const act = (response: ServerResponse, action: string) => {
    if (action === 'AddPortMapping') {
      made.add('TCP 6881')
      return
    }
    if (action === 'DeletePortMapping') made.clear()
    sendAnswer(response, action, ADDRESS)
  }
  const { mapper } = await mapBehind(t, { act }, PLACES.UPnP)
  await until('it is made, and not answered', () => made.size > 0)
  await mapper.close()
  assert.equal(made.size, 0)
})

const ADDRESS = '<NewExternalIPAddress>203.0.113.7</NewExternalIPAddress>'

/** Changes a byte of each answer to a question of this kind. */
const spoiled = (kind: number, at: number, value: number) => (answer: Buffer) => {
  if (answer[1] === 128 + kind) answer[at] = value
  return answer
}

const LIES: Readonly<Record<string, Partial<RouterManners>>> = {
  'with an unknown result': { result: 77 },
  'of another version': { spoil: spoiled(0, 0, 2) },
  'to another question': { spoil: spoiled(2, 1, 129) },
  'for another port of this machine': { spoil: spoiled(2, 9, 0) },
  'that gives port 0': {
    spoil: (answer) => (answer[1] === 130 ? Buffer.from(answer.fill(0, 10, 12)) : answer),
  },
  'that is cut': { spoil: (answer) => answer.subarray(0, answer.length - 1) },
  'of one byte': { spoil: (answer) => answer.subarray(0, 1) },
  'with a loopback address outside': { address: '127.0.0.1' },
  'without an address outside': { address: '0.0.0.0' },
}

for (const [what, manners] of Object.entries(LIES)) {
  test(`NAT-PMP: an answer ${what} gives no port`, async (t) => {
    const alone = { upnp: false, ...manners }
    const { told, asked, mapper } = await mapBehind(t, alone, { patience: 150 })
    await mapper.look()
    assert.deepEqual([told, asked.some((each) => each.startsWith('search'))], [[], true])
  })
}

const ENTITIES = `<!DOCTYPE root [<!ENTITY a "${CONTROL}"><!ENTITY b "${'&a;'.repeat(1000)}">]>`
const OF_ANOTHER = 'http://127.0.0.2:9/control'

/** Answers with a text as XML. */
const sends =
  (text: string, status = 200) =>
  (response: ServerResponse) => {
    response.writeHead(status).end(text)
  }

/** Descriptions, and answers to actions, that must have no effect. */
const DESCRIPTIONS: Readonly<Record<string, RouterManners['describe']>> = {
  'with entities': sends(descriptionOf('&a;').replace('?>', `?>${ENTITIES}`)),
  'whose control is at another machine': sends(descriptionOf(OF_ANOTHER)),
  'whose base is at another machine': sends(
    descriptionOf('http://127.0.0.2/control', '<URLBase>http://127.0.0.2:9/</URLBase>'),
  ),
  'whose control is a file': sends(descriptionOf('file:///etc/passwd')),
  'without an end': (response) => {
    response.write('<root>')
    response.on('drain', () => response.write('<a></a>'.repeat(10_000)))
    response.write('<a></a>'.repeat(10_000))
  },
  'that is larger than any': sends(descriptionOf(`/${'x'.repeat(200_000)}`)),
  'of very deep elements': sends(`${'<a>'.repeat(10_000)}${'</a>'.repeat(10_000)}`),
  'that is no XML': sends('<root><device></root>'),
  'that stops in its middle': (response) => {
    response.writeHead(200, { 'content-length': '5000' })
    response.write(descriptionOf(CONTROL).slice(0, 500))
  },
  'that is elsewhere': (response) => {
    response.writeHead(302, { location: 'http://127.0.0.2:9/' }).end()
  },
  'that is not found': sends(descriptionOf(CONTROL), 404),
  'without a service': sends('<root><device><serviceList></serviceList></device></root>'),
}

for (const [what, describe] of Object.entries(DESCRIPTIONS)) {
  test(`UPnP: a description ${what} has no action called`, async (t) => {
    const { asked, told, mapper } = await mapBehind(t, { describe }, IMPATIENT)
    await mapper.look()
    const actions = asked.filter((each) => !/^(search|description)/.test(each))
    assert.deepEqual([actions, told], [[], []])
  })
}

const IMPATIENT = { ...PLACES.UPnP, patience: 200 }

const ANSWERS: Readonly<Record<string, NonNullable<RouterManners['act']>>> = {
  nothing: () => undefined,
  'no XML': (response) => response.end('ok'),
  'a megabyte': (response) => response.end(`<a>${'x'.repeat(1_000_000)}</a>`),
  'an error without a number': (response) => response.writeHead(500).end('<s>no</s>'),
  'a name as its address': (response, action) => {
    sendAnswer(response, action, '<NewExternalIPAddress>evil.example</NewExternalIPAddress>')
  },
  'another action': (response) => {
    sendAnswer(response, 'GetStatusInfo', ADDRESS)
  },
}

for (const [what, act] of Object.entries(ANSWERS)) {
  test(`UPnP: a router that answers ${what} gives no port`, async (t) => {
    const { asked, told, mapper } = await mapBehind(t, { act }, IMPATIENT)
    await mapper.look()
    assert.deepEqual([told, asked.includes('AddPortMapping')], [[], false])
  })
}

/** Changes the address in the answer to a search. */
const locatedAt = (location: string) => (answer: Buffer) => {
  return Buffer.from(answer.toString().replace(/^LOCATION: .*$/m, `LOCATION: ${location}\r`))
}

const FOUND: Readonly<Record<string, RouterManners['spoil']>> = {
  'names another machine': locatedAt('http://127.0.0.2:9/description.xml'),
  'names a file': locatedAt('file:///etc/passwd'),
  'names a machine by a name': locatedAt('http://localhost:9/'),
  'is of another device': (answer) => {
    return Buffer.from(answer.toString().replaceAll('WANIPConnection', 'ContentDirectory'))
  },
  'is a search itself': () => Buffer.from('M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n'),
  'is longer than any': (answer) => Buffer.concat([answer, Buffer.alloc(4000, ' ')]),
}

for (const [what, spoil] of Object.entries(FOUND)) {
  test(`UPnP: an answer to a search that ${what} is not followed`, async (t) => {
    const { asked, told, mapper } = await mapBehind(t, { spoil }, IMPATIENT)
    await mapper.look()
    assert.deepEqual([asked.includes('description'), told], [false, []])
  })
}

test('UPnP: a device outside of private networks is not asked', async (t) => {
  const { asked, mapper } = await mapBehind(t, {}, { ...IMPATIENT, isNear: () => false })
  await mapper.look()
  assert.ok(!asked.includes('description'))
})
