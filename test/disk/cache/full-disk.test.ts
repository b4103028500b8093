import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CACHE_FILE, openCache } from '../../../src/disk/cache/open.js'
import { openSqliteStore, PATIENCE } from '../../../src/disk/cache/sqlite-store.js'
import type { Store } from '../../../src/disk/cache/store.js'
import { executable, runExecutable } from '../../support/executable.js'
import { runProgram } from '../../support/programs.js'
import { serveMirror } from '../../support/serve.js'
import { TRACKER } from '../../support/torrents.js'
import { longTest } from '../../support/long.js'
import { Mirror } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { fillDisk, mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'
import { assertStatus } from '../../support/run-btkit.js'

/** Opens a cache on a small disk of its own, and notes what it warns of. */
async function openOnSmallDisk(t: Parameters<typeof mountSmallDisk>[0], mebibytes = 16) {
  const disk = mountSmallDisk(t, mebibytes)!
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const directory = join(disk, 'cache')
  const reopen = () => openCache({ directory, now: Date.now, warn })
  return { disk, directory, warnings, reopen, cache: await reopen() }
}

const FULL = /cache [^\n]+: only read until it can be written: no space left on device/

test('a cache whose disk fills is only read until there is space', unlessNoDisks, async (t) => {
  const { disk, warnings, cache, reopen } = await openOnSmallDisk(t)
  cache.put('info', pseudoRandom(32, 1), pseudoRandom(500, 1))
  await cache.flush()
  const filler = fillDisk(disk)
  for (let i = 2; i < 5000; i++) cache.put('info', pseudoRandom(32, i), pseudoRandom(2000, i))
  await cache.flush()
  assert.equal(cache.store.state(), 'full')
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, FULL)
  assert.ok(cache.get('info', pseudoRandom(32, 1)))
  rmSync(filler)
  assert.equal(cache.store.state(), 'used')
  assert.match(warnings[1]!, /^cache .*: written again$/)
  cache.put('info', pseudoRandom(32, 5000), pseudoRandom(2000, 5000))
  await cache.close()
  const again = await reopen()
  t.after(() => again.close())
  for (const i of [1, 5000]) assert.ok(again.get('info', pseudoRandom(32, i)))
  assert.equal(warnings.length, 2)
})

test('each time a disk has space again, later records are kept', unlessNoDisks, async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const disk = mountSmallDisk(t, 16)!
  const path = join(disk, 'x.sqlite')
  const states: string[] = []
  const patience = { open: 1000, flush: 10_000, close: 10_000, full: 0 }
  const warn = (message: string) => states.push(message)
  // Room for one change that waits
  const store = await openSqliteStore({ path, warn }, patience, 1)
  const put = (key: string) => {
    store.put(Buffer.from(key), { used: 20_000, value: Buffer.from('value') })
  }
  const rounds = ['1', '2']
  for (const round of rounds) {
    const filler = fillDisk(disk)
    for (const key of ['lost', 'lost, too']) {
      put(key)
      await store.flush()
    }
    rmSync(filler)
    put(round)
    // Without a flush: the service goes on
    t.mock.timers.tick(1000)
  }
  const full = 'only read until it can be written: no space left on device'
  assert.deepEqual(states, [full, 'written again', full, 'written again'])
  const again = await openSqliteStore({ path, warn: assert.ifError })
  assert.deepEqual(
    [...again.entries('')].map(({ key }) => String(Buffer.from(key))),
    rounds,
  )
  await Promise.all([store.close(), again.close()])
})

/** Lets another process put records of these numbers, and remove others, while this one waits. */
function changeRecords(path: string, put: Numbers, removed: Numbers = [0, 0]): void {
  const module = (place: string) => JSON.stringify(new URL(place, import.meta.url).href)
  const program = `
    import { openSqliteStore } from ${module('../../../src/disk/cache/sqlite-store.js')}
    import { pseudoRandom } from ${module('../../support/pseudo-random.js')}
    const store = await openSqliteStore({ path: ${JSON.stringify(path)}, warn: console.error })
    for (let i = ${removed[0]}; i < ${removed[1]}; i++) store.remove(pseudoRandom(32, i))
    for (let i = ${put[0]}; i < ${put[1]}; i++)
      store.put(pseudoRandom(32, i), { used: 20_000, value: pseudoRandom(900, i) })
    await store.close()`
  const args = ['--input-type=module', '--eval', program]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
}

/** From the first to before the last. */
type Numbers = readonly [from: number, to: number]

/** The number of records of these numbers that a store has, each of which must be right. */
function countRecords(store: Store, [from, to]: Numbers): number {
  let count = 0
  for (let i = from; i < to; i++) {
    const record = store.get(pseudoRandom(32, i))
    if (!record) continue
    assert.deepEqual(Buffer.from(record.value), Buffer.from(pseudoRandom(900, i)))
    count++
  }
  return count
}

/** A store in a file that has records, and whose disk is full when the store is opened. */
async function openOnFullDisk(t: TestContext, patience?: typeof PATIENCE) {
  const disk = mountSmallDisk(t, 64)!
  const path = join(disk, 'x.sqlite')
  changeRecords(path, [0, 2000])
  const filler = fillDisk(disk)
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const store = await openSqliteStore({ path, warn }, patience)
  t.after(() => store.close())
  assert.equal(countRecords(store, [0, 2000]), 2000)
  assert.match(warnings.splice(0).join(), /^only read until it can be written: no space left/)
  const makeRoom = () => {
    rmSync(filler, { force: true })
  }
  return { disk, path, store, warnings, makeRoom }
}

for (const isFullAgain of [false, true]) {
  const then = isFullAgain ? ', and fill its disk again' : ''
  const name = `a cache that was full at the start is read while others write it${then}`
  test(name, unlessNoDisks, async (t) => {
    const { disk, path, store, warnings, makeRoom } = await openOnFullDisk(t)
    for (const from of [2000, 4000, 6000]) {
      makeRoom()
      // The reader has begun to read, and pages that it knows get other contents
      await nextTurn()
      assert.equal(store.count(), 2000)
      changeRecords(path, [from, from + 2000], [from - 2000, from])
      if (isFullAgain) fillDisk(disk)
      assert.equal(countRecords(store, [from - 2000, from + 2000]), 2000)
    }
    assert.deepEqual(warnings, isFullAgain ? [] : ['written again'])
    assert.ok(!existsSync(`${path}.damaged`))
  })
}

test('a cache that is only read finds out that its disk has space', unlessNoDisks, async (t) => {
  const { store, warnings, makeRoom } = await openOnFullDisk(t, { ...PATIENCE, full: 0 })
  makeRoom()
  assert.equal(countRecords(store, [0, 1]), 1)
  assert.deepEqual(warnings, ['written again'])
})

for (const [what, from, told] of [
  ['schema', 100, /^not used until it can be written: no space left[^|]*$/],
  ['records', 8192, /^only read until it can be written: no space left[^|]*$/],
] as const) {
  test(`damaged ${what} are set aside when their disk has space`, unlessNoDisks, async (t) => {
    const disk = mountSmallDisk(t, 16)!
    const path = join(disk, 'x.sqlite')
    changeRecords(path, [0, 100])
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(statSync(path).size - from, 1), 0, null, from)
    closeSync(file)
    const filler = fillDisk(disk)
    const warnings: string[] = []
    const store = await openSqliteStore({ path, warn: (message) => warnings.push(message) })
    t.after(() => store.close())
    assert.equal(countRecords(store, [0, 100]), 0)
    assert.match(warnings.splice(0).join('|'), told)
    assert.ok(!existsSync(`${path}.damaged`))
    rmSync(filler)
    assert.equal(store.state(), 'used')
    assert.equal(countRecords(store, [0, 100]), 0)
    assert.match(warnings.join('|'), /\bdamaged: [^|]* a new cache is used$/)
    assert.ok(existsSync(`${path}.damaged`))
  })
}

longTest('a cache leaves 4 MiB of its disk to others', unlessNoDisks, async (t) => {
  const { directory, warnings, cache } = await openOnSmallDisk(t, 8)
  for (let i = 0; i < 10_000; i++) cache.put('info', pseudoRandom(32, i), pseudoRandom(1000, i))
  await cache.close()
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, FULL)
  assert.ok(statSync(join(directory, CACHE_FILE)).size < 4 * 1024 * 1024)
})

test(
  'each command reads a cache whose disk is full, and says so once',
  unlessNoDisks,
  async (t) => {
    const disk = mountSmallDisk(t, 8)!
    const files = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, name.repeat(40_000)]))
    const mirror = new Mirror(t, files, { cache: join(disk, 'cache') })
    await mirror.report()
    fillDisk(disk)
    const cache = ['--cache-dir', mirror.cache]
    const runOn = async (...args: string[]) => {
      const { status, stdout, stderr } = await runExecutable('btkit', [...args, ...cache])
      assert.equal(status, 0, stderr)
      assert.match(stderr, ONLY_READ)
      return stdout.startsWith('{') ? (JSON.parse(stdout) as Record<string, unknown>) : {}
    }
    assert.deepEqual((await runOn('cache', 'stats', '--json'))['counts'], FILES_ONLY)
    assert.equal((await runOn('cache', 'prune', '--json', '--cache-max-size', '0'))['records'], 0)
    assert.deepEqual((await runOn('cache', 'stats', '--json'))['counts'], FILES_ONLY)
    assert.equal((await runOn(...mirror.args(['--json', '--comment', 'x'])))['bytesHashed'], 0)
    const made = join(mirror.root, 'a.torrent')
    await runOn('makemetafile', mirror.at('a'), TRACKER, '--target', made, '--quiet')
    await runOn('verify', made, mirror.at('a'), '--cached', '--quiet')
    const { address, stop } = await serveMirror(t, {
      files,
      cacheDir: mirror.cache,
      args: ['--log', 'off'],
    })
    assert.equal((await fetch(`${address}/a.torrent`)).status, 200)
    assert.match((await stop()).stderr, ONLY_READ)
  },
)

const ONLY_READ =
  /^btkit: warning: cache [^\n]+: only read until it can be written: no space left on device\n$/
const ONLY_READ_BY_LIMIT =
  /^btkit: warning: cache [^\n]+: (only read|not used) until it can be written: disk I\/O error\n$/
const FILES_ONLY = { file: 3, tree: 0, piece: 0, info: 0, layers: 0, digest: 0 }

for (const kibibytes of [2, 8, 16]) {
  test(`a cache whose files may have only ${kibibytes} KiB costs one warning`, async (t) => {
    const mirror = new Mirror(t, { a: pseudoRandom(90_000) })
    const out = join(mirror.root, 'a.torrent')
    const args = ['makemetafile', mirror.at('a'), TRACKER, '--target', out, '--quiet']
    const limit = `--fsize=${kibibytes * 1024}`
    const btkit = [process.execPath, executable('btkit'), ...args, '--cache-dir', mirror.cache]
    const { status, stderr } = await runProgram('prlimit', [limit, ...btkit])
    assert.equal(status, 0, stderr)
    assert.match(stderr, ONLY_READ_BY_LIMIT)
  })
}

longTest('a run whose cache fills its disk does its work', unlessNoDisks, async (t) => {
  const disk = mountSmallDisk(t, 5)!
  writeFileSync(join(disk, 'filler'), Buffer.alloc(600 * 1024))
  const names = Array.from({ length: 2500 }, (_, i) => `file-${i}`.padEnd(200, 'x'))
  const files = Object.fromEntries(names.map((name) => [name, name]))
  const mirror = new Mirror(t, files, { cache: join(disk, 'cache') })
  const { stderr } = assertStatus(await mirror.run(['--quiet']), 0)
  assert.match(stderr, FULL)
  assert.equal(stderr.split('\n').length, 2)
  await mirror.checkAgainstFresh()
})
