import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { before, after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { letFilesSettle } from '../../support/aged.js'
import { collect, runExecutable, startExecutable } from '../../support/executable.js'
import { decodeTorrent, independentInfoHash } from '../../support/decode-torrent.js'
import { entriesOf, Mirror, TRACKER, type Report } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { random } from '../../support/random.js'

const KILLS = 10

const FILES = Object.fromEntries(
  Array.from({ length: 300 }, (_, i) => {
    return [`e${i}`, pseudoRandom(20_000 + i * 100, i)] as const
  }),
)

const mirror = new Mirror({ after }, FILES)
before(letFilesSettle)

const OTHER = 'http://other.example/announce'

function complete(args: readonly string[] = []): Promise<Report> {
  return completeOf(mirror, args)
}

async function completeOf(mirror: Mirror, args: readonly string[] = []): Promise<Report> {
  const { status, stdout, stderr } = await runExecutable('btkit', mirror.args(['--json', ...args]))
  assert.equal(status, 0)
  assert.match(stderr, /^(btkit: warning: [^\n]+: not written by completedir[^\n]+\n)?$/)
  return JSON.parse(stdout) as Report
}

/** Starts a run and kills it after a while; true when it was still at work. */
async function killAfter(ms: number, args: readonly string[], of = mirror): Promise<boolean> {
  const child = startExecutable('btkit', of.args(['--quiet', ...args]))
  const ended = collect(child)
  await setTimeout(ms)
  child.kill('SIGKILL')
  return (await ended).signal === 'SIGKILL'
}

test('whenever a run is killed, what is there is whole, and the next run mends the rest', async () => {
  const started = performance.now()
  await complete(['--comment', '0'])
  const whole = performance.now() - started
  let killed = 0
  for (let i = 1; i <= KILLS; i++) {
    const comment = ['--comment', `${i}`]
    if (await killAfter(whole * (0.2 + random() * 0.8), comment)) killed++
    // Nothing is foreign, edited or damaged, or it would be skipped
    const { skipped, failed, created, updated, unchanged } = await complete(comment)
    assert.deepEqual([skipped, failed], [[], []])
    assert.equal(created.length + updated.length + unchanged, 300)
    assert.deepEqual(mirror.list().length, 300)
  }
  assert.ok(killed > 0)
  await mirror.checkAgainstFresh(['--comment', `${KILLS}`])
})

test('whenever a run is killed, what is not ours stays, and what was edited stays edited', async (t) => {
  const shared = Object.fromEntries(Object.entries(FILES).slice(0, 150))
  const mirror = new Mirror(t, shared)
  const names = (first: number) => Array.from({ length: 20 }, (_, i) => `e${first + i}`)
  const foreign = names(20).sort()
  const make = ['makemetafile', TRACKER, ...foreign.map((name) => mirror.at(name)), '--private']
  await runExecutable('btkit', [...make, '--target', mirror.target, '--quiet'])
  const before = foreign.map((name) => readFileSync(mirror.torrent(name)))
  assert.deepEqual(entriesOf((await completeOf(mirror)).skipped), foreign)
  const edited = names(100).map((name) => mirror.torrent(name))
  await runExecutable('btkit', ['reannounce', OTHER, ...edited])
  const started = performance.now()
  await completeOf(mirror, ['--comment', '0'])
  const whole = performance.now() - started
  let killed = 0
  for (let i = 1; i <= KILLS; i++) {
    const comment = `killed ${i}`
    for (const name of ['e100', 'e110']) appendFileSync(mirror.at(name), `${i}`)
    const delay = whole * (0.2 + random() * 0.8)
    if (await killAfter(delay, ['--comment', comment], mirror)) killed++
    const { skipped, failed } = await completeOf(mirror, ['--comment', comment])
    assert.deepEqual([entriesOf(skipped), failed], [foreign, []])
    for (const [j, name] of foreign.entries())
      assert.deepEqual(readFileSync(mirror.torrent(name)), before[j])
    for (const torrent of edited) {
      const { announce, comment: said } = decodeTorrent(readFileSync(torrent))
      assert.deepEqual([announce, said], [OTHER, comment])
    }
  }
  assert.ok(killed > 0)
  await completeOf(mirror, ['--force'])
  await mirror.checkAgainstFresh()
})

test('whenever a run that adopts torrents is killed, their info hashes stay, and the next adopts the rest', async (t) => {
  const mirror = new Mirror(t, Object.fromEntries(Object.entries(FILES).slice(0, 150)))
  const sources = Object.keys(FILES)
    .slice(0, 150)
    .map((name) => mirror.at(name))
  const make = ['makemetafile', OTHER, ...sources, '--target', mirror.target, '--quiet']
  let killed = 0
  for (let i = 1; i <= KILLS / 2; i++) {
    rmSync(mirror.state, { recursive: true, force: true })
    for (const name of mirror.list()) rmSync(`${mirror.target}/${name}`)
    await runExecutable('btkit', [...make, '--piece-size-pow2', '14'])
    const before = infoHashesIn(mirror)
    if (await killAfter(150 + 100 * i, ['--adopt'], mirror)) killed++
    assert.deepEqual(infoHashesIn(mirror), before)
    const { skipped, failed } = await completeOf(mirror, ['--adopt'])
    assert.deepEqual([skipped, failed, infoHashesIn(mirror)], [[], [], before])
    assert.equal((await completeOf(mirror)).unchanged, 150)
    for (const name of mirror.list())
      assert.equal(decodeTorrent(readFileSync(`${mirror.target}/${name}`))['announce'], TRACKER)
  }
  assert.ok(killed > 0)
})

function infoHashesIn(mirror: Mirror): string[] {
  const torrents = mirror.list().filter((name) => name.endsWith('.torrent'))
  return torrents.map((name) => independentInfoHash(readFileSync(`${mirror.target}/${name}`)))
}

test('the cache of a killed run is used by the next', async () => {
  await complete()
  await killAfter(300, ['--comment', 'killed'])
  const { bytesHashed } = await complete(['--comment', 'after'])
  assert.equal(bytesHashed, 0)
})

test('what was hashed before a kill need not be hashed again', async () => {
  let outcome = { bytesHashed: 0, bytesReused: 0 }
  // A machine that is busy with other work may not come far at first
  for (let wait = 2500; outcome.bytesReused <= 500_000 && wait <= 40_000; wait *= 2) {
    const now = 1e9 + wait
    for (const name of Object.keys(FILES)) utimesSync(mirror.at(name), now, now)
    await letFilesSettle()
    await killAfter(wait, ['--max-rate', '2M'])
    outcome = await complete()
  }
  assert.ok(outcome.bytesReused > 500_000, `${outcome.bytesReused}`)
  assert.ok(outcome.bytesHashed > 0)
  await mirror.checkAgainstFresh()
})

test('temporary files of a killed run are removed by the next, and no other', async () => {
  const shape = /^\..*\.btkit-tmp$/
  for (let i = 0; i < 20 && !mirror.list().some((name) => shape.test(name)); i++) {
    for (const name of mirror.list()) rmSync(`${mirror.target}/${name}`)
    await killAfter(150 + i * 20, [])
  }
  const other = '.x.00000000-1-00000000.btkit-tmp'
  writeFileSync(`${mirror.target}/${other}`, 'of another machine')
  await complete()
  assert.deepEqual(
    mirror.list().filter((name) => name.startsWith('.')),
    [other],
  )
  rmSync(`${mirror.target}/${other}`)
  await mirror.checkAgainstFresh()
})
