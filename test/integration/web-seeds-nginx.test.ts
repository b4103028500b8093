import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pseudoRandom } from '../support/pseudo-random.js'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { showByNginx, unlessNginx } from './behind-nginx.js'

const FILES = {
  'dir/a b#1+%.bin': pseudoRandom(300_000, 1),
  'dir/sub/ü?.bin': pseudoRandom(500_001, 2),
}

test('a directory that nginx publishes is found to be a right web seed', unlessNginx, async (t) => {
  const root = makeScratch(t, FILES)
  const { url: base } = await showByNginx(t, root)
  const torrent = join(makeScratch(t), 'x.torrent')
  const args = ['--web-seed-base', base, '--web-seed', `${base}/nowhere/`, '--target', torrent]
  await runBtkit(['makemetafile', join(root, 'dir'), ...args])
  const { status, stdout } = await runBtkit(['showmetainfo', '--check-seeds', torrent])
  const results = stdout.split('\n').map((line) => line.trim().split(/ {2,}/)[0])
  assert.deepEqual([status, results.slice(1, 3)], [1, ['status', 'ok']])
})
