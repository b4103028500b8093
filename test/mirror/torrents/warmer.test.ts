import assert from 'node:assert/strict'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { tryOr } from '../../../src/base/errors.js'
import { openNullCache } from '../../../src/disk/cache/piece-cache.js'
import type { FileTorrents } from '../../../src/mirror/torrents/file-torrents.js'
import type { GivenTorrents } from '../../../src/mirror/torrents/given-torrents.js'
import { Warmer } from '../../../src/mirror/torrents/warmer.js'
import { NotReady } from '../../../src/server/headers/refusal.js'
import { MirrorView } from '../../../src/mirror/tree/mirror.js'
import { holdHashing } from '../../support/held-hashing.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { fillDisk, mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'
import { makeScratch, plantFiles, plantLinks, plantHuge } from '../../support/scratch.js'
import { longTest } from '../../support/long.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { readHashedBytes, readMetric, untilFiles, untilMetric } from '../read-metric.js'
import { until } from '../../support/until.js'

const MIB = 2 ** 20
const FROM_CACHE = 'btkit_torrents_total{from="cache"}'

test('matching files are hashed before anybody asks, and no others', async (t) => {
  const files = {
    'iso/a.iso': pseudoRandom(3 * MIB, 1),
    'iso/deep/er/b.iso': 'b',
    'iso/deep/readme': 'r',
    'iso/.hidden.iso': 'hidden',
    'yum/c.iso': 'other',
  }
  const { port } = await serveMirror(t, { files, args: ['--warm', '/iso/**/*.iso'], ready: 2 })
  assert.equal(await readHashedBytes(port), 3 * MIB + 1)
  assert.equal(await readMetric(port, 'btkit_warm_hashed_bytes_total'), 3 * MIB + 1)
  assert.equal((await ask(port, '/iso/a.iso.torrent')).status, 200)
  assert.equal(await readMetric(port, FROM_CACHE), 1)
  assert.equal(await readHashedBytes(port), 3 * MIB + 1)
})

test('the newest files are hashed first', async (t) => {
  const held = holdHashing(t)
  const names = Array.from({ length: 20 }, (_, i) => `${i}.iso`)
  const root = makeScratch(t, Object.fromEntries(names.map((name) => [name, name])))
  for (const [i, name] of names.entries()) utimesSync(join(root, name), 1e9 + i, 1e9 + i)
  const { port } = await serveMirror(t, { root, args: ['--warm', '*'] })
  // So many are prepared at once
  await until('four are asked for', () => held.asked().length === 4)
  const first = held.asked().map((path) => basename(path))
  assert.deepEqual(first.sort(), ['16.iso', '17.iso', '18.iso', '19.iso'])
  held.release()
  await untilFiles(port, 'ready', names.length)
})

test('cached torrents are ready without being read', async (t) => {
  const root = makeScratch(t, { 'a.iso': 'a', 'b.iso': 'b' })
  const cacheDir = makeScratch(t)
  const args = ['--warm', '*.iso']
  const first = await serveMirror(t, { root, cacheDir, args })
  await untilFiles(first.port, 'ready', 2)
  await first.stop()
  const { port } = await serveMirror(t, { root, cacheDir, args, ready: 2 })
  assert.equal(await readHashedBytes(port), 0)
})

const WATCHED = ['--warm', '/iso/**']

test('a new file, and one in a new directory, is noticed by the next scan', async (t) => {
  const { port, root } = await serveMirror(t, { files: { 'iso/a': 'a' }, args: WATCHED, ready: 1 })
  plantFiles(root, { 'iso/b': 'bb' })
  await untilFiles(port, 'ready', 2)
  plantFiles(root, { 'iso/new/er/c': 'ccc', 'iso/new/d': 'dddd' })
  await untilFiles(port, 'ready', 4)
  assert.equal(await readHashedBytes(port), 1 + 2 + 3 + 4)
})

test('changed, added, moved and removed files are noticed', async (t) => {
  const files = { 'iso/a': 'a', 'iso/b': 'b', 'iso/dir/c': 'c', 'away/d': 'dd' }
  const { port, root } = await serveMirror(t, { files, args: WATCHED, ready: 3 })
  const at = (...path: string[]) => join(root, ...path)
  rmSync(at('iso/b'))
  await untilFiles(port, 'ready', 2)
  renameSync(at('iso/dir'), at('away/dir'))
  await untilFiles(port, 'ready', 1)
  renameSync(at('away'), at('iso/away'))
  await untilFiles(port, 'ready', 3)
  plantFiles(root, { 'iso/a': 'another' })
  await until(
    'all is hashed',
    async () => (await readHashedBytes(port)) >= 3 + 2 + 'another'.length,
  )
  await untilFiles(port, 'ready', 3)
  assert.equal(await readMetric(port, 'btkit_warm_files{state="failed"}'), 0)
})

test('files that cannot be looked at for a while stay ready', async (t) => {
  const files = { 'iso/a': 'a', 'iso/d/b': 'b', 'iso/d/c': 'c' }
  const { port, root } = await serveMirror(t, { files, args: WATCHED, ready: 3 })
  const usual = Object.getOwnPropertyDescriptor(MirrorView.prototype, 'file')!
    .value as MirrorView['file']
  t.mock.method(MirrorView.prototype, 'file', function look(this: MirrorView, path: string[]) {
    if (path.at(-1) === 'b') return Promise.reject(new NotReady('too many open files', 5))
    return usual.call(this, path)
  })
  rmSync(join(root, 'iso/d/c'))
  await untilFiles(port, 'ready', 2)
  const scans = () => readMetric(port, 'btkit_warm_scans_total')
  const before = await scans()
  await until('another scan', async () => (await scans()) > before)
  assert.equal(await readMetric(port, 'btkit_warm_files{state="ready"}'), 2)
})

test('the next scan finds the files of another root', async (t) => {
  const place = makeScratch(t, { 'old/a': 'a', 'new/b': 'b', 'new/c': 'c' })
  const root = join(place, 'current')
  symlinkSync('old', root)
  const args = ['--warm', '**']
  const { port } = await serveMirror(t, { root, args, ready: 1 })
  symlinkSync('new', `${root}.new`)
  renameSync(`${root}.new`, root)
  await untilFiles(port, 'ready', 2)
  assert.ok((await readMetric(port, 'btkit_warm_scans_total')) > 1)
})

test('a request for a file that is just hashed ahead at a low rate does not wait for that', async (t) => {
  const root = makeScratch(t, { 'iso/a.iso': pseudoRandom(8 * MIB, 5) })
  const args = ['--warm', '/iso/*', '--max-rate', '100K', '--max-wait', '60']
  const { port } = await serveMirror(t, { root, args })
  // At that rate, the whole file would take more than a minute
  await untilMetric(port, 'btkit_warm_hash_jobs', 1)
  assert.equal((await ask(port, '/iso/a.iso.torrent')).status, 200)
  await untilFiles(port, 'ready', 1)
  // The work ahead may have read a little before the request
  assert.equal(Math.floor((await readHashedBytes(port)) / MIB), 8)
})

/** The niceness of each thread of this process, by proc(5). */
function nicenessOfThreads(): number[] {
  const place = '/proc/self/task'
  return readdirSync(place).flatMap((thread) => {
    const read = () => readFileSync(join(place, thread, 'stat'), 'latin1')
    // It may have ended, and its name may have blanks
    const [, facts = ''] = tryOr('', read).split(') ')
    return facts === '' ? [] : [Number(facts.split(' ')[16])]
  })
}

test('the service hashes ahead with the lowest priority, and stops at once meanwhile', async (t) => {
  const root = makeScratch(t)
  plantHuge(root, 'huge.iso', 64 * 2 ** 30)
  const args = ['--warm', '*', '--max-rate', '1M']
  const { port, stop } = await serveMirror(t, { root, args })
  await untilMetric(port, 'btkit_warm_hash_jobs', 1)
  if (process.platform === 'linux')
    await until('threads hash with it', () => nicenessOfThreads().includes(19))
  assert.equal((await stop()).status, 0)
})

test('circular links are not followed for ever, and links outside not at all', async (t) => {
  const root = makeScratch(t, { 'iso/a': 'a' })
  const outside = makeScratch(t, { x: 'outside' })
  plantLinks(root, { 'iso/up': '..', 'iso/out': outside, 'iso/b': 'a' })
  mkdirSync(join(root, '-'))
  plantFiles(root, { '-/x': 'x' })
  const { port } = await serveMirror(t, { root, args: ['--warm', '**'], ready: 2 })
  await untilFiles(port, 'waiting', 0)
  assert.equal(await readMetric(port, 'btkit_warm_files{state="failed"}'), 0)
})

test(
  'while the disk of the cache is full, files wait, and are then ready',
  unlessNoDisks,
  async (t) => {
    const disk = mountSmallDisk(t, 24)!
    const args = ['--warm', '*']
    const served = { files: { a: 'a' }, cacheDir: join(disk, 'cache'), args }
    const { port, root } = await serveMirror(t, served)
    await untilFiles(port, 'ready', 1)
    const filler = fillDisk(disk)
    plantFiles(root, { b: 'b' })
    await until(
      'the cache is full',
      async () => (await readMetric(port, 'btkit_cache_writable')) === 0,
    )
    plantFiles(root, { c: 'c' })
    await untilFiles(port, 'waiting', 1)
    const scans = () => readMetric(port, 'btkit_warm_scans_total')
    const before = await scans()
    await until('it has scanned twice', async () => (await scans()) > before + 1)
    assert.equal(await readMetric(port, 'btkit_warm_files{state="waiting"}'), 1)
    rmSync(filler)
    await untilFiles(port, 'ready', 3)
    // The digest of b was lost
    await until('all is hashed', async () => (await readHashedBytes(port)) === 4)
  },
)

test('an empty file, which has no torrent, is left out while it is empty', async (t) => {
  const { port, root, stderr } = await serveMirror(t, {
    files: { a: '', b: 'b' },
    args: ['--warm', '*', '--log', 'off'],
  })
  await untilFiles(port, 'ready', 1)
  for (const state of ['waiting', 'failed']) await untilFiles(port, state, 0)
  plantFiles(root, { a: 'full', c: '' })
  await untilFiles(port, 'ready', 2)
  truncateSync(join(root, 'b'))
  await untilFiles(port, 'ready', 1)
  for (const state of ['waiting', 'failed']) await untilFiles(port, state, 0)
  assert.equal(stderr.text, '')
})

test('a file dated ahead is ready like others, hashed once, and has a strong tag', async (t) => {
  const root = makeScratch(t, { a: 'content' })
  utimesSync(join(root, 'a'), 5e9, 5e9)
  const { port } = await serveMirror(t, {
    root,
    args: ['--warm', '*', '--seed', '--seed-port', '0'],
  })
  await untilFiles(port, 'ready', 1)
  const { status, headers } = await ask(port, '/a.torrent')
  assert.deepEqual([status, await readHashedBytes(port)], [200, 7])
  assert.doesNotMatch(headers.etag ?? 'W/', /^W/)
  assert.doesNotMatch((await ask(port, '/a')).headers.etag ?? 'W/', /^W/)
})

test('a hundred files that fail are named, and that there are more', async (t) => {
  const root = makeScratch(t)
  const names = Array.from({ length: 102 }, (_, i) => `f${i}`)
  for (const name of names) {
    plantFiles(root, { [name]: name })
    truncateSync(join(root, name), 2 ** 34)
  }
  const args = ['--warm', '*', '--piece-length', '16KiB']
  const { port, stderr } = await serveMirror(t, { root, args })
  await untilFiles(port, 'failed', names.length)
  const said = stderr.text.split('\n').filter((line) => line.includes('--warm: '))
  assert.equal(said.length, 100)
  assert.match(said[0]!, /\/f\d+: a torrent of more than 8 GiB has too many pieces; ask for less$/)
  assert.match(said[99]!, /ask for less; further failures are not reported$/)
})

test('patterns without a match cause a warning', async (t) => {
  const { stderr } = await serveMirror(t, { files: { a: 'a' }, args: ['--warm', '/b*'] })
  await until('it says so', () => stderr.text.includes('\n'))
  assert.match(stderr.text, /--warm \/b\*: no file matches yet/)
})

test('a file that is too young is tried again when it is old enough', async (t) => {
  const delays = new Set<number>()
  const { setTimeout } = globalThis
  t.mock.method(globalThis, 'setTimeout', (act: () => void, delay = 0) => {
    delays.add(delay)
    return setTimeout(act, delay)
  })
  const args = ['--warm', '*', '--min-age', '1h']
  const { port } = await serveMirror(t, { files: { a: 'a' }, args })
  await untilFiles(port, 'waiting', 1)
  await until('it waits long', () =>
    [...delays].some((delay) => delay > 3_000_000 && delay <= 3_600_000),
  )
})

longTest('of more than 1,000,000 files that match, others are left out', async (t) => {
  const hundred = Array.from({ length: 100 }, (_, n) => `${n}`)
  const root = makeScratch(t, Object.fromEntries(hundred.map((name) => [`c/${name}`, 'x'])))
  plantFiles(root, { 'c/one more': 'x' })
  // Links to one directory: 1,010,000 paths
  for (const [from, to] of ['ab', 'bc']) {
    mkdirSync(join(root, from!))
    plantLinks(root, Object.fromEntries(hundred.map((name) => [`${from}/${name}`, `../${to}`])))
  }
  const fingerprint = { size: 1, mtimeNs: 1n, ctimeNs: 1n, inode: 1n, device: 1n }
  t.mock.method(MirrorView.prototype, 'file', (path: string[]) => {
    return Promise.resolve({ path, absolutePath: '', fingerprint })
  })
  const warned: string[] = []
  const failures: unknown[] = []
  const warmer = new Warmer({
    mirror: { root, hidden: false, followSymlinks: false },
    options: { patterns: ['/a/*/*/*'], maxRate: null },
    given: { isUsed: false } as GivenTorrents,
    torrents: { obtain: () => new Promise(() => undefined) } as unknown as FileTorrents,
    cacheAccess: { cache: openNullCache(), trust: 'full', now: Date.now },
    throttle: undefined,
    onReady: () => undefined,
    onGone: () => undefined,
    warn: (message) => warned.push(message),
    onError: (error) => failures.push(error),
    monotonic: () => performance.now(),
  })
  warmer.start([])
  t.after(() => void warmer.stop())
  await until('it has looked', () => warmer.scans === 1)
  assert.deepEqual(warmer.counts, { ready: 0, waiting: 1_000_000, failed: 0 })
  assert.match(
    warned.join('\n'),
    /^--warm: more than 1000000 files match: \/a\/.+ and others are left out; use narrower patterns$/,
  )
  assert.deepEqual(failures, [])
})
