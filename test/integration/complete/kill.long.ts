import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { letFilesSettle } from '../../support/aged.js'
import { collect, runExecutable, startExecutable } from '../../support/executable.js'
import { digestsIn, entriesOf, Mirror, TRACKER, type Report } from '../../support/mirror.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import type { Files } from '../../support/scratch.js'
import { random } from '../../support/random.js'

const KILLS = 100
const ENTRIES = 300
const LONGEST_RUN = 800

/** Entries that have torrents of somebody else. */
const FOREIGN = ['e0', 'e7', 'tree']

test('a hundred kills leave whole torrents only, none of others is lost, and the next run mends the rest', async (t) => {
  const mirror = new Mirror(t, plantedFiles())
  await letFilesSettle()
  const foreign = await plantForeign(mirror)
  await complete(mirror.args(['--comment', '0']))
  let killed = 0
  let cleaned = 0
  for (let i = 1; i <= KILLS; i++) {
    const before = digestsIn(mirror.target)
    // Now and then a first run
    if (i % 5 === 0) removeOurs(mirror, foreign)
    const right = { ...(await digestsOfFreshRun(mirror, i)), ...foreign }
    if (await killRun(mirror, i)) killed++
    checkWhole(digestsIn(mirror.target), before, right)
    cleaned += mirror.list().filter((name) => name.startsWith('.')).length
    const { skipped, failed } = await complete(mirror.args(['--comment', `${i}`]))
    assert.deepEqual([entriesOf(skipped), failed], [FOREIGN, []])
    assert.deepEqual(digestsIn(mirror.target), right)
    assert.deepEqual(mirror.list(), Object.keys(right))
  }
  t.diagnostic(`${KILLS} kills, ${killed} before the end; ${cleaned} temporary files cleaned up`)
  assert.ok(killed > 0)
})

function plantedFiles(): Files {
  const entries = Array.from({ length: ENTRIES }, (_, i) => {
    return [`e${i}`, pseudoRandom(20_000 + i * 100, i)] as const
  })
  const tree = Array.from({ length: 20 }, (_, i) => {
    return [`tree/${i}`, pseudoRandom(50_000 + i, ENTRIES + i)] as const
  })
  return Object.fromEntries([...entries, ...tree])
}

/** Makes torrents as somebody else would, and returns their digests. */
async function plantForeign(mirror: Mirror): Promise<Digests> {
  const sources = FOREIGN.map((name) => mirror.at(name))
  const options = ['--private', '--no-date', '--quiet', '--target', mirror.target]
  const args = ['makemetafile', TRACKER, ...sources, ...options]
  assert.equal((await runExecutable('btkit', args)).status, 0)
  return digestsIn(mirror.target)
}

function removeOurs(mirror: Mirror, foreign: Digests): void {
  const ours = mirror.list().filter((name) => !(name in foreign))
  for (const name of ours) rmSync(join(mirror.target, name))
}

async function complete(args: readonly string[]): Promise<Report> {
  const { status, stdout, stderr } = await runExecutable('btkit', [...args, '--json'])
  assert.equal(status, 0)
  assert.match(stderr, /^(btkit: warning: [^\n]+: not written by completedir[^\n]+\n)?$/)
  return JSON.parse(stdout) as Report
}

/** Returns the digests of the torrents that a run without any memory makes. */
async function digestsOfFreshRun(mirror: Mirror, comment: number) {
  const fresh = join(mirror.root, 'fresh')
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh)
  const places = [mirror.source, '--target', fresh, '--no-cache']
  await complete(['completedir', TRACKER, ...places, '--no-date', '--comment', `${comment}`])
  assert.equal(readdirSync(fresh).length, ENTRIES + 1)
  return digestsIn(fresh)
}

/** Starts a run and kills it at a random moment; true when it was still at work. */
async function killRun(mirror: Mirror, comment: number): Promise<boolean> {
  const child = startExecutable('btkit', mirror.args(['--quiet', '--comment', `${comment}`]))
  const ended = collect(child)
  await setTimeout(random() * LONGEST_RUN)
  child.kill('SIGKILL')
  return (await ended).signal === 'SIGKILL'
}

type Digests = Record<string, string>

/** Each torrent that is there must be the old or the new one. */
function checkWhole(found: Digests, before: Digests, right: Digests): void {
  for (const [name, digest] of Object.entries(found)) {
    assert.ok(digest === right[name] || digest === before[name], `${name} is not whole`)
  }
}
