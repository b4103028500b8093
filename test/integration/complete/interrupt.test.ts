import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { readFingerprint } from '../../../src/disk/file-lists/fingerprint.js'
import { independentInfoHash } from '../../support/decode-torrent.js'
import { longTest } from '../../support/long.js'
import { Mirror, type Report } from '../../support/mirror.js'
import { makeScratch, type Files } from '../../support/scratch.js'
import { assertStatus } from '../../support/run-btkit.js'
import { KILLED_AT_STEP, runExecutable } from '../../support/executable.js'
import { startSlowRun } from '../../support/slow-run.js'
import { until } from '../../support/until.js'
import { unlessProc } from '../../support/when-open.js'

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(
    `${signal} ends a run with --max-rate promptly, and leaves no half torrent`,
    unlessProc,
    async (t) => {
      const { mirror, child, ended } = await startSlowRun(t, ['--max-rate', '256'])
      child.kill(signal)
      const result = await ended
      assert.equal(result.status, status)
      assert.match(result.stderr, /^btkit: warning: --max-rate[^\n]+\nbtkit: interrupted\n$/)
      assert.deepEqual(result.stdout.replace(/[\d.]+ s$/m, 'X s').split('\n'), [
        `created ${mirror.torrent('a')}`,
        'created 1, updated 0, unchanged 0, removed 0, failed 0; read 1 B, reused 0 B, X s',
        '',
      ])
      assert.deepEqual(mirror.list(), ['a.torrent'])
    },
  )
}

longTest('an interrupted run tells programs what it did until then', unlessProc, async (t) => {
  const heard = join(makeScratch(t), 'heard')
  const options = ['--json', '--quiet', '--on-change', `sleep 1; cat > ${heard}`]
  const { mirror, child, ended } = await startSlowRun(t, options)
  child.kill('SIGTERM')
  const { status, stdout, stderr } = await ended
  assert.deepEqual([status, stderr], [143, 'btkit: interrupted\n'])
  const infoHash = independentInfoHash(readFileSync(mirror.torrent('a')))
  for (const report of [stdout, readFileSync(heard, 'utf8')]) {
    const { created, failed, interrupted } = JSON.parse(report) as Report
    assert.deepEqual(created, [
      { ...mirror.paths('a'), infoHash, oldInfoHash: null, infoHashV2: null, oldInfoHashV2: null },
    ])
    assert.deepEqual([failed, interrupted], [[], true])
  }
})

/** Shell that waits until its parent has heard of a SIGTERM, after which it catches no other. */
const UNTIL_HEARD = "while grep -q '^SigCgt:.*[4-7c-f]...$' /proc/$PPID/status; do sleep 0.1; done"

test(
  'a run that is interrupted in its command dies of the signal, and the command goes on',
  unlessProc,
  async (t) => {
    const mirror = new Mirror(t, { a: 'a' })
    const heard = join(mirror.root, 'heard')
    const command = `kill -TERM $PPID; ${UNTIL_HEARD}; cat > ${heard}`
    const args = mirror.args(['--quiet', '--on-change', command])
    const { status, stderr } = await runExecutable('btkit', args)
    assert.deepEqual([status, stderr], [143, 'btkit: interrupted\n'])
    const { created, interrupted } = JSON.parse(readFileSync(heard, 'utf8')) as Report
    assert.deepEqual([created.length, interrupted], [1, false])
  },
)

test(
  'the command of --on-change hears from the next run what a killed one did',
  unlessProc,
  async (t) => {
    const heard = join(makeScratch(t), 'heard')
    const { mirror, child, ended } = await startSlowRun(t, ['--on-change', `cat > ${heard}`])
    await until('a torrent', () => existsSync(mirror.torrent('a')))
    child.kill('SIGKILL')
    await ended
    rmSync(mirror.at('huge'))
    assertStatus(await mirror.run(['--quiet', '--on-change', `cat > ${heard}`]), 0)
    const { created, unchanged } = JSON.parse(readFileSync(heard, 'utf8')) as Report
    assert.deepEqual([created.map(({ torrent }) => torrent), unchanged], [[mirror.torrent('a')], 1])
  },
)

longTest('the command of --on-change hears of all, whenever a run is killed', async (t) => {
  for (let step = 1, isKilled = true; isKilled; step++) {
    const mirror = await Mirror.made(t, { a: 'a', b: 'b' }, ['--checksums', 'md5'])
    writeFileSync(mirror.at('a'), 'changed')
    rmSync(mirror.at('b'))
    writeFileSync(mirror.at('c'), 'new')
    const [heard, killAt] = [join(mirror.root, 'heard'), join(mirror.root, 'kill-at')]
    writeFileSync(killAt, String(step))
    const options = ['--checksums', 'md5', '--prune', '--quiet', '--on-change', `cat >> ${heard}`]
    const env = { NODE_OPTIONS: `--import ${KILLED_AT_STEP}`, BTKIT_TEST_KILL: killAt }
    const { status } = await runExecutable('btkit', mirror.args(options), { env })
    isKilled = status !== 0
    assertStatus(await mirror.run(options), 0)
    const reports = readFileSync(heard, 'utf8').trim().split('\n')
    const said = reports.map((line) => {
      const { created, updated, removed, checksumLists: lists } = JSON.parse(line) as Report
      const all = [created, updated, removed, lists.created, lists.updated, lists.removed]
      return all.map((items) => items.map(({ source }) => basename(source)).join())
    })
    for (const each of said) assert.deepEqual(each, ['c', 'a', 'b', 'c', 'a', 'b'], `step ${step}`)
  }
})

longTest(
  'the command of --on-change hears of no change that a killed run did not make',
  async (t) => {
    const options = ['--checksums', 'md5', '--prune', '--quiet', '--on-change']
    for (let step = 1; ; step++) {
      const mirror = await Mirror.made(t, { a: 'a', b: 'b' }, ['--checksums', 'md5'])
      const files = ['a', 'b'].flatMap((name) => [
        mirror.torrent(name),
        `${mirror.target}/${name}.md5`,
      ])
      const look = () => files.map((file) => readFingerprint(file))
      const before = look()
      const [heard, killAt] = [join(mirror.root, 'heard'), join(mirror.root, 'kill-at')]
      writeFileSync(mirror.at('a'), 'changed')
      rmSync(mirror.at('b'))
      writeFileSync(killAt, String(step))
      const env = { NODE_OPTIONS: `--import ${KILLED_AT_STEP}`, BTKIT_TEST_KILL: killAt }
      const { status } = await runExecutable('btkit', mirror.args([...options, 'true']), { env })
      if (status === 0) break
      const none = { created: [], updated: [], removed: [] }
      writeFileSync(heard, JSON.stringify({ ...none, checksumLists: none }))
      for (const name of ['a', 'b']) writeFileSync(mirror.at(name), name)
      assertStatus(await mirror.run([...options, `cat > ${heard}`]), 0)
      const after = look()
      const isOther = (_: string, i: number) => !isDeepStrictEqual(before[i], after[i])
      const { created, updated, removed, checksumLists } = JSON.parse(
        readFileSync(heard, 'utf8'),
      ) as Report
      const lists = [...checksumLists.created, ...checksumLists.updated].map(({ list }) => list)
      const paths = [...updated.map(({ torrent }) => torrent), ...lists]
      assert.deepEqual(paths.sort(), files.filter(isOther).sort(), `step ${step}`)
      assert.deepEqual([created, removed, checksumLists.removed], [[], [], []], `step ${step}`)
    }
  },
)

test('a run interrupted at its last entry prunes nothing', unlessProc, async (t) => {
  const files = { a: 'a', gone: 'x' }
  const { mirror, child, ended } = await startSlowRun(t, ['--prune'], await makeOrphan(t, files))
  child.kill('SIGINT')
  assert.deepEqual([(await ended).status, mirror.list()], [130, ['a.torrent', 'gone.torrent']])
})

/** A mirror with the torrents of all those files, of which one is gone. */
async function makeOrphan(t: TestContext, files: Files): Promise<Mirror> {
  const mirror = await Mirror.made(t, files)
  rmSync(mirror.at('gone'))
  return mirror
}
