import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDatabase } from '../../../src/disk/cache/sqlite.js'
import { CACHE_FILE } from '../../../src/disk/cache/open.js'
import { runExecutable } from '../../support/executable.js'
import { longTest, quickFirst } from '../../support/long.js'
import { aheadOfFiles, Mirror } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { runBtkit } from '../../support/run-btkit.js'
import { serveMirror } from '../../support/serve.js'
import {
  giveAway,
  makeOpenScratch,
  unlessAlwaysPermitted,
  unprivileged,
} from '../../support/unprivileged.js'
import { TRACKER } from '../../support/torrents.js'

const PAGE = 4096
const FILES = Object.fromEntries(
  Array.from({ length: 30 }, (_, i) => [`file-${i}`, pseudoRandom(100_000, i)] as const),
)
const SMALL_PIECES = ['--piece-size-pow2', '14']

/** A mirror whose cache is filled, and the path of that cache's file. */
async function makeFilled(t: { after: (act: () => void) => void }) {
  const mirror = await Mirror.made(t, FILES, SMALL_PIECES)
  await mirror.report(SMALL_PIECES)
  return { mirror, file: join(mirror.cache, CACHE_FILE) }
}

/** Runs completedir so that everything is looked up and written again. */
async function runOn(mirror: Mirror) {
  const args = ['--comment', 'after', ...SMALL_PIECES, '--quiet']
  const { status, stderr } = await mirror.run(args)
  await mirror.checkAgainstFresh(['--comment', 'after', ...SMALL_PIECES])
  return { status, warnings: stderr }
}

const ONE_WARNING =
  /^btkit: warning: cache [^\n]+: (damaged|not a cache of btkit)[^\n]*; renamed to pieces\.sqlite\.damaged, which "btkit cache prune" removes; a new cache is used\n$/

function overwrite(file: string, at: number, bytes: Uint8Array): void {
  const content = readFileSync(file)
  content.set(bytes, at)
  writeFileSync(file, content)
}

/** Damage that no program could mistake for a valid cache file. */
const DAMAGES: Record<string, (file: string) => void> = {
  'is random bytes': (file) => {
    writeFileSync(file, pseudoRandom(statSync(file).size))
  },
  'is cut after its third page': (file) => {
    truncateSync(file, 3 * PAGE)
  },
  'is cut inside its first page': (file) => {
    truncateSync(file, 100)
  },
  'has zeros for its first page': (file) => {
    overwrite(file, 0, Buffer.alloc(PAGE))
  },
  'has random bytes for its first two pages': (file) => {
    overwrite(file, 0, pseudoRandom(2 * PAGE))
  },
  'is a text': (file) => {
    writeFileSync(file, 'Dear diary,\n'.repeat(1000))
  },
  'is the database of another program': (file) => {
    rmSync(file)
    const database = openDatabase(file)
    database.exec('create table theirs (data)')
    database.close()
  },
}

const testDamage = quickFirst(2)

for (const [what, damage] of Object.entries(DAMAGES)) {
  testDamage(`a cache whose file ${what} is set aside with one warning`, async (t) => {
    const { mirror, file } = await makeFilled(t)
    damage(file)
    const { status, warnings } = await runOn(mirror)
    assert.equal(status, 0)
    assert.match(warnings, ONE_WARNING)
    assert.equal(readdirSync(mirror.cache).filter((name) => name.includes('damaged')).length, 1)
    assert.deepEqual((await mirror.run(['--quiet', ...SMALL_PIECES])).stderr, '')
  })
}

test('wrong digests in the cache reach no torrent', async (t) => {
  const { mirror, file } = await makeFilled(t)
  const content = readFileSync(file)
  // Pages full of digests are long records; a bit of each is wrong now
  for (let at = 2 * PAGE; at < content.length; at += 256) content[at + 200]! ^= 4
  writeFileSync(file, content)
  const { status, warnings } = await runOn(mirror)
  assert.equal(status, 0)
  assert.match(warnings, /^(btkit: warning: cache [^\n]+\n)?$/)
})

test('damaged files beside the cache are no matter', async (t) => {
  const { mirror, file } = await makeFilled(t)
  for (const suffix of ['-wal', '-shm']) writeFileSync(file + suffix, pseudoRandom(40_000))
  const { status, warnings } = await runOn(mirror)
  assert.deepEqual([status, warnings], [0, ''])
})

const testPages = quickFirst()

for (let seed = 1; seed <= 3; seed++) {
  testPages(`overwritten pages end no run (${seed})`, async (t) => {
    const { mirror, file } = await makeFilled(t)
    const pages = statSync(file).size / PAGE
    for (let i = 0; i < seed; i++) {
      const page = 2 + (pseudoRandom(4, seed * 10 + i).readUInt32LE() % (pages - 2))
      overwrite(file, page * PAGE, pseudoRandom(PAGE, seed))
    }
    const statuses: (number | null)[] = []
    for (const comment of ['met', 'again', 'and again', 'set aside', 'used']) {
      const args = ['--comment', comment, ...SMALL_PIECES, '--quiet']
      statuses.push((await mirror.run(args)).status)
    }
    assert.deepEqual(new Set(statuses), new Set([0]))
    assert.equal((await runOn(mirror)).status, 0)
  })
}

/** Overwrites all pages of a cache but its first two. */
function overwriteTree(file: string): void {
  overwrite(file, 2 * PAGE, pseudoRandom(statSync(file).size - 2 * PAGE))
}

test('each command sets aside a cache whose pages another program wrote, at once', async (t) => {
  const { mirror, file } = await makeFilled(t)
  const cache = ['--cache-dir', mirror.cache]
  const torrent = mirror.torrent('file-1')
  const commands = [
    ['makemetafile', mirror.source, TRACKER, '--target', join(mirror.root, 'x.torrent'), '--quiet'],
    mirror.args(['--comment', 'x', '--quiet', ...SMALL_PIECES]),
    ['verify', torrent, mirror.at('file-1'), '--quiet'],
    ['verify', torrent, mirror.at('file-1'), '--cached', '--quiet'],
    ['cache', 'stats', '--json'],
    ['cache', 'prune', '--dry-run', '--json'],
    ['cache', 'prune', '--json'],
  ]
  const sound = readFileSync(file)
  for (const command of commands) {
    writeFileSync(file, sound)
    overwriteTree(file)
    const { status, stderr } = await runBtkit([...command, ...cache], { now: aheadOfFiles })
    assert.deepEqual([command[0], status], [command[0], 0], stderr)
    if (command[0] !== 'verify' || stderr !== '') assert.match(stderr, ONE_WARNING)
  }
})

test('serve sets aside a cache whose pages another program wrote, and uses a new one', async (t) => {
  const { mirror, file } = await makeFilled(t)
  overwriteTree(file)
  const args = ['--log', 'off', '--cache-dir', mirror.cache]
  const { address, stop } = await serveMirror(t, { files: { a: 'a'.repeat(30_000) }, args })
  assert.equal((await fetch(`${address}/a.torrent`)).status, 200)
  assert.match((await stop()).stderr, ONE_WARNING)
  const { stdout } = await runBtkit(['cache', 'stats', '--json', ...args.slice(2)])
  assert.equal((JSON.parse(stdout) as { counts: { file: number } }).counts.file, 1)
})

test('a cache that was copied from elsewhere is used', async (t) => {
  const { mirror, file } = await makeFilled(t)
  const copy = readFileSync(file)
  rmSync(mirror.cache, { recursive: true })
  mkdirSync(mirror.cache)
  writeFileSync(file, copy)
  assert.equal((await mirror.report(['--comment', 'x', ...SMALL_PIECES])).bytesHashed, 0)
})

longTest('a cache that a newer btkit wrote is left as it is, with one warning', async (t) => {
  const { mirror, file } = await makeFilled(t)
  const database = openDatabase(file)
  // Else the change is in the log until the last of this process has let go of the file
  database.exec('pragma user_version = 2; pragma wal_checkpoint(truncate)')
  database.close()
  const before = readFileSync(file)
  const { status, warnings } = await runOn(mirror)
  const said = `btkit: warning: cache ${mirror.cache}: not used: a newer btkit wrote it\n`
  assert.deepEqual([status, warnings], [0, said])
  assert.ok(readFileSync(file).equals(before))
})

test('a cache whose path would be another one as an address is used', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  const options = ['--cache-dir', join(mirror.cache, 'a #1?%20b é'), ...SMALL_PIECES]
  assert.equal((await mirror.report(options)).bytesHashed, 1)
  const { bytesHashed } = await mirror.report([...options, '--comment', 'x'])
  assert.equal(bytesHashed, 0)
})

test('a directory in place of the cache file costs one warning', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  mkdirSync(join(mirror.cache, CACHE_FILE), { recursive: true })
  const { status, stderr } = await mirror.run(['--quiet'])
  assert.equal(status, 0)
  assert.match(stderr, /^btkit: warning: cache [^\n]+: not used: [^\n]+\n$/)
  await mirror.checkAgainstFresh()
})

test('a file in place of the cache directory costs one warning', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  writeFileSync(mirror.cache, 'mine')
  const { status, stderr } = await mirror.run(['--quiet'])
  const said = `btkit: warning: cache ${mirror.cache}: not used: not a directory\n`
  assert.deepEqual([status, stderr], [0, said])
  assert.equal(readFileSync(mirror.cache, 'utf8'), 'mine')
})

const ONLY_READ = /^btkit: warning: cache [^\n]+: only read until it can be written: [^\n]+\n$/

for (const [what, isFilled] of [
  ['an empty', false],
  ['a filled', true],
] as const) {
  test(
    `${what} cache directory that can't be written to costs a warning at most`,
    unlessAlwaysPermitted,
    async (t) => {
      const directory = makeOpenScratch(t, { 'src/a': 'a', 'cache/x': '' })
      for (const name of ['src', 'cache']) giveAway(join(directory, name))
      const cache = ['--cache-dir', join(directory, 'cache')]
      const make = (comment: string) => {
        const args = ['makemetafile', 'src/a', TRACKER, ...cache, '--quiet', '--comment', comment]
        return runExecutable('btkit', args, { cwd: directory, ...unprivileged })
      }
      if (isFilled) assert.equal((await make('1')).status, 0)
      chmodSync(join(directory, 'cache'), 0o555)
      const { status, stderr } = await make('2')
      assert.equal(status, 0)
      assert.match(
        stderr,
        isFilled ? ONLY_READ : /^btkit: warning: cache [^\n]+: not used: [^\n]+\n$/,
      )
      chmodSync(join(directory, 'cache'), 0o777)
    },
  )
}

test('a cache file that may not be read costs one warning', unlessAlwaysPermitted, async (t) => {
  const directory = makeOpenScratch(t, { 'src/a': 'a', [`cache/${CACHE_FILE}`]: 'x' })
  for (const name of ['src', 'cache']) giveAway(join(directory, name))
  chmodSync(join(directory, 'cache', CACHE_FILE), 0)
  const args = [
    'makemetafile',
    'src/a',
    TRACKER,
    '--cache-dir',
    join(directory, 'cache'),
    '--quiet',
  ]
  const { status, stderr } = await runExecutable('btkit', args, { cwd: directory, ...unprivileged })
  assert.equal(status, 0)
  assert.match(stderr, /^btkit: warning: cache [^\n]+: not used: permission denied\n$/)
})
