import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openCache } from '../../src/disk/cache/open.js'
import { RECORD_KINDS, unpackRecord } from '../../src/disk/cache/records/record.js'
import { letFilesSettle } from '../support/aged.js'
import { runExecutable, startExecutable } from '../support/executable.js'
import { collect } from '../support/programs.js'
import { startFakeTransmission } from '../support/fake-transmission.js'
import { KEY } from '../support/fleet.js'
import { ask } from '../support/visitor.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { plantKeys } from '../support/queue.js'
import { random } from '../support/random.js'
import { startRedis, WITHOUT_REDIS } from '../support/redis.js'
import { makeScratch, plantHuge } from '../support/scratch.js'
import { assertStatus, runBtkit } from '../support/run-btkit.js'
import { TRACKER } from '../support/torrents.js'

const SMALL_PIECES = ['--piece-size-pow2', '14']
const FILES_OF_ROUND = 10

/** The files of a round of kills: a directory of files that no cache knows, and their torrents. */
interface Round {
  readonly directory: string
  readonly torrents: readonly string[]
  /** A name for what the command writes. */
  readonly output: string
}

/** A command that opens the cache. */
interface Victim {
  readonly args: (round: Round) => readonly string[]
  /** A factor of the time before it writes, compared with others (default: 1). */
  readonly slowness?: number
  /** Work beside it; ends with the process. */
  readonly meanwhile?: (round: Round, child: ChildProcess) => Promise<void>
}

const VICTIMS: Record<string, (t: TestContext, kills: number) => Promise<Victim> | Victim> = {
  completedir: () => ({
    args: ({ directory, output }) => {
      mkdirSync(output)
      const places = [directory, '--target', output, '--state-dir', `${output}-state`]
      return ['completedir', TRACKER, ...places, ...SMALL_PIECES]
    },
  }),
  makemetafile: () => ({
    args: ({ directory, output }) => {
      return ['makemetafile', directory, TRACKER, '--target', output, ...SMALL_PIECES]
    },
  }),
  convert: () => ({
    args: ({ torrents: [torrent = ''], output }) => ['convert', torrent, '--v2', '-o', output],
  }),
  verify: () => ({ args: ({ torrents }) => ['verify', '--cached', ...torrents] }),
  serve: () => ({
    args: ({ directory }) => [
      'serve',
      directory,
      '--port',
      '0',
      '--tracker',
      TRACKER,
      '--warm',
      '*',
    ],
  }),
  seed: () => ({ args: ({ directory }) => ['seed', directory, '--port', '0', '--quiet'] }),
  publish: async (t) => {
    const client = await startFakeTransmission(t, [])
    return { args: ({ torrents }) => ['publish', '--client', client, ...torrents] }
  },
  worker: async (t, kills) => {
    const share = makeScratch(t)
    // Smaller files are not given away
    for (let n = 0; n < kills; n++) plantHuge(share, `output-${n}`, 2 ** 30)
    const { url } = await startRedis(t)
    const key = plantKeys(t, KEY)
    const shared = ['--queue', url, '--share', `s=${share}`, '--share-key-file', key]
    return {
      args: () => ['worker', ...shared],
      slowness: 3,
      meanwhile: async ({ output }, worker) => {
        await firstWords(worker)
        const file = join(share, basename(output))
        // So slow that the worker has something to do
        const slow = ['--no-cache', '--max-rate', '20M']
        const make = ['makemetafile', file, TRACKER, '--target', output, ...slow]
        const asking = startExecutable('btkit', [...make, ...shared])
        worker.once('exit', () => asking.kill('SIGKILL'))
        await collect(asking)
      },
    }
  },
  gui: () => ({
    args: ({ directory }) => ['gui', '--no-browser', directory],
    meanwhile: async ({ torrents }, child) => {
      const said = await firstWords(child)
      const address = /http:\S+/.exec(said)?.[0] ?? ''
      const { location } = await ask(address)
      const url = new URL('make', new URL(location, address)).href
      for (const torrent of torrents) {
        const path = torrent.slice(0, -'.torrent'.length)
        const form = { act: 'make', path, output: `${path}.made` }
        await ask(url, { method: 'POST', form })
      }
    },
  }),
  'cache prune': () => ({ args: () => ['cache', 'prune'] }),
  'cache stats': () => ({ args: () => ['cache', 'stats'] }),
}

function firstWords(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.stdout?.once('data', (chunk: Buffer) => {
      resolve(chunk.toString())
    })
  })
}

/** Kills each of these commands so many times; no digest that was in the cache may be lost. */
export function testCacheKills(kills: number, names = Object.keys(VICTIMS)): void {
  for (const name of names) {
    const skip = name === 'worker' && WITHOUT_REDIS
    test(`no digest is lost by ${kills} kills of ${name}`, { skip }, async (t) => {
      const victim = await VICTIMS[name]?.(t, kills)
      assert.ok(victim)
      const rounds = await plantRounds(t, kills)
      const content = pseudoRandom(30_000, 1)
      const files = Array.from({ length: 40 }, (_, i) => [`e${i}`, content.subarray(i)] as const)
      const [source, cache] = [makeScratch(t, Object.fromEntries(files)), makeScratch(t)]
      // Younger ones are not remembered
      await letFilesSettle()
      const started = performance.now()
      const known = { keys: await fill(t, source, cache) }
      const usual = performance.now() - started
      const begun = known.keys.size
      const longest = usual * (victim.slowness ?? 1)
      const killTen = async (from: number) => {
        for (const round of rounds.slice(from, from + 10)) {
          const child = startExecutable('btkit', [...victim.args(round), '--cache-dir', cache])
          const ended = collect(child)
          void victim.meanwhile?.(round, child).catch(() => undefined)
          await setTimeout(longest * (0.5 + 2 * random()))
          child.kill('SIGKILL')
          await ended
          const now = await digestsIn(cache)
          for (const key of known.keys)
            assert.ok(now.has(key), `a digest is lost in ${round.output}`)
          known.keys = now
        }
      }
      if (kills <= 10) await killTen(0)
      else for (let i = 0; i < kills; i += 10) await t.test(`from ${i}`, () => killTen(i))
      t.diagnostic(`${known.keys.size - begun} digests of ${kills * FILES_OF_ROUND} were written`)
    })
  }
}

/** Plants the files of so many rounds, with a torrent beside each. */
async function plantRounds(t: TestContext, count: number): Promise<Round[]> {
  const root = makeScratch(t)
  const names = Array.from({ length: FILES_OF_ROUND }, (_, i) => `e${i}`)
  const rounds = Array.from({ length: count }, (_, n) => {
    const directory = join(root, `${n}`)
    mkdirSync(directory)
    for (const [i, name] of names.entries()) {
      writeFileSync(join(directory, name), pseudoRandom(30_000 + i * 100, n * 100 + i))
    }
    const torrents = names.map((name) => join(directory, `${name}.torrent`))
    return { directory, torrents, output: join(root, `output-${n}`) }
  })
  const directories = rounds.map(({ directory }) => directory)
  assertStatus(await runBtkit(['completedir', TRACKER, ...directories, '--no-cache', '--quiet']), 0)
  return rounds
}

/** Fills a cache with digests. Returns their keys. */
async function fill(t: TestContext, source: string, cache: string): Promise<ReadonlySet<string>> {
  const places = [source, '--target', makeScratch(t), '--cache-dir', cache]
  const filled = await runExecutable('btkit', ['completedir', TRACKER, ...places, ...SMALL_PIECES])
  assert.equal(filled.status, 0, filled.stderr)
  const keys = await digestsIn(cache)
  assert.ok(keys.size >= 40)
  return keys
}

/** The keys of all digests in a cache, which no kill may have damaged. */
async function digestsIn(directory: string): Promise<ReadonlySet<string>> {
  const cache = await openCache({ directory, now: Date.now, warn: assert.ifError })
  const keys = (['file', 'tree', 'layers'] as const).flatMap((kind) => {
    const records = [...cache.store.entries(RECORD_KINDS[kind])]
    for (const { key, value } of records) assert.ok(unpackRecord(key, value))
    return records.map(({ key }) => `${kind} ${Buffer.from(key).toString('latin1')}`)
  })
  await cache.close()
  return new Set(keys)
}
