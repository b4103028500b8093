// In a process of its own: it shortens the patience of all links, and the times of the queue
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { callWithin } from '../../../src/base/bounded-call.js'
import { patience } from '../../../src/fleet/redis/link.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { executable, QUICK_PROGRAM } from '../../support/executable.js'
import { type Machine, makeMachine, plantShared } from '../../support/fleet.js'
import { findFreePort } from '../../support/opentracker.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { hurryQueue } from '../../support/quick-times.js'
import { random } from '../../support/random.js'
import { type RedisServer, startRedis, WITHOUT_REDIS, isListening } from '../../support/redis.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { announceQuery, compactPeers, decodeAnswer } from '../../support/track.js'
import { until } from '../../support/until.js'

const ROUNDS = 100

/** So large that a file is claimed. */
const SIZE = 4 * 1024 * 1024 + 5000
const LARGE = 'large'
const LARGE_SIZE = 48 * 1024 * 1024
const VERSIONS = [[], ['--v2'], ['--hybrid']]
const PEERS = 8

/** Milliseconds after which a request or a run has not ended. */
const LIMIT = 60_000
const below = (count: number) => Math.floor(random() * count)
const oneOf = <T>(list: readonly T[]) => list[below(list.length)]!
const fileOf = (round: number) => `file${round}`

/** Two trackers, two mirrors and a worker on one Redis, and a machine that asks the worker. */
interface Fleet {
  readonly redis: RedisServer
  readonly machine: Machine
  /** The machine's way to Redis. */
  readonly proxy: CuttingProxy
  readonly trackers: readonly Service[]
  readonly mirrors: readonly Service[]
  readonly services: readonly Service[]
}

async function startFleet(t: TestContext): Promise<Fleet> {
  const redis = await startRedis(t)
  const proxy = await startCuttingProxy(t, redis.port)
  const machine = makeMachine(t, 'asker', { url: proxy.url })
  const { directory, root } = machine
  for (let round = 0; round < ROUNDS; round += 1)
    plantShared({ root, size: SIZE }, fileOf(round), round)
  plantShared({ root, size: LARGE_SIZE }, LARGE, ROUNDS)
  // Later than two seconds after the last change
  await setTimeout(2500)
  const share = ['--share', `mirror=${root}`, '--share-key-file', join(directory, 'key')]
  const own = (name: string) => ['--cache-dir', join(directory, `cache-${name}`)]
  const startAll = (names: readonly string[], args: (name: string) => readonly string[]) =>
    Promise.all(
      names.map((name) => {
        const build = (port: number, url: string) =>
          [...args(name), url, '--port', `${port}`, '--host', '127.0.0.1'] as const
        return startService(t, { name, redis, args: build })
      }),
    )
  const trackers = await startAll(['tracker1', 'tracker2'], (name) => {
    return ['track', '--open', '--dfile', join(directory, name), '--store']
  })
  const mirrors = await startAll(['mirror1', 'mirror2'], (name) => {
    return ['serve', root, '--trackerless', '--log', 'off', ...own(name), ...share, '--cache-url']
  })
  const worker = await startService(t, {
    name: 'worker',
    redis,
    program: QUICK_PROGRAM,
    args: (_, url) => [
      'btkit',
      '',
      'worker',
      ...share,
      ...own('worker'),
      '--max-rate',
      '50M',
      '--queue',
      url,
    ],
    isUp: () => redis.send('client', 'list').includes(':w:'),
  })
  const services = [...trackers, ...mirrors, worker]
  return { redis, machine, proxy, trackers, mirrors, services }
}

/** Does one thing, chosen at random, to Redis, a service or a connection. */
async function harm({ redis, services, proxy }: Fleet): Promise<string> {
  const { kill, name, ...victim } = oneOf(services)
  const way = oneOf([proxy, victim.proxy])
  const killService = ['kill a service', kill] as const
  const harms: readonly (readonly [what: string, act: () => unknown])[] = [
    killService,
    killService,
    ['kill Redis', () => redis.restart()],
    [
      'stall Redis',
      async () => {
        redis.stall()
        await setTimeout(below(1000))
        redis.resume()
      },
    ],
    [
      'cut a connection',
      () => {
        way.cut()
      },
    ],
    [
      'stall a connection',
      async () => {
        way.stall()
        await setTimeout(below(1000))
        way.resume()
      },
    ],
  ]
  const [what, act] = oneOf(harms)
  await act()
  return `${what} (${name})`
}

async function harmTwice(fleet: Fleet): Promise<string> {
  await setTimeout(below(400))
  const first = await harm(fleet)
  await setTimeout(below(400))
  return `${first}, ${await harm(fleet)}`
}

/** A peer that a tracker has answered. */
interface Announced {
  readonly peer: number
  readonly tracker: Service
  /** How often the tracker had been killed before. */
  readonly kills: number
}

/** Announces a peer. Returns null if the tracker is killed meanwhile. */
async function announce(tracker: Service, infoHash: string, peer: number) {
  const { kills } = tracker
  const answer = await ask(tracker, infoHash, { peer: `peer${peer}`, port: 1000 + peer })
  return answer && { peer, tracker, kills }
}

/** The numbers of the peers that a tracker knows; empty if it was killed. */
async function peersAt(tracker: Service, infoHash: string): Promise<number[]> {
  const answer = await ask(tracker, infoHash, { peer: 'looker', port: 900, left: 1, numwant: 50 })
  return answer ? compactPeers(answer).map((peer) => Number(peer.split(':')[1]) - 1000) : []
}

async function ask(
  tracker: Service,
  infoHash: string,
  fields: Parameters<typeof announceQuery>[1],
) {
  const answer = await get(tracker, announceQuery(infoHash, { compact: 1, ...fields }))
  if (!answer) return null
  const found = decodeAnswer(answer.bytes)
  assert.equal(found.get('failure reason'), undefined)
  return found
}

/** Requests a path. Returns null if the service is killed meanwhile. */
async function get(service: Service, path: string) {
  const { kills, address } = service
  try {
    // A connection that is kept may belong to a service that was killed since
    const headers = { connection: 'close' }
    return await callWithin({ timeoutMs: LIMIT }, async (signal) => {
      const answer = await fetch(address + path, { headers, signal })
      return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) }
    })
  } catch (error) {
    if (!service.isRunning || service.kills > kills) return null
    throw new Error(`${service.name} did not answer ${path}`, { cause: error })
  }
}

/** Asks a mirror for a torrent until it has it, and checks the digests. Null if it was killed. */
async function askMirror(mirror: Service, round: number): Promise<number | null> {
  const end = performance.now() + LIMIT
  while (performance.now() < end) {
    const answer = await get(mirror, `/${fileOf(round)}.torrent`)
    if (!answer) return null
    if (answer.status === 200) {
      const { info } = decodeTorrent(answer.bytes)
      const pieceLength = Number(info['piece length'])
      const digests = referenceDigests([pseudoRandom(SIZE, round)], pieceLength)
      assert.equal(info['pieces'], digests.toString('hex'))
      return pieceLength
    }
    assert.ok([429, 503].includes(answer.status), `${answer.status}`)
    await setTimeout(50)
  }
  return assert.fail(`${mirror.name} has no torrent of ${fileOf(round)} in time`)
}

/** Has the worker hash a file, and returns the info hashes. */
async function makeByQueue({ machine, proxy }: Fleet, version: readonly string[]) {
  const { root, directory } = machine
  const share = ['--share', `mirror=${root}`, '--share-key-file', join(directory, 'key')]
  return makeLarge(machine, [...version, '--queue', proxy.url, ...share])
}

async function makeLarge({ run, root, directory }: Machine, args: readonly string[]) {
  const target = ['--target', join(directory, 'made.torrent'), '--force', '--trackerless']
  const what = ['makemetafile', join(root, LARGE), ...target, '--no-cache', '--json', '--quiet']
  const { status, stdout, stderr } = await callWithin({ timeoutMs: LIMIT }, () =>
    run(...what, ...args),
  )
  assert.equal(status, 0, stderr)
  const { infoHash, infoHashV2 } = JSON.parse(stdout) as Record<string, unknown>
  return [infoHash, infoHashV2]
}

/** Adopts what Redis has of a file: its digests must be right. */
async function checkRecords({ machine }: Fleet, round: number, pieceLength: number) {
  const { directory, make } = machine
  const fresh = ['--cache-dir', join(directory, `fresh${round}`)]
  const { stderr } = await callWithin({ timeoutMs: LIMIT }, () =>
    make(fileOf(round), ...fresh, '--piece-length', `${pieceLength}`),
  )
  assert.doesNotMatch(stderr, /shared record is wrong/)
  const torrent = readFileSync(join(directory, `${fileOf(round)}.torrent`))
  const { info } = decodeTorrent(torrent)
  const digests = referenceDigests([pseudoRandom(SIZE, round)], pieceLength)
  assert.equal(info['pieces'], digests.toString('hex'))
}

test(
  'a tracker, a mirror, a worker or Redis is harmed 200 times: nothing is wrong or lost, all runs end',
  { skip: WITHOUT_REDIS },
  async (t) => {
    hurryQueue()
    patience.ms = 250
    const fleet = await startFleet(t)
    const { trackers, mirrors, services, machine } = fleet
    const expected = new Map<readonly string[], unknown>()
    for (const version of VERSIONS) expected.set(version, await makeLarge(machine, version))
    const harm = async (round: number) => {
      const infoHash = createHash('sha1').update(`${round}`).digest('hex')
      const version = oneOf(VERSIONS)
      const announcing = Array.from({ length: PEERS }, async (_, peer) => {
        await setTimeout(below(400))
        return announce(oneOf(trackers), infoHash, peer)
      })
      const working = Promise.all([
        Promise.all(announcing),
        Promise.all(mirrors.map((mirror) => askMirror(mirror, round))),
        makeByQueue(fleet, version),
      ])
      const [[announced, , hashes], what] = await Promise.all([working, harmTwice(fleet)])
      const where = `round ${round}: ${what}`
      assert.deepEqual(hashes, expected.get(version), where)
      for (const service of services) await service.revive()
      const answered = announced.filter((each): each is Announced => each !== null)
      const living = answered.filter(({ tracker, kills }) => tracker.kills === kills)
      for (const tracker of trackers) {
        await until(`${where}: ${tracker.name} knows all peers`, async () => {
          const found = await peersAt(tracker, infoHash)
          return living.every(({ peer }) => found.includes(peer))
        })
      }
      for (const mirror of mirrors) {
        const pieceLength = await askMirror(mirror, round)
        assert.ok(pieceLength)
        await checkRecords(fleet, round, pieceLength)
      }
    }
    // A test that reports nothing for long is taken for one that hangs
    for (let from = 0; from < ROUNDS; from += 10) {
      await t.test(`from round ${from} on`, async () => {
        for (let round = from; round < Math.min(ROUNDS, from + 10); round += 1) await harm(round)
      })
    }
  },
)

/** A btkit that runs until the test ends, or kills it, and its connections to Redis. */
interface Service {
  readonly name: string
  /** Such as `http://127.0.0.1:12345`. */
  readonly address: string
  readonly proxy: CuttingProxy
  /** How often it was killed. */
  readonly kills: number
  readonly isRunning: boolean
  /** Kills it with SIGKILL. */
  readonly kill: () => Promise<void>
  /** Starts it again if it was killed; fails if it ended by itself. */
  readonly revive: () => Promise<void>
}

interface ServiceSetup {
  readonly name: string
  readonly redis: RedisServer
  /** The command line, given its port and the URL of Redis. */
  readonly args: (port: number, url: string) => readonly string[]
  /** The script to run; by default btkit's. */
  readonly program?: string
  /** Whether it works; by default, whether it listens. */
  readonly isUp?: () => boolean
}

/** Starts a service. */
async function startService(t: TestContext, setup: ServiceSetup): Promise<Service> {
  const { name, redis, args, program = executable('btkit') } = setup
  const port = await findFreePort()
  const proxy = await startCuttingProxy(t, redis.port)
  let child: ChildProcess
  let stderr = ''
  const start = async () => {
    child = spawn(process.execPath, [program, ...args(port, proxy.url)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
    await until(`${name} works`, setup.isUp ?? (() => isListening(port)))
  }
  await start()
  t.after(() => child.kill('SIGKILL'))
  const state = { kills: 0 }
  return {
    name,
    proxy,
    address: `http://127.0.0.1:${port}`,
    get kills() {
      return state.kills
    },
    get isRunning() {
      return !child.killed
    },
    kill: async () => {
      if (child.killed) return
      state.kills += 1
      const ended = once(child, 'exit')
      // False if it ended by itself, which `revive` reports
      if (child.kill('SIGKILL')) await ended
    },
    revive: async () => {
      assert.equal(child.exitCode, null, `${name} ended by itself: ${stderr.slice(-2000)}`)
      if (child.killed) await start()
    },
  }
}

/** Stands between machines and Redis, and harms connections on request. */
interface CuttingProxy {
  readonly url: string
  /** Ends all connections, as if the network were gone. */
  readonly cut: () => void
  /** Passes nothing on until it is resumed. */
  readonly stall: () => void
  readonly resume: () => void
}

/** Starts a proxy to a port of this machine until the test ends. */
async function startCuttingProxy(t: TestContext, port: number): Promise<CuttingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let isStalled = false
  const hold = (socket: Socket) => (isStalled ? socket.pause() : socket.resume())
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    const end = () => {
      for (const socket of pair) socket.destroy()
      pairs.delete(pair)
    }
    for (const [from, to] of [pair, [far, near]] as const) {
      from.on('error', end).on('close', end)
      from.on('data', (bytes) => to.write(bytes))
      hold(from)
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  const holdAll = (stalls: boolean) => {
    isStalled = stalls
    for (const pair of pairs) pair.forEach(hold)
  }
  t.after(() => {
    cut()
    server.close()
  })
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    stall: () => {
      holdAll(true)
    },
    resume: () => {
      holdAll(false)
    },
  }
}
