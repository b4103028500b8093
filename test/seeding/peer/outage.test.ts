import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { startSeed } from '../../support/seed.js'
import { until } from '../../support/until.js'

test('a disk that vanishes and returns is few lines of a log, and status has the time of its look', async (t) => {
  const names = Array.from({ length: 70 }, (_, n) => [`data/f${n}`, `${n}`] as const)
  const root = makeScratch(t, Object.fromEntries(names))
  const [data, torrents, run] = [join(root, 'data'), join(root, 'torrents'), join(root, 'run')]
  mkdirSync(torrents)
  const make = ['completedir', '--trackerless', data, '--output', torrents, '--min-age', '0']
  assert.equal((await runBtkit(make)).status, 0)
  const env = { XDG_RUNTIME_DIR: run }
  const { stdout, stderr } = await startSeed(t, [torrents, '--data', data, '--lsd'], { env })
  const lines = (pattern: RegExp) => (stderr.text.match(pattern) ?? []).length
  // A slow machine may need more than one update for all
  const told = (what: string) => {
    const others = [...stderr.text.matchAll(new RegExp(`${what} (\\d+) other torrents`, 'g'))]
    const each = lines(new RegExp(`: ${what} /`, 'g'))
    return others.reduce((sum, [, count]) => sum + Number(count), each)
  }
  await until('all are seeded', () => told('added') === 70)
  await until('a sum is shown', () => /70 torrents: 70 seeding; .*up 0 B\/s\n/.test(stdout.text))
  // Tables of fewer torrents may come before it
  const [before = ''] = stdout.text.split('70 torrents:')
  const table = before.slice(before.lastIndexOf(' f0\n')).trim().split('\n')
  assert.ok(table.length <= 22, stdout.text)
  renameSync(data, `${data}.gone`)
  mkdirSync(data)
  await until('all are dropped', () => told('dropped') === 70)
  await until('it is said', () => /\d+ other torrents cannot be seeded/.test(stderr.text))
  const status = await runBtkit(['status', '--quiet'], { env })
  const lost = /^btkit: f\d+ \(\w{8}\): .*\(as of \d{4}-\d\d-\d\d \d\d:\d\d UTC\) \(btkit seed/gm
  assert.deepEqual([status.status, status.stderr.match(lost)?.length], [1, 20], status.stderr)
  assert.match(status.stderr, /^btkit: 50 more such lines; --json has each torrent/m)
  rmdirSync(data)
  renameSync(`${data}.gone`, data)
  await until('all are back', () => told('added') === 140)
  assert.ok(lines(/: (?:added|dropped) \//g) < 140, stderr.text)
})
