import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startExecutable } from '../../support/executable.js'
import { collect, type SpawnOptions } from '../../support/programs.js'
import { quickFirst } from '../../support/long.js'
import { makeScratch } from '../../support/scratch.js'
import { giveAway, unlessTwoUsers, unprivileged } from '../../support/unprivileged.js'
import { assertStatus } from '../../support/run-btkit.js'

const unlessPosix = { skip: process.platform === 'win32' && 'no pipes with names here' }
const unlessRoot = { skip: process.getuid?.() !== 0 && 'needs root' }

const STRANGER = 12345
const PRECIOUS = 'precious'

/** Files with their torrents, and the state that records them. */
class Place {
  readonly directory: string
  readonly state: string
  readonly victim: string

  constructor(t: TestContext) {
    this.directory = makeScratch(t, { 'files/a': 'content', victim: PRECIOUS })
    this.state = join(this.directory, 'state')
    this.victim = join(this.directory, 'victim')
    mkdirSync(join(this.directory, 'torrents'))
    mkdirSync(this.state)
  }

  /** Completes the directory, and never waits for ever. */
  run(options: SpawnOptions = {}) {
    const args = ['completedir', 'http://t.example/announce', 'files', '--target', 'torrents']
    const child = startExecutable('btkit', [...args, '--quiet', '--state-dir', this.state], {
      cwd: this.directory,
      ...options,
    })
    return collect(child, 30_000)
  }

  /** The one file of the state. */
  get file(): string {
    const [name] = readdirSync(join(this.state, 'torrents'))
    return join(this.state, 'torrents', name!)
  }
}

const NOT_REGULAR = 'not a regular file'
const FAULTS: Readonly<Record<string, readonly [string, (path: string, place: Place) => void]>> = {
  'is a pipe': [NOT_REGULAR, (path) => spawnSync('mkfifo', [path])],
  'is a directory': [
    NOT_REGULAR,
    (path) => {
      mkdirSync(path)
    },
  ],
  'is a link': [
    NOT_REGULAR,
    (path, { victim }) => {
      symlinkSync(victim, path)
    },
  ],
  'has another name': [
    'is hard-linked to other files',
    (path, { victim }) => {
      linkSync(victim, path)
    },
  ],
  'is far too long': [
    'larger than the limit of 1 GiB',
    (path) => {
      spawnSync('touch', [path])
      truncateSync(path, 2 ** 40)
    },
  ],
}

const testFault = quickFirst(2)

for (const [what, [why, make]] of Object.entries(FAULTS)) {
  testFault(`a state file that ${what} is an error that names it`, unlessPosix, async (t) => {
    const place = new Place(t)
    assert.equal((await place.run()).status, 0)
    const { file } = place
    rmSync(file)
    make(file, place)
    const { status, signal, stderr } = await place.run()
    assert.deepEqual([status, signal], [1, null])
    assert.ok(stderr.includes(`state ${file}: ${why}`), stderr)
    assert.equal(readFileSync(place.victim, 'utf8'), PRECIOUS)
  })
}

test('a link as the draft of the state is not written through', unlessPosix, async (t) => {
  const place = new Place(t)
  assert.equal((await place.run()).status, 0)
  const { file } = place
  rmSync(file)
  symlinkSync(place.victim, `${file}.new`)
  assert.equal((await place.run()).status, 0)
  assert.equal(readFileSync(place.victim, 'utf8'), PRECIOUS)
})

for (const part of ['state', 'state/torrents']) {
  test(`root relies on no ${part} of another user`, unlessRoot, async (t) => {
    const place = new Place(t)
    mkdirSync(join(place.state, 'torrents'))
    const path = join(place.directory, part)
    chownSync(path, STRANGER, STRANGER)
    const { stderr } = assertStatus(await place.run(), 1)
    const why = `it belongs to user ${STRANGER}, who could make root write to any file`
    const way = 'name another with --state-dir, or run as that user'
    assert.ok(stderr.includes(`state ${path}: ${why}; ${way}`), stderr)
    assert.deepEqual(readdirSync(join(place.directory, 'torrents')), [])
  })
}

test("a user relies on no other user's state", unlessTwoUsers, async (t) => {
  const place = new Place(t)
  for (const path of [place.directory, join(place.directory, 'torrents')]) giveAway(path)
  chownSync(place.state, STRANGER, unprivileged.gid ?? STRANGER)
  chmodSync(place.state, 0o775)
  const { stderr } = assertStatus(await place.run(unprivileged), 1)
  const why = `it belongs to user ${STRANGER}, who decides what is in it`
  assert.ok(stderr.includes(`state ${place.state}: ${why}; name another with --state-dir`), stderr)
})

test('root relies on no state that a group of others can write to', unlessRoot, async (t) => {
  const place = new Place(t)
  chownSync(place.state, 0, STRANGER)
  chmodSync(place.state, 0o775)
  const { stderr } = assertStatus(await place.run(), 1)
  assert.match(stderr, new RegExp(`state .*: users of group ${STRANGER} can write to it`))
})

test('root makes no state or cache where another user could replace it', unlessRoot, async (t) => {
  const place = new Place(t)
  rmSync(place.state, { recursive: true })
  chownSync(place.directory, STRANGER, STRANGER)
  const why = `${place.directory} belongs to user ${STRANGER}, who could put another in its place`
  for (let time = 0; time < 2; time++) {
    const { stderr } = assertStatus(await place.run(), 1)
    assert.ok(
      stderr.includes(`state ${place.state}: ${why}; name another with --state-dir`),
      stderr,
    )
    assert.ok(!existsSync(place.state))
  }
  const cache = join(place.directory, 'cache')
  const args = ['makemetafile', place.victim, 'http://t.example/announce', '--cache-dir', cache]
  const { stderr } = await collect(startExecutable('btkit', args, { cwd: place.directory }))
  assert.ok(stderr.includes(`cache ${cache}: not used: ${why}`), stderr)
})
