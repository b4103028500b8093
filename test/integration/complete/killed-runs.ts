import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { letFilesSettle } from '../../support/aged.js'
import { collect, runExecutable, startExecutable } from '../../support/executable.js'
import { decodeTorrent, independentInfoHash } from '../../support/decode-torrent.js'
import { entriesOf, Mirror, TRACKER, type Report } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { random } from '../../support/random.js'

export const FILES = Object.fromEntries(
  Array.from({ length: 300 }, (_, i) => {
    return [`e${i}`, pseudoRandom(20_000 + i * 100, i)] as const
  }),
)

export const mirror = new Mirror({ after }, FILES)
before(letFilesSettle)

const OTHER = 'http://other.example/announce'

/** A run over `mirror`. */
export function complete(args: readonly string[] = []): Promise<Report> {
  return completeOf(mirror, args)
}

async function completeOf(mirror: Mirror, args: readonly string[] = []): Promise<Report> {
  const { status, stdout, stderr } = await runExecutable('btkit', mirror.args(['--json', ...args]))
  assert.equal(status, 0)
  assert.match(stderr, /^(btkit: warning: [^\n]+: not written by completedir[^\n]+\n)?$/)
  return JSON.parse(stdout) as Report
}

/** Starts a run and kills it after a while; true when it was still at work. */
export async function killAfter(
  ms: number,
  args: readonly string[],
  of = mirror,
): Promise<boolean> {
  const child = startExecutable('btkit', of.args(['--quiet', ...args]))
  const ended = collect(child)
  await setTimeout(ms)
  child.kill('SIGKILL')
  return (await ended).signal === 'SIGKILL'
}

/** Tests that kill runs so many times each, at random moments. */
export function testKilledRuns(kills: number): void {
  test('whenever a run is killed, what is there is whole, and the next run mends the rest', async () => {
    const started = performance.now()
    await complete(['--comment', '0'])
    const whole = performance.now() - started
    let killed = 0
    for (let i = 1; i <= kills; i++) {
      const comment = ['--comment', `${i}`]
      if (await killAfter(delayOf(i, whole), comment)) killed++
      // Nothing is foreign, edited or damaged, or it would be skipped
      const { skipped, failed, created, updated, unchanged } = await complete(comment)
      assert.deepEqual([skipped, failed], [[], []])
      assert.equal(created.length + updated.length + unchanged, 300)
      assert.deepEqual(mirror.list().length, 300)
    }
    assert.ok(killed > 0)
    await mirror.checkAgainstFresh(['--comment', `${kills}`])
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
    for (let i = 1; i <= kills; i++) {
      const comment = `killed ${i}`
      for (const name of ['e100', 'e110']) appendFileSync(mirror.at(name), `${i}`)
      const delay = delayOf(i, whole)
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
    for (let i = 1; i <= kills / 2; i++) {
      rmSync(mirror.state, { recursive: true, force: true })
      for (const name of mirror.list()) rmSync(`${mirror.target}/${name}`)
      await runExecutable('btkit', [...make, '--piece-size-pow2', '14'])
      const before = infoHashesIn(mirror)
      if (await killAfter(60 + 80 * i, ['--adopt'], mirror)) killed++
      assert.deepEqual(infoHashesIn(mirror), before)
      const { skipped, failed } = await completeOf(mirror, ['--adopt'])
      assert.deepEqual([skipped, failed, infoHashesIn(mirror)], [[], [], before])
      assert.equal((await completeOf(mirror)).unchanged, 150)
      for (const name of mirror.list())
        assert.equal(decodeTorrent(readFileSync(`${mirror.target}/${name}`))['announce'], TRACKER)
    }
    assert.ok(killed > 0)
  })
}

/** When to kill a run: the first one early, as a machine that is less busy than before is faster. */
function delayOf(i: number, whole: number): number {
  return whole * (i === 1 ? 0.15 : 0.2 + random() * 0.8)
}

function infoHashesIn(mirror: Mirror): string[] {
  const torrents = mirror.list().filter((name) => name.endsWith('.torrent'))
  return torrents.map((name) => independentInfoHash(readFileSync(`${mirror.target}/${name}`)))
}
