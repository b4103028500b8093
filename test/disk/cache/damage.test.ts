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
import { openLmdbStore } from '../../../src/disk/cache/store/lmdb.js'
import { CACHE_FILE } from '../../../src/disk/cache/open.js'
import { runExecutable } from '../../support/executable.js'
import { longTest, quickFirst } from '../../support/long.js'
import { Mirror } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
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

const ONE_WARNING =
  /^btkit: warning: cache [^\n]+: (damaged|not a cache of btkit)[^\n]*; renamed to pieces\.mdb\.damaged, which "btkit cache prune" removes; a new cache is used\n$/

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
  // LMDB itself may print which page is missing
  assert.match(warnings, /^(page \d+ not found error\n)?(btkit: warning: cache [^\n]+\n)?$/)
})

test('a damaged lock file is no matter', async (t) => {
  const { mirror, file } = await makeFilled(t)
  writeFileSync(`${file}-lock`, pseudoRandom(8192))
  const { status, warnings } = await runOn(mirror)
  assert.deepEqual([status, warnings], [0, ''])
})

const testPages = quickFirst()

for (let seed = 1; seed <= 3; seed++) {
  testPages(`overwritten pages end one run at most (${seed})`, async (t) => {
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
    assert.ok(statuses.filter((status) => status !== 0).length <= 1, String(statuses))
    assert.equal((await runOn(mirror)).status, 0)
  })
}

/** Leaves the marks of processes that died with the cache open. */
function leaveMarks(file: string, count: number): void {
  for (let i = 0; i < count; i++) writeFileSync(`${file}-open-${999_999_000 + i}-1`, '')
}

longTest('a cache is used however many processes died with it open', async (t) => {
  const { mirror, file } = await makeFilled(t)
  leaveMarks(file, 20)
  writeFileSync(`${file}-open-nonsense`, '')
  // A process of the same number, which began at another time
  writeFileSync(`${file}-open-${process.pid}-1`, '')
  const { stdout, stderr } = await mirror.run(['--json', '--comment', 'x', ...SMALL_PIECES])
  assert.equal(stderr, '')
  assert.equal((JSON.parse(stdout) as { bytesHashed: number }).bytesHashed, 0)
  const left = readdirSync(mirror.cache).filter((name) => name.includes('-open-'))
  assert.deepEqual(left, [])
})

test('the mark of a process in a container stays, and the cache is read for it only once', async (t) => {
  const { mirror, file } = await makeFilled(t)
  // No namespace of this machine has the number 1
  const mark = `${file}-open-${process.pid}-1-1`
  writeFileSync(mark, '')
  await mirror.report(['--comment', 'x', ...SMALL_PIECES])
  const { mtimeMs, ctimeMs } = statSync(mark)
  assert.equal(mtimeMs, 0)
  await mirror.report(['--comment', 'y', ...SMALL_PIECES])
  assert.equal(statSync(mark).ctimeMs, ctimeMs)
})

longTest('a cache that would end processes is set aside after the first', async (t) => {
  const { mirror, file } = await makeFilled(t)
  const content = readFileSync(file)
  // In each page of the tree, the places of records point anywhere
  for (let at = 2 * PAGE; at < content.length; at += PAGE) content.fill(0xff, at + 24, at + 40)
  writeFileSync(file, content)
  leaveMarks(file, 1)
  const { status, warnings } = await runOn(mirror)
  assert.equal(status, 0)
  assert.match(warnings, ONE_WARNING)
  assert.ok(existsSync(`${file}.damaged`))
})

test('a cache that a process found to be damaged is set aside by the next', async (t) => {
  const { mirror, file } = await makeFilled(t)
  writeFileSync(`${file}-open-${process.pid}-1`, 'MDB_CORRUPTED: Located page was wrong type')
  const { status, warnings } = await runOn(mirror)
  assert.equal(status, 0)
  assert.match(warnings, ONE_WARNING)
  assert.match(warnings, /damaged: MDB_CORRUPTED: Located page was wrong type;/)
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

longTest('a cache that a newer btkit wrote is left as it is, with one warning', async (t) => {
  const { mirror, file } = await makeFilled(t)
  const store = await openLmdbStore(file, assert.ifError)
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
  const said = `btkit: warning: cache ${mirror.cache}: not used: not a directory\n`
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
