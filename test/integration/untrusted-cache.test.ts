import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startExecutable } from '../support/executable.js'
import { collect, type SpawnOptions } from '../support/programs.js'
import { longTest, quickFirst } from '../support/long.js'
import { makeScratch } from '../support/scratch.js'
import {
  giveAway,
  makeOpenScratch,
  unlessAlwaysPermitted,
  unlessTwoUsers,
  unprivileged,
} from '../support/unprivileged.js'
import { TRACKER } from '../support/torrents.js'
import { assertStatus, runBtkit } from '../support/run-btkit.js'

const unlessPosix = { skip: process.platform === 'win32' && 'no pipes with names here' }
const unlessRoot = { skip: process.getuid?.() !== 0 && 'needs root' }

const STRANGER = 12345
const PRECIOUS = 'precious'.repeat(1000)

/** A directory with content, an empty cache directory and a file that is nobody's business. */
class Place {
  readonly directory: string
  readonly cache: string
  readonly victim: string

  constructor(t: TestContext, make: typeof makeOpenScratch = makeScratch) {
    this.directory = make(t, { a: 'content', victim: PRECIOUS })
    this.cache = join(this.directory, 'cache')
    this.victim = join(this.directory, 'victim')
    mkdirSync(this.cache)
  }

  /** Makes a torrent with this cache inside the test. */
  run() {
    return runBtkit(this.#args)
  }

  /** The same as another user. */
  runAs(user: SpawnOptions) {
    return collect(startExecutable('btkit', this.#args, user), 30_000)
  }

  get #args(): string[] {
    const args = ['makemetafile', join(this.directory, 'a'), TRACKER, '--force']
    return [...args, '--cache-dir', this.cache]
  }

  /** The one warning there is for a cache that is not used; services say for how long. */
  warning(why: string, forHowLong = ''): string {
    return `btkit: warning: cache ${this.cache}: not used${forHowLong}: ${why}\n`
  }
}

const OTHER_THINGS: Readonly<Record<string, (path: string, place: Place) => void>> = {
  'a pipe': (path) => spawnSync('mkfifo', [path]),
  'a directory': (path) => {
    mkdirSync(path)
  },
  'a link': (path, { victim }) => {
    symlinkSync(victim, path)
  },
  'a link to nothing': (path, { directory }) => {
    symlinkSync(join(directory, 'new'), path)
  },
}

const testThing = quickFirst(2)

const testLinked = quickFirst()

for (const name of ['pieces.sqlite', 'pieces.sqlite-wal', 'pieces.sqlite-shm']) {
  for (const [what, make] of Object.entries(OTHER_THINGS)) {
    testThing(`a cache with ${what} as ${name} is done without`, unlessPosix, async (t) => {
      const place = new Place(t)
      await place.run()
      rmSync(join(place.cache, name), { force: true })
      make(join(place.cache, name), place)
      const { stderr } = assertStatus(await place.run(), 0)
      assert.equal(stderr, place.warning(`${name}: not a regular file; remove it`))
      assert.equal(readFileSync(place.victim, 'utf8'), PRECIOUS)
      assert.equal(existsSync(join(place.directory, 'new')), false)
    })
  }

  testLinked(
    `a cache whose ${name} has another name too is done without`,
    unlessPosix,
    async (t) => {
      const place = new Place(t)
      await place.run()
      rmSync(join(place.cache, name), { force: true })
      linkSync(place.victim, join(place.cache, name))
      const { stderr } = assertStatus(await place.run(), 0)
      assert.equal(stderr, place.warning(`${name}: is hard-linked to other files; remove it`))
      assert.equal(readFileSync(place.victim, 'utf8'), PRECIOUS)
    },
  )
}

longTest('serve starts without a cache whose lock is a pipe', unlessPosix, async (t) => {
  const place = new Place(t)
  spawnSync('mkfifo', [join(place.cache, 'pieces.sqlite-shm')])
  const args = ['--tracker', 'http://t.example/announce', '--port', '0']
  const child = startExecutable('btkit', [
    ...['serve', makeScratch(t), ...args],
    ...['--cache-dir', place.cache],
  ])
  // It says that it is ready
  child.stdout.once('data', () => child.kill('SIGTERM'))
  const { status, signal, stderr } = await collect(child, 30_000)
  assert.deepEqual([status, signal], [0, null], stderr)
  const why = 'pieces.sqlite-shm: not a regular file; remove it'
  assert.ok(stderr.includes(place.warning(why, ' until restart')), stderr)
})

test("root does not use another user's cache", unlessRoot, async (t) => {
  const place = new Place(t)
  chownSync(place.cache, STRANGER, STRANGER)
  const { stderr } = assertStatus(await place.run(), 0)
  const why = `it belongs to user ${STRANGER}, who could make root write to any file`
  const way = 'name another with --cache-dir, or run as that user'
  assert.equal(stderr, place.warning(`${why}; ${way}`))
  assert.equal(existsSync(join(place.cache, 'pieces.sqlite')), false)
})

test('root does not use a cache directory that all can write to', unlessRoot, async (t) => {
  const place = new Place(t)
  chmodSync(place.cache, 0o1777)
  const { stderr } = assertStatus(await place.run(), 0)
  assert.equal(stderr, place.warning('all users can write to it; name another with --cache-dir'))
})

test('root does not use a cache that a group of others could swap', unlessRoot, async (t) => {
  const place = new Place(t)
  chownSync(place.directory, 0, STRANGER)
  chmodSync(place.directory, 0o775)
  const { stderr } = assertStatus(await place.run(), 0)
  const why = `users of group ${STRANGER} can write to ${place.directory}`
  const way = 'could put another in its place; name another with --cache-dir'
  assert.equal(stderr, place.warning(`${why}, and ${way}`))
})

for (const command of ['clear', 'prune']) {
  test(`cache ${command} by root removes nothing that is another's`, unlessRoot, async (t) => {
    const place = new Place(t)
    const file = join(place.cache, command === 'clear' ? 'pieces.sqlite' : 'pieces.sqlite.damaged')
    linkSync(place.victim, file)
    chownSync(place.cache, STRANGER, STRANGER)
    const child = startExecutable('btkit', ['cache', command, '--cache-dir', place.cache])
    const { stderr } = assertStatus(await collect(child), 1)
    assert.match(stderr, new RegExp(`^btkit: cache .*: it belongs to user ${STRANGER}, who`, 'm'))
    assert.equal(existsSync(file), true)
  })
}

test(
  "another user's cache directory that all can write to is not used",
  unlessTwoUsers,
  async (t) => {
    const place = new Place(t, makeOpenScratch)
    chmodSync(place.cache, 0o777)
    const { stderr } = assertStatus(await place.runAs(unprivileged), 0)
    assert.equal(stderr, place.warning('all users can write to it; name another with --cache-dir'))
  },
)

test("another user's cache directory is not used by a user", unlessTwoUsers, async (t) => {
  const place = new Place(t, makeOpenScratch)
  // Of another user who shares it with the group
  chownSync(place.cache, STRANGER, unprivileged.gid ?? STRANGER)
  for (const mode of [0o755, 0o775]) {
    chmodSync(place.cache, mode)
    const { stderr } = assertStatus(await place.runAs(unprivileged), 0)
    const why = `it belongs to user ${STRANGER}, who decides what is in it`
    assert.equal(stderr, place.warning(`${why}; name another with --cache-dir`))
  }
})

test("a user's own cache directory is used whatever its mode", unlessAlwaysPermitted, async (t) => {
  const place = new Place(t, makeOpenScratch)
  giveAway(place.cache)
  chmodSync(place.cache, 0o777)
  assert.equal((await place.runAs(unprivileged)).stderr, '')
  assert.equal(existsSync(join(place.cache, 'pieces.sqlite')), true)
})
