import assert from 'node:assert/strict'
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { CACHE_FILE, openCache } from '../../../../src/disk/cache/open.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import {
  NOW,
  assertError,
  assertQuiet,
  assertStatus,
  runBtkit,
} from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

const DAY = 86_400
const MINUTE_LATER = () => Date.now() + 60_000

/** Runs `btkit cache` on a cache at the moment NOW. */
function runCache(directory: string, ...args: string[]) {
  return runBtkit(['cache', ...args, '--cache-dir', directory])
}

/** A cache with an info that was last used so many days before NOW. */
async function rememberInfo(directory: string, days: number): Promise<void> {
  const now = () => (NOW - days * DAY) * 1000
  const cache = await openCache({ directory, now, warn: assert.ifError })
  cache.put('info', pseudoRandom(32, days), pseudoRandom(100, days))
  await cache.close()
}

/** A file of three pieces, made into a torrent with a cache of its own. */
async function makeCached(t: TestContext) {
  const directory = makeScratch(t, { 'src/file': pseudoRandom(40_000) })
  const [file, cache] = [join(directory, 'src/file'), join(directory, 'cache')]
  const out = ['--target', join(directory, 'out.torrent'), '--piece-size-pow2', '14', '--quiet']
  const args = ['makemetafile', file, TRACKER, ...out, '--cache-dir', cache]
  assertQuiet(await runBtkit(args, { now: MINUTE_LATER }))
  return { file, cache }
}

test('stats says what is in the cache', async (t) => {
  const { cache } = await makeCached(t)
  const { stdout } = assertQuiet(await runCache(cache, 'stats'))
  assert.match(stdout, new RegExp(`^directory: ${cache}\n`))
  assert.match(stdout, /^size: +\d+(\.\d+)? KiB, /m)
  assert.match(
    stdout,
    /^records: +\d \(1 of files, 0 of trees, 0 of shared pieces, \d of directories, /m,
  )
  assert.match(stdout, /^oldest: +last used on \d{4}-\d\d-\d\d$/m)
  assert.match(stdout, /^hits: +0 of \d \(0\.0%\)$/m)
})

test('stats --json has the same for programs, days as ISO 8601 has them', async (t) => {
  const directory = makeScratch(t)
  await rememberInfo(directory, 3)
  const { stdout } = assertStatus(await runCache(directory, 'stats', '--json'), 0)
  const report = JSON.parse(stdout) as Record<string, unknown>
  const day = new Date((NOW - 3 * DAY) * 1000).toISOString().slice(0, 10)
  assert.equal(report['directory'], directory)
  assert.equal(report['oldest'], day)
  assert.equal((report['counts'] as Record<string, number>)['info'], 1)
  assert.deepEqual([report['hits'], report['misses']], [0, 0])
  assert.ok((report['size'] as number) >= (report['bytes'] as number))
})

test('without a cache, stats reports nothing and creates none', async (t) => {
  const directory = makeScratch(t)
  const { status, stdout } = await runCache(directory, 'stats', '--json')
  const { size, bytes, oldest } = JSON.parse(stdout) as Record<string, unknown>
  assert.deepEqual([status, size, bytes, oldest], [0, 0, 0, null])
  assert.match((await runCache(directory, 'stats')).stdout, /^oldest: +none$/m)
  assert.deepEqual(readdirSync(directory), [])
})

test('prune removes what was unused for a month, or for the time that is given', async (t) => {
  const directory = makeScratch(t)
  for (const days of [1, 10, 20, 40, 50]) await rememberInfo(directory, days)
  assert.equal((await runCache(directory, 'prune')).stdout, 'removed 2 records\n')
  assert.equal((await runCache(directory, 'prune')).stdout, 'removed 0 records\n')
  const { stdout } = await runCache(directory, 'prune', '--unused-for', '1w')
  // A record noted ten days ago may have been used three days ago
  assert.equal(stdout, 'removed 1 record\n')
})

test('prune reduces the cache to the given size, and keeps the last used records', async (t) => {
  const directory = makeScratch(t)
  for (const days of [1, 2, 3, 4]) await rememberInfo(directory, days)
  const { status, stdout } = await runCache(directory, 'prune', '--cache-max-size', '300')
  assert.deepEqual([status, stdout], [0, 'removed 2 records\n'])
  const { bytes, oldest } = JSON.parse(
    (await runCache(directory, 'stats', '--json')).stdout,
  ) as Record<string, number | string>
  assert.ok(Number(bytes) <= 300)
  assert.equal(oldest, new Date((NOW - 2 * DAY) * 1000).toISOString().slice(0, 10))
  assert.equal((await runCache(directory, 'prune', '--cache-max-size', '-1')).status, 2)
})

test('prune --dry-run removes nothing, and finds what a run would remove', async (t) => {
  const directory = makeScratch(t, { [`${CACHE_FILE}.damaged-1`]: 'x' })
  for (const days of [1, 2, 3, 4, 40, 50]) await rememberInfo(directory, days)
  const args = ['prune', '--cache-max-size', '300', '--json']
  const before = await runCache(directory, 'stats')
  const planned = await runCache(directory, ...args, '--dry-run')
  const report = { records: 4, damagedFiles: 1, dryRun: true }
  assert.deepEqual([planned.status, JSON.parse(planned.stdout)], [0, report])
  const { stdout } = await runCache(directory, 'prune', '--dry-run')
  assert.equal(stdout, 'would remove 2 records and 1 unused cache\n')
  assert.equal((await runCache(directory, 'stats')).stdout, before.stdout)
  const done = await runCache(directory, ...args)
  assert.deepEqual(JSON.parse(done.stdout), { ...report, dryRun: false })
})

test('prune removes renamed damaged caches', async (t) => {
  const directory = makeScratch(t, { [`${CACHE_FILE}.damaged-1`]: 'x', other: 'mine' })
  const { status, stdout } = await runCache(directory, 'prune')
  assert.deepEqual([status, stdout], [0, 'removed 0 records and 1 unused cache\n'])
  assert.deepEqual(readdirSync(directory), ['other'])
})

test('a cache of LMDB is named once, and prune removes it', async (t) => {
  const directory = makeScratch(t, { 'pieces.mdb': 'old', 'pieces.mdb-lock': '' })
  const said: string[] = []
  const warn = (message: string) => said.push(message)
  for (let i = 0; i < 2; i++) await (await openCache({ directory, now: Date.now, warn })).close()
  const again = 'files whose hashes are needed are read once more (--max-rate limits that)'
  const what = `pieces.mdb is of an older btkit and not used, so ${again}; "btkit cache prune" removes it`
  assert.deepEqual(said, [`cache ${directory}: ${what}`])
  assert.equal(readFileSync(join(directory, 'pieces.mdb'), 'utf8'), 'old')
  const { status, stdout } = await runCache(directory, 'prune')
  assert.deepEqual([status, stdout], [0, 'removed 0 records and 1 unused cache\n'])
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.startsWith('pieces.mdb')),
    [],
  )
})

test('clear leaves nothing of a cache, and nothing else is touched', async (t) => {
  const { cache } = await makeCached(t)
  writeFileSync(join(cache, `${CACHE_FILE}.damaged-7`), '')
  writeFileSync(join(cache, `${CACHE_FILE}-open-1-1`), '')
  writeFileSync(join(cache, 'other'), 'mine')
  const dry = await runCache(cache, 'clear', '--dry-run')
  assert.match(dry.stdout, /^would remove the cache in /)
  assert.equal(readdirSync(cache).length > 3, true)
  const { status, stdout } = await runCache(cache, 'clear')
  assert.deepEqual([status, stdout], [0, `removed the cache in ${cache}\n`])
  assert.deepEqual(readdirSync(cache), ['other'])
})

test('clear says where there is no cache, which is no failure', async (t) => {
  const directory = makeScratch(t)
  for (const place of [directory, join(directory, 'nowhere')]) {
    const { status, stdout } = await runCache(place, 'clear')
    assert.deepEqual([status, stdout], [0, `no cache in ${place}\n`])
  }
  writeFileSync(join(directory, `${CACHE_FILE}.damaged-7`), '')
  const { stdout } = await runCache(directory, 'clear')
  assert.equal(stdout, `removed the cache in ${directory}\n`)
})

test('clear fails if the system does not say whether there is a cache', async (t) => {
  const loop = join(makeScratch(t), 'loop')
  symlinkSync('loop', loop)
  const why = 'too many symbolic links encountered'
  assertError(await runCache(join(loop, 'a'), 'clear'), 'io', `${loop}/a: ${why}`)
})

for (const command of ['stats', 'prune', 'clear']) {
  test(`cache ${command} says that a file is no directory, wherever it is named`, async (t) => {
    const cache = join(makeScratch(t, { cache: 'a file' }), 'cache')
    for (const result of [
      runCache(cache, command),
      runBtkit(['cache', command], { env: { BTKIT_CACHE_DIR: cache } }),
    ])
      assertError(await result, 'not-found', `${cache}: not a directory`)
  })
}

test('a command that cache does not have is wrong usage', async (t) => {
  assert.equal((await runCache(makeScratch(t), 'nosuch')).status, 2)
})
