import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { lineOf } from '../../../src/disk/state/journal.js'
import { runExecutable } from '../../support/executable.js'
import { longTest } from '../../support/long.js'
import { Mirror, type Report } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { fillDisk, mountSmallDisk, unlessNoDisks } from '../../support/small-disk.js'
import { assertQuiet, assertStatus } from '../../support/run-btkit.js'

const FILES = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [`file-${i}`, pseudoRandom(20_000, i)] as const),
)

const FEW = Object.keys(FILES).slice(0, 20)

const ENTRIES = Object.fromEntries(Array.from({ length: 1100 }, (_, i) => [`${i}`, `${i}`]))

function runJson(mirror: Mirror, args: readonly string[]) {
  return runExecutable('btkit', mirror.args(['--json', ...args]))
}

longTest(
  'when the disk of the torrents is full, what is there is whole, and the status is 1',
  unlessNoDisks,
  async (t) => {
    const target = mountSmallDisk(t, '128k')!
    const mirror = new Mirror(t, FILES, { target })
    const { stdout, stderr } = assertStatus(await runJson(mirror, []), 1)
    const { created, failed } = JSON.parse(stdout) as Report
    assert.equal(created.length + failed.length, 60)
    assert.ok(created.length > 10 && failed.length > 10, stdout)
    assert.deepEqual(new Set(failed.map(({ code }) => code)), new Set(['io']))
    const line = `btkit: ${mirror.target}: no space left on device (${failed.length} entries)`
    assert.equal(stderr, `${line}\n`)
    const names = readdirSync(mirror.target)
    assert.deepEqual(
      names.filter((name) => !name.endsWith('.torrent')),
      [],
    )
    // Entries that were already hashed are not read again once there is room
    spawnSync('mount', ['-o', 'remount,size=1m', mirror.target])
    assertQuiet(await runJson(mirror, []))
    await mirror.checkAgainstFresh()
  },
)

for (const size of ['64k', '1m', '4400k', '5m']) {
  longTest(`a cache on a disk of ${size} costs a warning at most`, unlessNoDisks, async (t) => {
    const cache = mountSmallDisk(t, size)!
    const mirror = new Mirror(t, FILES, { cache })
    for (const comment of ['1', '2']) {
      const { stderr } = assertStatus(await runJson(mirror, ['--comment', comment]), 0)
      assert.match(stderr, /^(btkit: warning: cache [^\n]+\n)?$/)
      await mirror.checkAgainstFresh(['--comment', comment])
    }
  })
}

test('a cache whose disk is full before it begins costs one warning', unlessNoDisks, async (t) => {
  const cache = mountSmallDisk(t, '64k')!
  const mirror = new Mirror(t, FILES, { cache })
  writeFileSync(join(mirror.cache, 'filler'), Buffer.alloc(64 * 1024 - 4096))
  const { status, stderr } = await runJson(mirror, [])
  const said = 'not used until it can be written: no space left on device'
  assert.deepEqual([status, stderr], [0, `btkit: warning: cache ${mirror.cache}: ${said}\n`])
  await mirror.checkAgainstFresh()
})

longTest(
  'when the disk of the state is full no torrent is written that would not be known later',
  unlessNoDisks,
  async (t) => {
    const state = mountSmallDisk(t, '16k')!
    const mirror = new Mirror(t, FILES, { state })
    const { stdout, stderr } = assertStatus(await runJson(mirror, []), 1)
    assert.equal(stderr.replace(/\d+(?= entries)/, 'N'), `${full(mirror)} (N entries)\n`)
    const { created, failed } = JSON.parse(stdout) as Report
    assert.equal(created.length + failed.length, 60)
    assert.equal(mirror.list().length, created.length)
    spawnSync('mount', ['-o', 'remount,size=1m', mirror.state])
    for (const name of Object.keys(FILES)) writeFileSync(mirror.at(name), 'changed')
    const again = assertQuiet(await runJson(mirror, []))
    assert.equal((JSON.parse(again.stdout) as Report).skipped.length, 0)
    await mirror.checkAgainstFresh()
  },
)

/** What is said of a full disk of the state, whatever file of it has no space. */
function full({ state }: Mirror): string {
  const advice = 'make space on its disk and try again, or name another with --state-dir'
  return `btkit: state ${state}: no space left on device; ${advice}`
}

test('a full disk of the state is reported once for all directories', unlessNoDisks, async (t) => {
  const state = mountSmallDisk(t, '256k')!
  const names = ['a', 'b', 'c'].flatMap((name) => FEW.map((file) => `${name}/${file}`))
  const mirror = new Mirror(t, Object.fromEntries(names.map((name) => [name, name])), { state })
  const args = ['--recursive', '--no-cache', '--on-change', 'true']
  assert.equal((await mirror.run(args)).status, 0)
  for (const name of names) writeFileSync(mirror.at(name), 'changed')
  const filler = fillDisk(state)
  fillRecords(state)
  const { status, stderr } = await mirror.run(args)
  assert.deepEqual([status, stderr], [1, `${full(mirror)} (60 entries)\n`])
  rmSync(filler)
  const again = await mirror.run(args)
  assert.deepEqual([again.status, again.stderr], [0, ''])
  assert.match(again.stdout, / updated 60,/)
})

/** Leaves no room in the last page of a file of records, so that not even a line of it fits. */
function fillRecords(state: string): void {
  const directory = join(state, 'torrents')
  const names = existsSync(directory) ? readdirSync(directory) : []
  for (const name of names.filter((each) => each.endsWith('.log'))) {
    const path = join(directory, name)
    for (let { size } = statSync(path); ; { size } = statSync(path)) {
      try {
        appendFileSync(path, lineOf('nothing', 'null'))
      } catch {
        truncateSync(path, size)
        break
      }
    }
  }
}

/** Files of which each is read alone, because none is small. */
const LARGE = Array.from({ length: 12 }, (_, i) => pseudoRandom(300_000, i))

for (const [what, place] of [
  ['torrents', 'target'],
  ['state', 'state'],
] as const) {
  for (const [how, directory, ...args] of [
    ...(place === 'state' ? ([['torrents that stay', 'd/', '--recursive']] as const) : []),
    ['a directory', ''],
    ['a tree', 'd/', '--recursive'],
    ['lists of checksums', 'd/', '--recursive', '--checksums', 'sha256'],
    ['torrents of other pieces', 'd/', '--recursive', '--piece-length', '64K', '--remake'],
  ] as const) {
    const name = `if the disk of the ${what} is full, no more than one file is read for ${how}`
    test(name, unlessNoDisks, async (t) => {
      const disk = mountSmallDisk(t, '1m')!
      const files = LARGE.map((bytes, i) => [`${directory}${i}`, bytes] as const)
      const mirror = new Mirror(t, Object.fromEntries(files), { [place]: disk })
      const run = (...more: readonly string[]) => mirror.run(['--json', '--no-cache', ...more])
      if (how.startsWith('torrents')) assertStatus(await run('--recursive'), 0)
      if (how === 'torrents that stay')
        for (const [file] of files) utimesSync(mirror.at(file), 1e9, 1e9)
      const filler = fillDisk(disk)
      fillRecords(disk)
      const { stdout, stderr } = assertStatus(await run(...args), 1)
      const { failed, bytesHashed } = JSON.parse(stdout) as Report
      assert.ok(bytesHashed <= 300_000, `${bytesHashed} bytes were read`)
      const target = join(mirror.target, directory.slice(0, 1))
      const line = place === 'state' ? full(mirror) : `btkit: ${target}: no space left on device`
      assert.equal(stderr, `${line} (${failed.length} entries)\n`)
      rmSync(filler)
      assertStatus(await run(...args), 0)
      assert.equal(readdirSync(target).filter((each) => each.endsWith('.torrent')).length, 12)
    })
  }
}

longTest(
  'when the disk of the state fills up, each entry counts once',
  unlessNoDisks,
  async (t) => {
    const state = mountSmallDisk(t, '256k')!
    const mirror = new Mirror(t, ENTRIES, { state })
    const { stdout } = await mirror.run(['--json'])
    const { created, failed } = JSON.parse(stdout) as Report
    assert.equal(created.length + failed.length, Object.keys(ENTRIES).length)
    assert.ok(created.length > 0 && failed.length > 0, stdout)
  },
)

longTest(
  'on a read-only disk all torrents fail in one line, and nothing is hashed',
  unlessNoDisks,
  async (t) => {
    const target = mountSmallDisk(t, '128k')!
    const mirror = new Mirror(t, { a: 'a', b: 'b' }, { target })
    spawnSync('mount', ['-o', 'remount,ro', mirror.target])
    const { status, stdout, stderr } = await runJson(mirror, [])
    const { failed, bytesHashed } = JSON.parse(stdout) as Report
    assert.deepEqual([status, failed.length, bytesHashed], [1, 2, 0])
    assert.match(stderr, /^btkit: [^\n]+: read-only file system \(2 entries\)\n$/)
  },
)
