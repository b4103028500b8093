import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { test, after } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { unlessLocked } from '../../disk/failure.js'
import { letFilesSettle } from '../../support/aged.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { runExecutable, startCollecting } from '../../support/executable.js'
import { longTest } from '../../support/long.js'
import { entriesOf, type Report, Mirror } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { startSlowly, startSlowRun } from '../../support/slow-run.js'
import { unlessProc } from '../../support/when-open.js'
import { loadNative } from '../../../src/base/native-addon.js'
import { TRACKER } from '../../support/torrents.js'
import { assertQuiet, assertStatus, runBtkit } from '../../support/run-btkit.js'

const tryLock = loadNative<{ tryLock: (descriptor: number) => number }>('tryLock')?.tryLock ?? null

const unlessSeen = { skip: unlessLocked.skip || unlessProc.skip }

test('a second run on a target ends at once with status 75', unlessSeen, async (t) => {
  const { mirror, child, ended } = await startSlowRun(t)
  const { status, stdout, stderr } = await mirror.run()
  const said = `btkit: ${mirror.target}: another run holds the lock; wait until it ends, or give --wait SECONDS\n`
  assert.deepEqual([status, stdout, stderr], [75, '', said])
  child.kill('SIGINT')
  assert.equal((await ended).status, 130)
})

test('whoever may only read cannot keep runs from a target', unlessSeen, async (t) => {
  const mirror = await Mirror.made(t, { 'x/a': 'a', b: 'b' })
  mkdirSync(`${mirror.target}/x`)
  for (const path of [mirror.target, `${mirror.target}/x`, mirror.torrent('b'), mirror.at('x')]) {
    const descriptor = openSync(path, 'r')
    t.after(() => {
      closeSync(descriptor)
    })
    assert.equal(tryLock?.(descriptor), 0)
  }
  for (const args of [[], ['--recursive'], ['--comment', 'new']])
    assertStatus(await mirror.run(args), 0)
})

/** The arguments of a run over the directory `x` of a mirror alone. */
function argsBelow(mirror: Mirror): string[] {
  const places = [mirror.source, mirror.target]
  return mirror.args().map((each) => (places.includes(each) ? `${each}/x` : each))
}

test(
  'of a tree, the target and the directories that are completed are locked',
  unlessSeen,
  async (t) => {
    const mirror = new Mirror(t, { 'x/a': 'a', 'y/b': 'b' })
    await startSlowly(t, mirror.at('x'), mirror.args(['--recursive']))
    for (const args of [argsBelow(mirror), mirror.args(), mirror.args(['--recursive'])]) {
      const { status, stderr } = await runBtkit(args)
      assert.equal(status, 75)
      assert.match(stderr, /another run holds the lock/)
    }
  },
)

test('a directory of a tree that another run has locked fails alone', unlessSeen, async (t) => {
  const mirror = new Mirror(t, { 'x/a': 'a', 'y/b': 'b' })
  mkdirSync(`${mirror.target}/x`)
  await startSlowly(t, mirror.at('x'), argsBelow(mirror))
  const { status, stdout } = await mirror.run(['--recursive', '--json'])
  const { created, failed } = JSON.parse(stdout) as Report
  assert.deepEqual([status, entriesOf(created), failed.length], [1, ['b'], 1])
  assert.match(failed[0]?.message ?? '', /x: another run holds the lock/)
})

longTest('a run on another target is not kept waiting', unlessProc, async (t) => {
  const { mirror } = await startSlowRun(t)
  rmSync(mirror.at('huge'))
  const other = `${mirror.root}/other`
  mkdirSync(other)
  assertStatus(await runExecutable('btkit', mirror.args(['--target', other, '--quiet'])), 0)
})

longTest('--dry-run needs no lock', unlessProc, async (t) => {
  const { mirror } = await startSlowRun(t)
  assertStatus(await runExecutable('btkit', mirror.args(['--dry-run', '--quiet'])), 0)
})

test('with --wait the second run goes on when the first ends', unlessSeen, async (t) => {
  const { mirror, child, ended } = await startSlowRun(t)
  rmSync(mirror.at('huge'))
  const second = runExecutable('btkit', mirror.args(['--wait', '60']))
  await setTimeout(500)
  child.kill('SIGTERM')
  assert.equal((await ended).status, 143)
  const { status, stderr } = await second
  assert.deepEqual([status, stderr], [0, ''])
  await mirror.checkAgainstFresh()
})

longTest('--wait is not for ever', unlessSeen, async (t) => {
  const { mirror } = await startSlowRun(t)
  const started = performance.now()
  const { status, stderr } = await runExecutable('btkit', mirror.args(['--wait', '1']))
  const said = `btkit: ${mirror.target}: another run holds the lock; wait until it ends\n`
  assert.deepEqual([status, stderr], [75, said])
  assert.ok(performance.now() - started >= 1000)
})

longTest('a run that waits for the lock obeys SIGTERM', unlessSeen, async (t) => {
  const { mirror } = await startSlowRun(t)
  const { child: waiting, ended } = startCollecting('btkit', mirror.args(['--wait', '600']), { t })
  await setTimeout(1000)
  waiting.kill('SIGTERM')
  assert.equal((await ended).status, 143)
})

longTest(
  'the lock of a killed run is free at once, and nothing is left of it',
  unlessProc,
  async (t) => {
    const { mirror, child, ended } = await startSlowRun(t)
    child.kill('SIGKILL')
    await ended
    rmSync(mirror.at('huge'))
    assertQuiet(await runExecutable('btkit', mirror.args(['--quiet'])))
    assert.deepEqual(mirror.list(), ['a.torrent'])
  },
)

longTest('two runs at once with --wait both succeed', unlessSeen, async (t) => {
  const mirror = new Mirror(t, { a: 'a', b: 'b', 'dir/c': 'c' })
  const args = mirror.args(['--wait', '60', '--quiet'])
  const results = await Promise.all([1, 2, 3].map(() => runExecutable('btkit', args)))
  for (const { status, stderr } of results) assert.deepEqual([status, stderr], [0, ''])
  await mirror.checkAgainstFresh()
})

const FILES = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`file-${i}`, pseudoRandom(300_000 + i, i)]),
)

const SIZE = 12 * 300_000 + 66
const mirror = new Mirror({ after }, FILES)

longTest('completedir and makemetafile use one cache at once', async () => {
  await letFilesSettle()
  mkdirSync(`${mirror.root}/made`)
  const files = Object.keys(FILES).map((name) => mirror.at(name))
  const make = ['makemetafile', TRACKER, ...files, '--target', `${mirror.root}/made`, '--quiet']
  const rest = ['--cache-dir', mirror.cache, '--piece-size-pow2', 'auto', '--no-date']
  const [made, completed] = await Promise.all([
    runExecutable('btkit', [...make, ...rest]),
    runExecutable('btkit', mirror.args(['--quiet'])),
  ])
  assert.deepEqual([made.status, made.stderr], [0, ''])
  assert.deepEqual([completed.status, completed.stderr], [0, ''])
  await mirror.checkAgainstFresh()
  for (const name of Object.keys(FILES)) {
    const [a, b] = [`${mirror.root}/made/${name}.torrent`, mirror.torrent(name)]
    assert.deepEqual(decodeTorrent(readFileSync(a)), decodeTorrent(readFileSync(b)))
  }
})

longTest('what one process hashed no other reads again', async () => {
  const other = `${mirror.root}/other`
  mkdirSync(other)
  const args = mirror.args(['--target', other, '--json'])
  const { stdout } = assertQuiet(await runExecutable('btkit', args))
  const { bytesHashed, bytesReused, created } = JSON.parse(stdout) as Report
  assert.deepEqual([bytesHashed, bytesReused, created.length], [0, SIZE, 12])
})

longTest('several runs on several targets share one cache at once', async () => {
  const targets = [1, 2, 3].map((n) => `${mirror.root}/target-${n}`)
  for (const target of targets) mkdirSync(target)
  const runs = targets.map((target) => {
    return runExecutable('btkit', mirror.args(['--target', target, '--comment', target, '--json']))
  })
  for (const { status, stdout, stderr } of await Promise.all(runs)) {
    assert.deepEqual([status, stderr], [0, ''])
    assert.equal((JSON.parse(stdout) as Report).bytesHashed, 0)
  }
})
