import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openNullCache } from '../../src/cache/piece-cache.js'
import type { Claims } from '../../src/fleet/claims.js'
import { claimPatience, HashClaims, type ClaimLevel } from '../../src/fleet/hash-claims.js'
import { contentOfTree } from '../../src/core/digests/content.js'
import { createTable, setPieces } from '../../src/core/digests/piece-table.js'
import { scanTree } from '../../src/files/scan/scan-tree.js'
import { nativeAddon } from '../../src/native-addon.js'
import { makeMachine, type Machine } from '../support/fleet.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { startRedis, WITHOUT_REDIS } from '../support/redis.js'
import { parseJson } from '../support/run-btkit.js'

const withoutLocks = !('lockByte' in nativeAddon()) && 'the addon is not built'
const redis = WITHOUT_REDIS ? null : await startRedis({ after })
const url = redis?.url ?? ''
// Three machines hash in one process, beside other tests
claimPatience.ms = 60_000

const SIZE = 16 * 1024 * 1024
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

for (const version of ['--v1', '--v2', '--hybrid']) {
  const args = version === '--v1' ? [] : [version]
  const title = `processes with one cache that make a torrent at once read its file once, ${version}`
  test(title, { skip: withoutLocks }, async (t) => {
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
  test(ofMachines, { skip: WITHOUT_REDIS }, async (t) => {
    redis?.send('flushall')
    const machines = ['one', 'two', 'three'].map((name) => makeMachine(t, name, { url }))
    for (const machine of machines) plantLarge(machine, 'a.iso')
    assert.equal(await makeAtOnce(machines, ...args, '--share-check', 'none'), SIZE)
    assert.equal(redis?.send('keys', 'btkit1-claim*'), '')
  })
}

/** Claims that another owner has for the first so many attempts. */
function busyLevel(attempts: number) {
  const asked: string[][] = []
  const released: string[][] = []
  const claims: Claims = {
    claim: (names) => {
      asked.push([...names])
      return Promise.resolve(asked.length > attempts ? 'held' : 'wait')
    },
    renew: () => Promise.resolve(),
    release: (names) => {
      released.push([...names])
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
  const level: ClaimLevel = { claims, nameOf: ({ file }) => file.path.join('/') }
  return { level, asked, released }
}

interface TreeSetup {
  readonly sizes: readonly number[]
  readonly known?: number
  readonly level: ClaimLevel
  /** Writes to the cache. */
  readonly flush?: () => Promise<void>
}

/** Claims of a directory with files of these sizes in MiB, whose first pieces are known. */
async function claimTree(machine: Machine, { sizes, known = 0, level, flush }: TreeSetup) {
  for (const [i, size] of sizes.entries()) {
    const path = join(machine.root, `${i}`)
    writeFileSync(path, BYTES.subarray(0, size * 1024 * 1024))
    utimesSync(path, 1_700_000_000, 1_700_000_000)
  }
  const tree = await scanTree(machine.root, {
    all: false,
    include: [],
    exclude: [],
    links: 'inside',
  })
  const content = contentOfTree(tree, { version: 'v1', name: null, pieceLength: 1024 * 1024 })
  const table = createTable(content)
  setPieces(table, 0, new Uint8Array(20 * known))
  const cache = Object.assign(openNullCache(), flush && { flush })
  const access = { cache, now: () => Date.now() + 60_000, trust: 'full' } as const
  const claims = new HashClaims(access, [level], { ms: 100, bytesPerMs: Infinity })
  const { signal } = new AbortController()
  let turns = 0
  const pauses = {
    onPause: () => undefined,
    goOn: () => {
      turns += 1
      return Promise.resolve(1)
    },
  }
  const claim = () => claims.claim({ content, table, engine: { signal, pauses } })
  return { claims, claim, turns: () => turns }
}

test('large files with unknown pieces are claimed, and released together', async (t) => {
  const { level, asked, released } = busyLevel(0)
  const machine = makeMachine(t, 'one', { url: '' })
  const { claims, claim } = await claimTree(machine, { sizes: [5, 1, 6, 7], known: 5, level })
  const claimed = await claim()
  assert.deepEqual(asked, [['2', '3']])
  claimed?.release()
  await claims.close()
  assert.deepEqual(released, [['2', '3']])
})

test('the end waits for claims that are being released', async (t) => {
  const { level, released } = busyLevel(0)
  const machine = makeMachine(t, 'one', { url: '' })
  const disk = new EventEmitter()
  const flush = async () => {
    disk.emit('busy')
    await once(disk, 'done')
  }
  const { claims, claim } = await claimTree(machine, { sizes: [5], level, flush })
  const claimed = await claim()
  const busy = once(disk, 'busy')
  claimed?.release()
  await busy
  const closed = claims.close().then(() => [...released])
  await setImmediate()
  disk.emit('done')
  assert.deepEqual(await closed, [['0']])
})

test('small files are one claim, and few bytes none', async (t) => {
  const { level, asked } = busyLevel(0)
  const machine = makeMachine(t, 'one', { url: '' })
  const { claims, claim } = await claimTree(machine, { sizes: [2, 2, 1], level })
  await claim()
  assert.equal(asked.length, 1)
  assert.match(asked[0]?.join(' ') ?? '', /^[0-9a-f]{64}$/)
  await claims.close()
  const few = await claimTree(machine, { sizes: [2, 2, 1], known: 2, level })
  assert.equal(await few.claim(), null)
  assert.equal(asked.length, 1)
})

test('who waits lets other work have its turn, and looks again', async (t) => {
  const { level, asked } = busyLevel(2)
  const machine = makeMachine(t, 'one', { url: '' })
  const { claims, claim, turns } = await claimTree(machine, { sizes: [5], level })
  assert.equal((await claim())?.isLookDue, true)
  assert.equal(asked.length, 3)
  assert.equal(turns(), 2)
  await claims.close()
})

test('a wait ends, and after one in vain the next does not wait', async (t) => {
  const { level, asked } = busyLevel(Infinity)
  const machine = makeMachine(t, 'one', { url: '' })
  const { claims, claim, turns } = await claimTree(machine, { sizes: [5], level })
  assert.equal(await claim(), null)
  assert.ok(asked.length > 1)
  const before = turns()
  assert.equal(await claim(), null)
  assert.equal(turns(), before)
  await claims.close()
})
