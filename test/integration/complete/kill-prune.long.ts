import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { letFilesSettle } from '../../support/aged.js'
import { collect, runExecutable, startExecutable } from '../../support/executable.js'
import { entriesOf, Mirror, TRACKER, type Report } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { random } from '../../support/random.js'

const KILLS = 100
const ENTRIES = 300
/** Entries of which a third at a time is gone. */
const NAMES = Array.from({ length: ENTRIES }, (_, i) => `e${i}`)
/** Sources that never were, with torrents that somebody else made: nothing of them may go. */
const FOREIGN = ['x0.torrent', 'x1.torrent', 'x2.torrent']

test('a hundred kills while torrents are pruned cost none that has a source, nor one of others', async (t) => {
  const mirror = new Mirror(t)
  for (const name of NAMES) plant(mirror, name)
  await letFilesSettle()
  await plantForeign(mirror)
  const foreign = FOREIGN.map((name) => readFileSync(join(mirror.target, name)))
  await complete(mirror)
  let killed = 0
  let pruned = 0
  for (let i = 1; i <= KILLS; i++) {
    const gone = NAMES.filter((_, j) => j % 3 === i % 3)
    for (const name of gone) rmSync(mirror.at(name))
    if (await killRun(mirror)) killed++
    const left = new Set(mirror.list())
    const kept = NAMES.filter((name) => !gone.includes(name))
    for (const name of kept) assert.ok(left.has(`${name}.torrent`), `${name}.torrent is lost`)
    pruned += gone.filter((name) => !left.has(`${name}.torrent`)).length
    const { failed, removed, skipped } = await complete(mirror)
    const still = gone.filter((name) => left.has(`${name}.torrent`))
    assert.deepEqual([failed, skipped, entriesOf(removed)], [[], [], still.sort()])
    assert.deepEqual(mirror.list(), [...kept.map((name) => `${name}.torrent`), ...FOREIGN].sort())
    for (const [j, name] of FOREIGN.entries())
      assert.deepEqual(readFileSync(join(mirror.target, name)), foreign[j])
    for (const name of gone) plant(mirror, name)
    const { created } = await complete(mirror)
    assert.equal(created.length, gone.length)
  }
  t.diagnostic(`${killed} of ${KILLS} before the end, after ${pruned} torrents were removed`)
  assert.ok(killed > 0)
  for (const name of FOREIGN) rmSync(join(mirror.target, name))
  await mirror.checkAgainstFresh()
})

function plant(mirror: Mirror, name: string): void {
  writeFileSync(mirror.at(name), pseudoRandom(2000, Number(name.slice(1))))
}

async function plantForeign(mirror: Mirror): Promise<void> {
  writeFileSync(join(mirror.root, 'x'), 'of somebody else')
  for (const name of FOREIGN) {
    const args = ['makemetafile', TRACKER, join(mirror.root, 'x'), '--quiet', '--no-cache']
    const target = ['--target', join(mirror.target, name)]
    assert.equal((await runExecutable('btkit', [...args, ...target])).status, 0)
  }
}

async function complete(mirror: Mirror): Promise<Report> {
  const args = mirror.args(['--prune', '--json'])
  const { status, stdout, stderr } = await runExecutable('btkit', args)
  assert.equal(status, 0)
  assert.match(stderr, /^(btkit: warning: [^\n]+: not written by completedir[^\n]+\n)?$/)
  return JSON.parse(stdout) as Report
}

/** Starts a run and kills it at a random moment; true when it was still at work. */
async function killRun(mirror: Mirror): Promise<boolean> {
  const child = startExecutable('btkit', mirror.args(['--prune', '--quiet']))
  const ended = collect(child)
  await setTimeout(100 + random() * 250)
  child.kill('SIGKILL')
  return (await ended).signal === 'SIGKILL'
}
