import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { openNullCache } from '../../src/disk/cache/piece-cache.js'
import { accessCache } from '../../src/fleet/access.js'
import { claimPatience, HashClaims } from '../../src/fleet/claims.js'
import { pieceLengthOf } from '../../src/metainfo/piece-length.js'
import { contentOfTree, cutIntoPieces } from '../../src/core/digests/content.js'
import { hashContent } from '../../src/core/digests/hash-content.js'
import { createTable, setPieces } from '../../src/core/digests/piece-table.js'
import { ByteLocks } from '../../src/disk/write/locks.js'
import { scanTree } from '../../src/disk/scan/scan-tree.js'
import { loadNative } from '../../src/base/native-addon.js'
import { parseRedisUrl } from '../../src/fleet/redis/client.js'
import { RedisLink } from '../../src/fleet/redis/link.js'
import { makeMachine, type Machine } from '../support/fleet.js'
import { quickFirst } from '../support/long.js'
import { aheadOfFiles } from '../support/mirror.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { startRedis, WITHOUT_REDIS } from '../support/redis.js'
import { parseJson } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { until } from '../support/until.js'
import { contentRequest, cutContent, hashContext } from '../core/requests.js'

const withoutLocks = loadNative('lockByte') === null && 'the addon is not built'
const redis = WITHOUT_REDIS ? null : await startRedis({ after })
const url = redis?.url ?? ''
// Three machines hash in one process, beside other tests
claimPatience.ms = 60_000

const MIB = pieceLengthOf(20)
const SIZE = 16 * MIB
const BYTES = pseudoRandom(SIZE, 3)

function plantLarge({ root }: Machine, name: string): string {
  const path = join(root, name)
  writeFileSync(path, BYTES)
  utimesSync(path, 1_700_000_000, 1_700_000_000)
  return path
}

/** Two machines that make the same torrent at the same time. */
async function makeAtOnce(machines: readonly Machine[], ...args: string[]) {
  const made = await Promise.all(machines.map((machine) => machine.make('a.iso', ...args)))
  assert.equal(new Set(made.map(({ infoHash }) => infoHash)).size, 1)
  assert.deepEqual(made.map(({ stderr }) => stderr).join(''), '')
  return made.reduce((sum, { bytesHashed }) => sum + bytesHashed, 0)
}

test('hard links that are hashed at once are read once', { skip: withoutLocks }, async (t) => {
  const root = makeScratch(t, { 'a.iso': BYTES })
  linkSync(join(root, 'a.iso'), join(root, 'b.iso'))
  const place = { directory: makeScratch(t), now: aheadOfFiles, warn: assert.ifError }
  const cacheAccess = accessCache({ ...place, trust: 'full' })
  t.after(() => cacheAccess.cache.close())
  await cacheAccess.cache.wake()
  const hash = async (name: string) =>
    hashContent(await cutContent(contentRequest(join(root, name))), {
      ...hashContext(),
      cacheAccess,
    })
  const [a, b] = await Promise.all([hash('a.iso'), hash('b.iso')])
  assert.equal(a.bytesHashed + b.bytesHashed, SIZE)
  assert.deepEqual(a.digests, b.digests)
})

const testProcesses = quickFirst()

const testMachines = quickFirst()

for (const version of ['--v1', '--v2', '--hybrid']) {
  const args = version === '--v1' ? [] : [version]
  const title = `processes with one cache that make a torrent at once read its file once, ${version}`
  testProcesses(title, { skip: withoutLocks }, async (t) => {
    const one = makeMachine(t, 'one', { url: '' })
    const path = plantLarge(one, 'a.iso')
    const made = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const torrent = join(one.directory, `${name}.torrent`)
        const what = ['makemetafile', path, '--target', torrent, '--trackerless']
        return parseJson(await one.run(...what, '--json', '--quiet', ...args))
      }),
    )
    assert.equal(new Set(made.map(({ infoHash, infoHashV2 }) => infoHash ?? infoHashV2)).size, 1)
    assert.equal(
      made.reduce((sum, { bytesHashed }) => sum + Number(bytesHashed), 0),
      SIZE,
    )
  })

  const ofMachines = `machines that make a torrent at once read its file once, ${version}`
  testMachines(ofMachines, { skip: WITHOUT_REDIS }, async (t) => {
    redis?.send('flushall')
    const machines = ['one', 'two', 'three'].map((name) => makeMachine(t, name, { url }))
    for (const machine of machines) plantLarge(machine, 'a.iso')
    assert.equal(await makeAtOnce(machines, ...args), SIZE)
    assert.equal(redis?.send('keys', 'btkit1-claim*'), '')
  })
}

const withoutAny = withoutLocks || WITHOUT_REDIS

/** A process of a machine, and what it wants to hash: files of these sizes in MiB. */
async function makeOwner(
  t: TestContext,
  { known = 0, ...machine }: Machine & { readonly url: string; readonly known?: number },
  sizes: readonly number[],
) {
  for (const [i, size] of sizes.entries()) {
    const path = join(machine.root, `${i}`)
    writeFileSync(path, BYTES.subarray(0, size * MIB))
    utimesSync(path, 1_700_000_000, 1_700_000_000)
  }
  const all = { all: false, include: [], exclude: [] }
  const tree = await scanTree(machine.root, { ...all, links: 'inside' })
  const content = cutIntoPieces(contentOfTree(tree, { version: 'v1', name: null }), MIB)
  const table = createTable(content)
  setPieces(table, 0, new Uint8Array(20 * known))
  const cache = openNullCache()
  const access = { cache, now: () => Date.now() + 60_000, trust: 'full' } as const
  const link = new RedisLink(parseRedisUrl(machine.url), { warn: () => undefined })
  const rules = { shares: [{ name: 's', directory: machine.root }] }
  const flush = () => Promise.resolve()
  const claims = new HashClaims(access, machine.directory, { link, rules, flush })
  let turns = 0
  const { signal } = new AbortController()
  // Asked each time that it goes on waiting
  Object.defineProperty(signal, 'aborted', {
    get: () => {
      turns += 1
      return false
    },
  })
  const engine = { signal }
  t.after(async () => {
    await cache.close()
    link.close()
  })
  return {
    cache,
    claims,
    turns: () => turns,
    claim: () => claims.claim({ content, table, engine }),
  }
}

/** Two owners of the same files on one machine, or on two that share them. */
async function makeOwners(t: TestContext, kind: 'processes' | 'machines', sizes = [5]) {
  redis?.send('flushall')
  const down = 'redis://127.0.0.1:1'
  const urls = kind === 'machines' ? [url, url] : [down, down]
  const machines = urls.map((each) => ({ ...makeMachine(t, 'one', { url: each }), url: each }))
  const [first, second] = machines
  if (!first || !second) throw new Error('no machines')
  const other = kind === 'machines' ? second : first
  return [await makeOwner(t, first, sizes), await makeOwner(t, other, sizes)] as const
}

for (const kind of ['processes', 'machines'] as const) {
  test(`of two ${kind}, the second waits for the first`, { skip: withoutAny }, async (t) => {
    const [one, two] = await makeOwners(t, kind)
    const claimed = await one.claim()
    const waiting = two.claim()
    await until('it waits', () => two.turns() > 2)
    claimed?.release()
    assert.equal((await waiting)?.isLookDue, true)
    assert.equal(one.turns(), 0)
  })

  test(`of two ${kind}, one that is closed holds nothing`, { skip: withoutAny }, async (t) => {
    const [one, two] = await makeOwners(t, kind)
    await one.claim()
    await one.cache.close()
    assert.ok(await two.claim())
    assert.equal(two.turns(), 0)
  })
}

test('work of one process waits for other work on the same file', async (t) => {
  const [one] = await makeOwners(t, 'processes')
  const claimed = await one.claim()
  const waiting = one.claim()
  await until('it waits', () => one.turns() > 0)
  claimed?.release()
  assert.ok(await waiting)
})

test('claims in Redis expire, and are released', { skip: WITHOUT_REDIS }, async (t) => {
  const [one] = await makeOwners(t, 'machines', [5, 1, 6])
  const claimed = await one.claim()
  const keys = redis?.send('keys', 'btkit1-claim*').split('\n') ?? []
  assert.equal(keys.length, 1)
  for (const key of keys) {
    const left = Number(redis?.send('pttl', key))
    assert.ok(left > 0 && left <= 15_000, String(left))
  }
  claimed?.release()
  await until('they are released', () => redis?.send('keys', 'btkit1-claim*') === '')
})

test('content is one claim, and few bytes none', { skip: WITHOUT_REDIS }, async (t) => {
  const [one] = await makeOwners(t, 'machines', [2, 2, 1])
  await one.claim()
  assert.equal(redis?.send('keys', 'btkit1-claim*').split('\n').length, 1)
  const machine = { ...makeMachine(t, 'few', { url }), url, known: 2 }
  const few = await makeOwner(t, machine, [2, 2, 1])
  assert.equal(await few.claim(), null)
})

test('a wait ends', { skip: withoutAny }, async (t) => {
  const [one, two] = await makeOwners(t, 'processes')
  await one.claim()
  const patience = claimPatience.ms
  claimPatience.ms = 100
  assert.equal(await two.claim(), null)
  claimPatience.ms = patience
  assert.ok(two.turns() > 0)
})

test('the lock of a process that is killed is free', { skip: withoutLocks }, async (t) => {
  const path = join(makeScratch(t), 'locks')
  const module = new URL('../../src/disk/write/locks.js', import.meta.url).href
  const text = `import { ByteLocks } from '${module}'
    console.log(ByteLocks.open(${JSON.stringify(path)})?.tryLock(7)); setInterval(() => 0, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', text])
  t.after(() => child.kill('SIGKILL'))
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  assert.equal(said.toString(), 'locked\n')
  const locks = ByteLocks.open(path)
  assert.equal(locks?.tryLock(7), 'held')
  child.kill('SIGKILL')
  await until('it is free', () => locks.tryLock(7) === 'locked')
  locks.close()
})

test('where there are no locks and no Redis, nobody waits', async (t) => {
  const machine = makeMachine(t, 'one', { url: '' })
  const gone = { ...machine, url: 'redis://127.0.0.1:1', directory: join(machine.directory, 'no') }
  const [one, two] = [await makeOwner(t, gone, [5]), await makeOwner(t, gone, [5])]
  assert.ok(await one.claim())
  assert.ok(await two.claim())
})
