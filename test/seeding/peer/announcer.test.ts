import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { Announcer } from '../../../src/seeding/peer/announcer.js'
import { serveLocally } from '../../support/listen.js'
import { giveName } from '../../support/names.js'
import { infoHashOf } from '../../support/info-hashes.js'
import { mockHttp } from '../../support/mock-http.js'
import { until } from '../../support/until.js'
import type { SeedTorrent } from '../../../src/seeding/peer/seeded.js'
import type { Seeder } from '../../../src/seeding/peer/seeder.js'

test('each torrent is announced, although those before it are due again', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  const announced = new Set<string>()
  mockHttp(t, (url: string) => {
    announced.add(/info_hash=([^&]+)/.exec(url)?.[1] ?? '')
    return Promise.resolve(answer())
  })
  // Each look finds all announces due
  const announcer = announcerAt(() => (now += 1e9))
  for (let n = 0; n < 30; n++) announcer.add(torrentOf(n))
  for (let second = 0; second < 6; second++) {
    t.mock.timers.tick(1000)
    await setTimeout(20)
  }
  assert.equal(announced.size, 30)
})

test('a host that does not answer is asked for 32 torrents at a time', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let asked = 0
  const answers = new EventEmitter().setMaxListeners(0)
  mockHttp(t, async () => {
    asked++
    await once(answers, 'begin')
    return answer()
  })
  const announcer = announcerAt(() => 0)
  for (let n = 0; n < 60; n++) announcer.add(torrentOf(n))
  const look = () => {
    t.mock.timers.tick(1000)
    return asked >= 32
  }
  await until('it is asked', look)
  for (let n = 0; n < 10; n++) {
    look()
    await setImmediate()
  }
  assert.equal(asked, 32)
  const closed = announcer.close()
  await until('all are answered', async () => {
    answers.emit('begin')
    return (await Promise.race([closed, setImmediate('later')])) !== 'later'
  })
})

test('if a tracker fails, the next of its tier is asked at once', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const asked: string[] = []
  mockHttp(t, (url: string) => {
    asked.push(new URL(url).host)
    return url.includes('10.0.0.1') ? Promise.reject(new Error()) : Promise.resolve(answer())
  })
  // Time stands still
  const announcer = announcerAt(() => 0)
  const trackers = [['http://10.0.0.1/announce', 'http://10.0.0.2/announce']]
  announcer.add({ ...torrentOf(1), trackers })
  await until('both are asked', () => {
    t.mock.timers.tick(1000)
    return asked.length >= 2
  })
  assert.deepEqual(asked, ['10.0.0.1', '10.0.0.2'])
})

test('many trackers of few torrents are all announced to in time', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let asked = 0
  mockHttp(t, () => {
    asked++
    return Promise.resolve(answer())
  })
  const announcer = announcerAt(() => 0)
  const trackers = Array.from({ length: 100 }, (_, n) => [`http://10.0.0.${n}/announce`])
  for (let n = 0; n < 10; n++) announcer.add({ ...torrentOf(n), trackers })
  const before = asked
  t.mock.timers.tick(1000)
  await setTimeout(0)
  // 1,000 in 20 minutes
  assert.ok(asked - before >= 5, `${asked - before} in a second`)
})

test('a failure of a tracker is reported once for all torrents, and so is its end, each time', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  let isUp = false
  let answered = 0
  mockHttp(t, () => {
    answered++
    return isUp ? Promise.resolve(answer()) : Promise.reject(new Error('down'))
  })
  const changes: string[] = []
  const announcer = announcerAt(
    () => now,
    (_torrent, { tracker, problem }) => {
      changes.push(`${tracker} ${problem === null ? 'answers' : 'fails'}`)
    },
  )
  for (let n = 0; n < 3; n++) announcer.add(torrentOf(n))
  const announceAll = async () => {
    const before = answered
    await until('each is announced at least twice', () => {
      now += 1e9
      t.mock.timers.tick(1000)
      return answered >= before + 9
    })
  }
  for (const state of [false, false, true, true, false]) {
    isUp = state
    await announceAll()
  }
  const tracker = 'http://127.0.0.1:1/announce'
  assert.deepEqual(changes, [`${tracker} fails`, `${tracker} answers`, `${tracker} fails`])
})

test('a torrent that its tracker refused is announced again at once if asked, and only then', async (t) => {
  const { announcer, torrent, timesAsked } = refusedOnce(t)
  await until('it is refused', () => announcer.failuresOf(torrent).length === 1)
  announcer.retry(torrent)
  await until('it is accepted', () => announcer.failuresOf(torrent).length === 0)
  announcer.retry(torrent)
  assert.equal(timesAsked(), 2)
})

test('a torrent that becomes known while it is announced is announced again after the refusal', async (t) => {
  const { announcer, torrent, timesAsked } = refusedOnce(t)
  announcer.retry(torrent)
  await until('it is accepted', () => {
    t.mock.timers.tick(1000)
    return timesAsked() === 2 && announcer.failuresOf(torrent).length === 0
  })
})

/** An announcer whose tracker refuses its torrent the first time. */
function refusedOnce(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let asked = 0
  const tracker = 'http://10.0.0.1/announce'
  mockHttp(t, (url) => {
    // An announcer of another test may still ask its own tracker
    const isFirst = url.startsWith(tracker) && asked++ === 0
    return isFirst ? Promise.reject(new Error('not tracked')) : Promise.resolve(answer())
  })
  const announcer = announcerAt(() => 0)
  const torrent = { ...torrentOf(1), trackers: [[tracker]] }
  announcer.add(torrent)
  return { announcer, torrent, timesAsked: () => asked }
}

/** A torrent of this tracker, and the events and ports that it is told. */
function announcedBehindRouter(t: TestContext, tracker: string) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const told: string[] = []
  let hold = Promise.resolve()
  mockHttp(t, async (url: string) => {
    const { searchParams } = new URL(url)
    told.push(`${searchParams.get('event') ?? 'again'} ${searchParams.get('port')}`)
    await hold
    return answer()
  })
  const seeder = seederAt(() => 0)
  const announcer = new Announcer(seeder, null)
  const torrent = { ...torrentOf(1), trackers: [[tracker]] }
  const givePort = (outerPort: number) => {
    Object.assign(seeder, { outerPort })
    announcer.announceAgain()
  }
  const heard = (count: number) => {
    return until('the tracker hears it', () => {
      t.mock.timers.tick(1000)
      return told.length >= count
    })
  }
  return {
    ...{ announcer, torrent, told, givePort, heard },
    hold: (before: Promise<void>) => (hold = before),
  }
}

test('a tracker is told the end of a port before the one that a router gives', async (t) => {
  const { announcer, torrent, told, givePort, heard } = announcedBehindRouter(t, OUTSIDE)
  announcer.add(torrent)
  await heard(1)
  await setTimeout(0)
  givePort(7000)
  await heard(3)
  await setTimeout(0)
  await announcer.close()
  assert.deepEqual(told, ['started 6881', 'stopped 6881', 'started 7000', 'stopped 7000'])
})

test('a port that a router gives during an announce is announced after it', async (t) => {
  const { announcer, torrent, told, givePort, heard, hold } = announcedBehindRouter(t, OUTSIDE)
  let release: () => void = () => undefined
  hold(new Promise((resolve) => (release = resolve)))
  announcer.add(torrent)
  await heard(1)
  givePort(7000)
  release()
  await heard(3)
  assert.deepEqual(told, ['started 6881', 'stopped 6881', 'started 7000'])
})

test('a tracker in the own network is told the port here, not the one outside', async (t) => {
  const inside = 'http://192.168.1.9/announce'
  const { announcer, torrent, told, givePort, heard } = announcedBehindRouter(t, inside)
  givePort(7000)
  announcer.add(torrent)
  await heard(1)
  assert.deepEqual(told, ['started 6881'])
})

const OUTSIDE = 'http://203.0.113.1/announce'

function answer(): Response {
  return new Response('d8:intervali1800e5:peers0:e')
}

function seederAt(monotonic: () => number): Seeder {
  return {
    ...{
      peerId: '00'.repeat(20),
      key: 7,
      port: 6881,
      outerPort: 6881,
      stateOf: () => null,
      dial: () => undefined,
    },
    ...{ monotonic, families: [6, 4], outerAddresses: [] },
  } as unknown as Seeder
}

/** An announcer at a time. */
function announcerAt(
  monotonic: () => number,
  onChange?: ConstructorParameters<typeof Announcer>[2],
): Announcer {
  return new Announcer(seederAt(monotonic), null, onChange)
}

function torrentOf(n: number): SeedTorrent {
  const infoHash = infoHashOf(n.toString(16).padStart(40, '0'))
  const trackers = [['http://127.0.0.1:1/announce']]
  const load = () => Promise.reject(new Error('not read here'))
  return {
    ...{ name: `${n}`, infoHash, infoHashV2: null, private: false, size: 1, trackers },
    ...{ path: null, files: [], load },
  }
}

/**
 * The seconds between the announces to a tracker that gives this answer, and wants so many at
 * least.
 */
async function pauses(t: TestContext, body: string, least: number): Promise<number[]> {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  let answered = 0
  const at: number[] = []
  mockHttp(t, () => {
    at.push(now / 1000)
    return Promise.resolve(new Response(body))
  })
  const seeder = seederAt(() => now)
  t.mock.method(seeder, 'dial', () => answered++)
  new Announcer(seeder, null).add(torrentOf(1))
  while (at.length < 40) {
    await until('it is answered', () => answered === at.length)
    // An announce that were due before would come at the first step
    let step = least - 1
    for (const before = at.length; at.length === before; step = 1) {
      now += step * 1000
      t.mock.timers.tick(1000)
      await setImmediate()
    }
  }
  return at.slice(1).map((each, n) => each - (at[n] ?? 0))
}

for (const [what, body, least, most] of [
  ['the interval', 'd8:intervali120e5:peers0:e', 120, 133],
  ['the minimum, if it is longer', 'd8:intervali60e12:min intervali120e5:peers0:e', 120, 133],
  ['an interval of more than two hours', 'd8:intervali9000e5:peers0:e', 9000, 9901],
] as const) {
  test(`no announce comes before ${what}, and each within a tenth of it after`, async (t) => {
    const seconds = await pauses(t, body, least)
    assert.ok(Math.min(...seconds) >= least, `${Math.min(...seconds)}`)
    assert.ok(Math.max(...seconds) <= most, `${Math.max(...seconds)}`)
  })
}

/**
 * Announces a torrent whose tracker gives these answers in turn, the last one from then on. `wait`
 * lets seconds pass.
 */
function answering(t: TestContext, answers: readonly string[], trackers = torrentOf(1).trackers) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  const asked: URL[] = []
  mockHttp(t, (url: string) => {
    const body = answers[Math.min(asked.length, answers.length - 1)]
    asked.push(new URL(url))
    return Promise.resolve(new Response(body))
  })
  const problems: (string | null)[] = []
  const announcer = announcerAt(
    () => now,
    (_torrent, { problem }) => problems.push(problem),
  )
  const torrent = { ...torrentOf(1), trackers }
  announcer.add(torrent)
  const wait = async (seconds: number) => {
    // The answers to what was begun come first
    await setTimeout(20)
    now += seconds * 1000
    t.mock.timers.tick(1000)
    await setTimeout(20)
  }
  return { asked, problems, announcer, torrent, wait }
}

const WELL = 'd8:intervali60e5:peers0:e'

test('the id that a tracker gives is sent with every later announce, the last one too', async (t) => {
  const withId = 'd8:intervali60e5:peers0:10:tracker id3:T&1e'
  const { asked, announcer, wait } = answering(t, [withId, WELL])
  await wait(70)
  await wait(70)
  await announcer.close()
  const ids = asked.map(({ searchParams }) => searchParams.get('trackerid'))
  assert.deepEqual(ids, [null, 'T&1', 'T&1', 'T&1'])
  assert.equal(asked.at(-1)?.searchParams.get('event'), 'stopped')
})

test('a torrent that is removed and added again at once, as by a rename, is the same seed', async (t) => {
  const { asked, announcer, torrent, wait } = answering(t, [WELL])
  await wait(1)
  announcer.remove(torrent)
  await wait(1)
  const renamed = { ...torrent, path: '/srv/other.torrent' }
  announcer.add(renamed)
  await wait(70)
  const events = () => asked.map(({ searchParams }) => searchParams.get('event'))
  assert.deepEqual(events(), ['started', null])
  announcer.remove(renamed)
  await wait(5)
  assert.deepEqual(events(), ['started', null, 'stopped'])
})

test('other trackers of a torrent that is added again learn of it, and those before of its end', async (t) => {
  const { asked, announcer, torrent, wait } = answering(t, [WELL])
  await wait(1)
  announcer.remove(torrent)
  announcer.add({ ...torrent, trackers: [['http://127.0.0.1:2/announce']] })
  await wait(5)
  const events = asked.map(({ port, searchParams }) => `${port} ${searchParams.get('event')}`)
  assert.deepEqual(events.sort(), ['1 started', '1 stopped', '2 started'])
})

test('a torrent is announced again when the tracker has answered to its end', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  const events: (string | null)[] = []
  let answerStop: (() => void) | null = null
  mockHttp(t, async (url: string) => {
    const event = new URL(url).searchParams.get('event')
    events.push(event)
    if (event === 'stopped') await new Promise<void>((resolve) => (answerStop = resolve))
    return answer()
  })
  const announcer = announcerAt(() => now)
  const torrent = torrentOf(1)
  announcer.add(torrent)
  const tick = () => {
    now += 5000
    t.mock.timers.tick(1000)
    return setImmediate()
  }
  await until('it has begun', () => events.length === 1)
  announcer.remove(torrent)
  await until('its end is told', async () => {
    await tick()
    return answerStop !== null
  })
  announcer.add(torrent)
  for (let n = 0; n < 3; n++) await tick()
  assert.deepEqual(events, ['started', 'stopped'])
  answerStop!()
  await until('it begins again', async () => {
    await tick()
    return events.length === 3
  })
  assert.deepEqual(events, ['started', 'stopped', 'started'])
})

test('a warning of a tracker is reported once while it lasts, and is no failure', async (t) => {
  const warning = 'd8:intervali60e5:peers0:15:warning message4:beepe'
  const { problems, announcer, torrent, wait } = answering(t, [warning, warning, WELL])
  await wait(70)
  assert.deepEqual(problems, ['warns: "beep"'])
  assert.deepEqual(announcer.failuresOf(torrent), [])
  const [words] = announcer.warningsOf(torrent)
  assert.deepEqual(words, { tracker: torrent.trackers[0]?.[0], reason: 'warns: "beep"' })
  await wait(70)
  assert.deepEqual(announcer.warningsOf(torrent), [])
  assert.deepEqual(problems, ['warns: "beep"'])
})

// BEP 31: minutes, or never
for (const [what, field, isAsked] of [
  ['in 40 minutes', '8:retry ini40e', [false, true]],
  ['never', '8:retry in5:never', [false, false]],
  ['after its interval', '8:intervali2400e', [false, true]],
] as const) {
  test(`a tracker that refuses, and wants the next request ${what}, is obeyed`, async (t) => {
    const { asked, wait } = answering(t, [`d14:failure reason4:full${field}e`, WELL])
    const wasAsked: boolean[] = []
    for (const seconds of [39 * 60, 120]) {
      await wait(seconds)
      wasAsked.push(asked.length > 1)
    }
    assert.deepEqual(wasAsked, isAsked)
  })
}

test('while a tracker wants no request, another one of its tier is asked', async (t) => {
  const trackers = [['http://10.0.0.1/announce', 'http://10.0.0.2/announce']]
  const refusal = 'd14:failure reason4:full8:retry in5:nevere'
  const { asked, wait } = answering(t, [refusal, 'no bencode', WELL], trackers)
  for (let n = 0; n < 4; n++) await wait(300)
  const [first, ...others] = asked.map(({ host }) => host)
  assert.equal(first, '10.0.0.1')
  assert.deepEqual(new Set(others), new Set(['10.0.0.2']))
  assert.ok(others.length >= 3, `${others.length}`)
})

test('when it ends, trackers that answer hear of each torrent beside one that is silent', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let isSilent = false
  const heard: string[] = []
  mockHttp(t, (url: string) => {
    if (isSilent && url.includes('10.0.0.1')) return new Promise(() => undefined)
    heard.push(`${new URL(url).host} ${new URL(url).searchParams.get('event')}`)
    return Promise.resolve(answer())
  })
  const announcer = announcerAt(() => 0)
  const trackers = [['http://10.0.0.1/announce'], ['http://10.0.0.2/announce']]
  for (let n = 0; n < 40; n++) announcer.add({ ...torrentOf(n), trackers })
  await until('all have started', () => {
    t.mock.timers.tick(1000)
    return heard.length === 80
  })
  isSilent = true
  t.mock.timers.reset()
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const ended: string[] = []
  const closing = announcer.close().then(() => ended.push('closed'))
  const told = () => heard.filter((each) => each === '10.0.0.2 stopped').length
  while (told() < 40) await setImmediate()
  await setImmediate()
  assert.deepEqual(ended, [])
  // So long the end may take for all trackers together
  t.mock.timers.tick(3000)
  for (let turn = 0; turn < 100 && ended.length === 0; turn++) await setImmediate()
  assert.deepEqual(ended, ['closed'])
  await closing
})

for (const scheme of ['udp', 'http'] as const) {
  test(`a tracker over ${scheme} is announced to over both families, also if one comes later`, async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    let now = 0
    const heard: string[] = []
    const port = await (scheme === 'udp' ? listenUdp : listenHttp)(t, heard)
    giveName(t, 'both.example', ['::1'])
    const seeder = seederAt(() => now)
    let answers = 0
    t.mock.method(seeder, 'dial', () => answers++)
    const announcer = new Announcer(seeder, null)
    announcer.add({ ...torrentOf(1), trackers: [[`${scheme}://both.example:${port}/announce`]] })
    await until('one answers', () => answers === 1)
    await setImmediate()
    // The second of IPv4 refuses
    giveName(t, 'both.example', ['::1', '127.0.0.2', '127.0.0.1'])
    now = 3_600_000
    await until('both hear of it', () => {
      t.mock.timers.tick(1000)
      return heard.length === 3
    })
    await announcer.close()
    const expected = ['4 again', '4 stopped', '6 again', '6 started', '6 stopped']
    assert.deepEqual([...heard].sort(), expected)
  })
}

test('a refusal counts, whatever keeps the other family of addresses from an answer', async (t) => {
  const port = await serveLocally(t, (_request, response) => {
    response.end('d14:failure reason2:no8:retry in5:nevere')
  })
  giveName(t, 'both.example', ['::1', '127.0.0.1'])
  const announcer = announcerAt(() => 0)
  const tracker = `http://both.example:${port}/announce`
  const torrent = { ...torrentOf(1), trackers: [[tracker]] }
  announcer.add(torrent)
  await until('it is refused', () => announcer.failuresOf(torrent).length > 0)
  assert.deepEqual(announcer.failuresOf(torrent), [{ tracker, reason: 'refuses: "no"' }])
  await announcer.close()
})

/** Listens at one port of both families, and returns it. */
async function listenTwice(listen: (family: 4 | 6, host: string, port: number) => Promise<number>) {
  return listen(4, '127.0.0.1', await listen(6, '::1', 0))
}

/** Trackers at one port of both families; the port. */
function listenUdp(t: TestContext, heard: string[]): Promise<number> {
  return listenTwice(async (family, host, port) => {
    const socket = createSocket(`udp${family}`)
    t.after(() => socket.close())
    socket.on('message', (packet, from) => {
      const isConnect = packet.readUInt32BE(8) === 0
      // BEP 15
      if (!isConnect)
        heard.push(`${family} ${['again', '', 'started', 'stopped'][packet[83] ?? 0]}`)
      const rest = isConnect ? Buffer.from('identity') : Buffer.alloc(12)
      socket.send(Buffer.concat([packet.subarray(8, 16), rest]), from.port, from.address)
    })
    socket.bind(port, host)
    await once(socket, 'listening')
    return socket.address().port
  })
}

/** The same over HTTP. */
function listenHttp(t: TestContext, heard: string[]): Promise<number> {
  return listenTwice(async (family, host, port) => {
    const server = createServer((request, response) => {
      heard.push(`${family} ${/event=(\w+)/.exec(request.url ?? '')?.[1] ?? 'again'}`)
      response.end('d8:intervali1800e5:peers0:e')
    })
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    server.listen(port, host)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  })
}
