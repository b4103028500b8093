import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'lmdb'
import { openLmdbStore } from '../../src/cache/store/lmdb.js'
import { CACHE_FILE } from '../../src/cache/open.js'
import { runExecutable } from '../support/executable.js'
import { Mirror, TRACKER } from '../support/mirror.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import {
  giveAway,
  makeOpenScratch,
  unlessAlwaysPermitted,
  unprivileged,
} from '../support/unprivileged.js'

const PAGE = 4096
const FILES = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [`file-${i}`, pseudoRandom(100_000, i)] as const),
)
const SMALL_PIECES = ['--piece-size-pow2', '14']

/** A mirror whose cache is filled, and the path of that cache's file. */
async function makeFilled(t: { after: (act: () => void) => void }) {
  const mirror = new Mirror(t, FILES)
  await mirror.report(SMALL_PIECES)
  await mirror.report(SMALL_PIECES)
  return { mirror, file: join(mirror.cache, CACHE_FILE) }
}

/**
 * Runs the program, which a damaged database may end, so that everything is looked up and written
 * again.
 */
async function runOn(mirror: Mirror) {
  const args = ['--comment', 'after', ...SMALL_PIECES, '--quiet']
  const { status, stderr } = await runExecutable('btkit', mirror.args(args))
  await mirror.checkAgainstFresh(['--comment', 'after', ...SMALL_PIECES])
  return { status, warnings: stderr }
}

const ONE_WARNING = /^btkit: warning: cache [^\n]+: damaged, or not a cache of btkit; [^\n]+\n$/

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
  'is cut in half': (file) => {
    truncateSync(file, statSync(file).size / 2)
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
    const database = open({ path: file, noSubdir: true })
    database.putSync('theirs', { data: 1 })
    database.close()
  },
}

for (const [what, damage] of Object.entries(DAMAGES)) {
  test(`a cache whose file ${what} is set aside with one warning`, async (t) => {
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
  // LMDB itself may print which page is missing
  assert.match(warnings, /^(page \d+ not found error\n)?(btkit: warning: cache [^\n]+\n)?$/)
})

test('a damaged lock file is no matter', async (t) => {
  const { mirror, file } = await makeFilled(t)
  writeFileSync(`${file}-lock`, pseudoRandom(8192))
  const { status, warnings } = await runOn(mirror)
  assert.deepEqual([status, warnings], [0, ''])
})

for (let seed = 1; seed <= 3; seed++) {
  test(`overwritten pages end three runs at most (${seed})`, async (t) => {
    const { mirror, file } = await makeFilled(t)
    const pages = statSync(file).size / PAGE
    for (let i = 0; i < seed; i++) {
      const page = 2 + (pseudoRandom(4, seed * 10 + i).readUInt32LE() % (pages - 2))
      overwrite(file, page * PAGE, pseudoRandom(PAGE, seed))
    }
    const statuses: (number | null)[] = []
    for (const comment of ['met', 'again', 'and again', 'set aside', 'used']) {
      const args = ['--comment', comment, ...SMALL_PIECES, '--quiet']
      statuses.push((await runExecutable('btkit', mirror.args(args))).status)
    }
    assert.ok(statuses.filter((status) => status !== 0).length <= 3, String(statuses))
    assert.equal((await runOn(mirror)).status, 0)
  })
}

const BOOT = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

for (const mark of ['', 'nonsense', '1 2 3 4', `${BOOT} ${process.pid} 2`, `${BOOT} 999999999 1`]) {
  test(`a cache with the mark '${mark}' is used`, async (t) => {
    const { mirror, file } = await makeFilled(t)
    writeFileSync(`${file}-mark`, mark)
    const { stdout, stderr } = await mirror.run(['--json', '--comment', 'x', ...SMALL_PIECES])
    assert.equal(stderr, '')
    assert.equal((JSON.parse(stdout) as { bytesHashed: number }).bytesHashed, 0)
    assert.equal(existsSync(`${file}-mark`), false)
  })
}

test('a cache with which three processes died in a row is set aside', async (t) => {
  const { mirror, file } = await makeFilled(t)
  writeFileSync(`${file}-mark`, `${BOOT} 999999999 2`)
  const { status, warnings } = await runOn(mirror)
  assert.equal(status, 0)
  assert.match(warnings, ONE_WARNING)
})

test('a cache that was copied from elsewhere is used', async (t) => {
  const { mirror, file } = await makeFilled(t)
  const copy = readFileSync(file)
  rmSync(mirror.cache, { recursive: true })
  mkdirSync(mirror.cache)
  writeFileSync(file, copy)
  utimesSync(file, 1e9, 1e9)
  assert.equal((await mirror.report(['--comment', 'x', ...SMALL_PIECES])).bytesHashed, 0)
})

test('a cache that a newer btkit wrote is left as it is, with one warning', async (t) => {
  const { mirror, file } = await makeFilled(t)
  const store = openLmdbStore(file, assert.ifError)
  store.put(Buffer.from('m/format'), Buffer.of(2))
  await store.close()
  const before = readFileSync(file)
  const { status, warnings } = await runOn(mirror)
  const said = `btkit: warning: cache ${mirror.cache}: not used: a newer btkit wrote it\n`
  assert.deepEqual([status, warnings], [0, said])
  assert.ok(readFileSync(file).equals(before))
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
  const said = `btkit: warning: cache ${mirror.cache}: not used: file already exists\n`
  assert.deepEqual([status, stderr], [0, said])
  assert.equal(readFileSync(mirror.cache, 'utf8'), 'mine')
})

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
      assert.match(stderr, isFilled ? /^$/ : /^btkit: warning: cache [^\n]+: not used: [^\n]+\n$/)
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
