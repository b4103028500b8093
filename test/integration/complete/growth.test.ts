import assert from 'node:assert/strict'
import { utimesSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { Mirror } from '../../support/mirror.js'
import { runBtkit } from '../../support/run-btkit.js'

const MTIME = ['--cache-trust', 'mtime']

interface Stats {
  readonly counts: Readonly<Record<string, number>>
  readonly bytes: number
}

async function statsOf(mirror: Mirror): Promise<Stats> {
  const { stdout } = await runBtkit(['cache', 'stats', '--json', '--cache-dir', mirror.cache])
  return JSON.parse(stdout) as Stats
}

/**
 * Changes a file of a tree so that its digests are remembered at once with `--cache-trust mtime`.
 */
function change(mirror: Mirror, i: number): void {
  const path = mirror.at('tree', 'b')
  writeFileSync(path, `content ${i}`)
  utimesSync(path, 1e9 + i, 1e9 + i)
}

test('of a tree that changes each day the cache keeps one info, the last', async (t) => {
  const mirror = new Mirror(t, { 'tree/a': 'a', 'tree/b': 'b', 'other/a': 'a' })
  for (const name of ['tree/a', 'tree/b', 'other/a']) utimesSync(mirror.at(name), 1e9, 1e9)
  for (let i = 0; i < 5; i++) {
    change(mirror, i)
    await mirror.report(MTIME)
    assert.equal((await statsOf(mirror)).counts['info'], 2)
  }
  // The last one is of use when no torrent is there
  const { bytesHashed } = await mirror.report([...MTIME, '--force', '--comment', 'anew'])
  assert.equal(bytesHashed, 0)
})
