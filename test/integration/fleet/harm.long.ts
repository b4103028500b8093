// In a process of its own: it shortens the patience of all links
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { redisKey } from '../../../src/fleet/shared-digests.js'
import { patience } from '../../../src/redis/link.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { executable } from '../../support/executable.js'
import { KEY, makeMachine, plantShared, type Machine } from '../../support/fleet.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { random } from '../../support/random.js'
import { startRedis, WITHOUT_REDIS, type RedisServer } from '../../support/redis.js'
import { referenceDigests } from '../../support/reference-digests.js'
import { startCuttingProxy } from './cutting-proxy.js'

const ROUNDS = 200
/** Rounds after which all machines begin with empty caches. */
const CACHE_ROUNDS = 8
const PIECE = 16 * 1024
/** So large that a file is claimed. */
const SIZE = 4 * 1024 * 1024 + 5000
const NAMES = Array.from({ length: 6 }, (_, i) => `file${i}`)
const VERSIONS = [[], ['--hybrid']]

const below = (count: number) => Math.floor(random() * count)
const oneOf = <T>(list: readonly T[]) => list[below(list.length)]!

/** The info hash of each file and version, made without cache and Redis. */
async function expectedHashes(alone: Machine): Promise<Map<string, string>> {
  const expected = new Map<string, string>()
  for (const [seed, name] of NAMES.entries()) {
    for (const args of VERSIONS) {
      const { infoHash } = await alone.make(name, ...args, '--no-cache')
      expected.set(`${name}${args.join('')}`, infoHash)
    }
    await alone.make(name, '--no-cache')
    const { info } = decodeTorrent(readFileSync(join(alone.directory, `${name}.torrent`)))
    const digests = referenceDigests([pseudoRandom(SIZE, seed)], PIECE).toString('hex')
    assert.equal(info['pieces'], digests)
  }
  return expected
}

/** Changes a record in Redis by hand. */
function tamper({ port, send }: RedisServer): void {
  const [first = '', second = first] = send('--scan', '--pattern', 'btkit1:*')
    .split('\n')
    .sort(() => random() - 0.5)
  if (first === '') return
  const length = Number(send('strlen', first))
  const put = (key: string, bytes: Uint8Array) =>
    spawnSync('redis-cli', ['-p', `${port}`, '-x', 'set', key], { input: bytes })
  oneOf([
    // Another digest, size, machine or MAC
    () => send('setrange', first, `${below(length)}`, '!'),
    () => send('append', first, 'x'.repeat(20)),
    () => put(first, pseudoRandom(length, below(1000))),
    // One record in the place of another
    () =>
      spawnSync('sh', [
        '-c',
        `redis-cli -p ${port} dump '${first}' | head -c -1 |
      redis-cli -p ${port} -x restore '${second}' 0 replace`,
      ]),
    // A record of another version, sealed with the right key
    () => put(...recordOfVersion('btkit2', oneOf(NAMES))),
  ])()
}

/** A record with wrong digests that another version of btkit might write. */
function recordOfVersion(version: string, file: string): [key: string, record: Buffer] {
  const name = ['sha1', PIECE, 0, 'mirror', `/${file}`, SIZE, '1700000000000000000'].join('\0')
  const whole = Math.floor(SIZE / PIECE)
  const body = Buffer.concat([Buffer.of(0, 1), pseudoRandom(20 * (whole + 1), 9)])
  const rest = Buffer.concat([Buffer.alloc(4), body])
  const mac = createHmac('sha256', KEY).update(`${version}\0${name.length}\0${name}\0`)
  return [redisKey(name), Buffer.concat([mac.update(rest).digest(), rest])]
}

/** Starts btkit on a machine for a file, and kills it with SIGKILL at a random moment. */
async function killMaker(machine: Machine, url: string, cacheDir: string): Promise<void> {
  const what = ['makemetafile', join(machine.root, oneOf(NAMES)), '--trackerless', '--force']
  const own = ['--output', join(machine.directory, 'killed.torrent'), '--piece-length', '16K']
  const shared = ['--cache-url', url, '--share', `mirror=${machine.root}`]
  const key = ['--share-key-file', join(machine.directory, 'key'), '--cache-dir', cacheDir]
  const args = [executable('btkit'), ...what, ...own, ...shared, ...key]
  const child = spawn(process.execPath, args, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await setTimeout(below(400))
  child.kill('SIGKILL')
  await ended
}

test(
  '200 times something is killed, cut, stalled or changed: no torrent is wrong, no digest lost',
  { skip: WITHOUT_REDIS },
  async (t) => {
    patience.ms = 250
    const redis = await startRedis(t)
    const proxy = await startCuttingProxy(t, redis.port)
    const clocks = { one: 60_000, two: 3_660_000, three: 120_000 }
    const machines = Object.entries(clocks).map(([name, aheadMs]) => {
      return makeMachine(t, name, { url: proxy.url, aheadMs })
    })
    const [alone] = machines
    assert.ok(alone)
    for (const machine of machines) {
      for (const [seed, name] of NAMES.entries())
        plantShared({ ...machine, size: SIZE }, name, seed)
    }
    const expected = await expectedHashes(alone)
    const harms = [
      () => {
        proxy.cut()
      },
      async () => {
        proxy.stall()
        await setTimeout(below(400))
        proxy.resume()
      },
      async () => {
        redis.stall()
        await setTimeout(below(400))
        redis.resume()
      },
      () => redis.restart(),
      () => {
        tamper(redis)
      },
      (cacheDir: (machine: Machine) => string) => {
        const machine = oneOf(machines)
        return killMaker(machine, proxy.url, cacheDir(machine))
      },
    ]
    let bytesHashed = 0
    let made = new Set<string>()
    for (let round = 0; round < ROUNDS; round += 1) {
      const cacheDir = ({ cacheDir }: Machine) =>
        join(cacheDir, `${Math.floor(round / CACHE_ROUNDS)}`)
      const harmed = (async () => {
        await setTimeout(below(60))
        await oneOf(harms)(cacheDir)
      })()
      const [name, args] = [oneOf(NAMES), oneOf(VERSIONS)]
      const check = ['--share-check', oneOf(['none', '1', '3'])]
      const make = async (machine: Machine) => {
        const cache = ['--cache-dir', cacheDir(machine)]
        const result = await machine.make(name, ...args, ...check, ...cache)
        assert.equal(result.infoHash, expected.get(`${name}${args.join('')}`), `round ${round}`)
        return result.bytesHashed
      }
      const hashed = await Promise.all(machines.map(make))
      bytesHashed += hashed.reduce((sum, bytes) => sum + bytes, 0)
      made.add(`${name} ${args.join(' ')}`.trim())
      await harmed
      if (round % CACHE_ROUNDS < CACHE_ROUNDS - 1) continue
      // Each cache still has all that its machine made
      const machine = oneOf(machines)
      for (const each of made) {
        const [file = '', ...version] = each.split(' ')
        const again = await machine.make(file, ...version, '--cache-dir', cacheDir(machine))
        assert.equal(again.bytesHashed, 0, `round ${round}: ${each}`)
      }
      made = new Set()
    }
    // Sharing worked in between
    assert.ok(bytesHashed < ROUNDS * machines.length * SIZE)
  },
)
