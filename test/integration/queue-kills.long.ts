import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { collect, projectRoot, runExecutable } from '../support/executable.js'
import { KEY } from '../support/fleet.js'
import { plantKeys } from '../support/queue.js'
import { startRedis, WITHOUT_REDIS, type RedisServer } from '../support/redis.js'
import { random } from '../support/random.js'
import { makeScratch } from '../support/scratch.js'
import { until } from '../support/until.js'

const MIB = 2 ** 20
const ROUNDS = 60

/** Each run must end within this time, in milliseconds. */
const LIMIT = 60_000

/** Rate and cache of workers: runs take some seconds. */
const SLOWLY = ['--max-rate', '100M', '--no-cache']

const VERSIONS = [[], ['--v2'], ['--hybrid']]

/** A large file and many small ones, which all workers see. */
function plantContent(t: TestContext): string {
  const root = join(makeScratch(t), 'files')
  mkdirSync(join(root, 'd'), { recursive: true })
  const plant = (name: string, size: number) => {
    writeFileSync(join(root, name), randomFillSync(Buffer.alloc(size)))
  }
  plant('large', 384 * MIB)
  for (let i = 0; i < 60; i++) plant(`d/f${i}`, (i * 37_813) % 900_000)
  return root
}

/** Starts btkit with short times of the queue. */
function startQuick(args: readonly string[], cwd: string): ChildProcess {
  const program = join(projectRoot, 'dist/test/support/quick-queue.js')
  return spawn(process.execPath, [program, ...args], { cwd, env: { PATH: process.env['PATH'] } })
}

test(
  'every run ends with the right torrents, whatever is killed',
  { skip: WITHOUT_REDIS },
  async (t) => {
    const root = plantContent(t)
    const redis = await startRedis(t, ['--appendonly', 'yes'])
    const key = plantKeys(t, KEY)
    const scratch = makeScratch(t)
    const shared = ['--queue', redis.url, '--share', `s=${root}`, '--share-key-file', key]
    const workers = new Map<string, ChildProcess>()
    const startWorker = (name: string) => {
      const child = startQuick(['worker', ...shared, '--share-machine', name, ...SLOWLY], scratch)
      child.stdout?.resume()
      child.stderr?.resume()
      workers.set(name, child)
      return child
    }
    t.after(() => {
      for (const child of workers.values()) child.kill('SIGKILL')
    })
    const expected = await Promise.all(VERSIONS.map((version) => hashesOf(root, version, scratch)))
    let undisturbed = 0
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ['one', 'two', 'three']) {
        const { exitCode, signalCode } = workers.get(name) ?? { exitCode: 0 }
        if (exitCode !== null || signalCode) startWorker(name)
      }
      await until('a worker is there', () => redis.send('client', 'list').includes(':w:'))
      const version = VERSIONS[round % VERSIONS.length] ?? []
      const args = [
        'makemetafile',
        join(root, 'large'),
        join(root, 'd'),
        ...common(version),
        ...shared,
      ]
      const asker = startQuick(args, scratch)
      const ended = collect(asker)
      await setTimeout(200 + 800 * random())
      await disturb(redis, workers)
      const timer = setTimeout(LIMIT, null, { ref: false })
      const result = await Promise.race([ended, timer])
      assert.ok(result, `round ${round} did not end`)
      assert.equal(result.status, 0, result.stderr)
      assert.deepEqual(hashesIn(result.stdout), expected[round % VERSIONS.length], `round ${round}`)
      if (!result.stderr.includes('hashing here')) undisturbed++
    }
    // Not all of them, because some acts end all workers
    assert.ok(undisturbed > ROUNDS / 4, `${undisturbed} runs were hashed by workers alone`)
  },
)

const common = (version: readonly string[]) => [
  '--trackerless',
  '--json',
  '--quiet',
  '--force',
  '--no-cache',
  '--piece-length',
  '64K',
  ...version,
]

async function hashesOf(root: string, version: readonly string[], cwd: string) {
  const args = ['makemetafile', join(root, 'large'), join(root, 'd'), ...common(version)]
  const { status, stdout, stderr } = await runExecutable('btkit', args, { cwd })
  assert.equal(status, 0, stderr)
  return hashesIn(stdout)
}

function hashesIn(lines: string): unknown[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const { infoHash, infoHashV2 } = JSON.parse(line) as Record<string, unknown>
      return [infoHash, infoHashV2]
    })
}

/** Kills or stops a worker, or Redis. */
async function disturb(redis: RedisServer, workers: ReadonlyMap<string, ChildProcess>) {
  const victim = [...workers.values()][Math.floor(random() * workers.size)]
  const acts: (() => unknown)[] = [
    () => victim?.kill('SIGKILL'),
    () => victim?.kill('SIGKILL'),
    () => victim?.kill('SIGTERM'),
    () => {
      for (const child of workers.values()) child.kill('SIGKILL')
    },
    async () => {
      await redis.restart()
    },
    async () => {
      redis.stall()
      await setTimeout(3000 * random())
      redis.resume()
    },
    () => redis.send('flushall'),
    () => {
      const [id = ''] = redis.send('--scan', '--pattern', '{btkit}:hash:*-*').split('\n')
      redis.send('hset', id, 'data', '"e30="')
    },
  ]
  await Promise.resolve(acts[Math.floor(random() * acts.length)]?.())
}
