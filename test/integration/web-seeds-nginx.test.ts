import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { pseudoRandom } from '../support/pseudo-random.js'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { configure, startNginx, unlessNginx } from './behind-nginx.js'
import { listenLocally } from '../support/listen.js'

const FILES = {
  'dir/a b#1+%.bin': pseudoRandom(300_000, 1),
  'dir/sub/ü?.bin': pseudoRandom(500_001, 2),
}

test('a directory that nginx publishes is found to be a right web seed', unlessNginx, async (t) => {
  const root = makeScratch(t, FILES)
  chmodSync(root, 0o755)
  const scratch = makeScratch(t)
  const socket = join(scratch, 'nginx.sock')
  const blocks = `server { listen unix:${socket}; root ${root}; }`
  writeFileSync(join(scratch, 'nginx.conf'), configure(scratch, blocks))
  await startNginx(t, scratch, socket)
  // A port that nobody else can take
  const front = createServer((client) => {
    const behind = connect(socket)
    client.pipe(behind).pipe(client)
    for (const each of [client, behind]) each.on('error', () => undefined)
  })
  const port = await listenLocally(t, front)
  const base = `http://127.0.0.1:${port}`
  const torrent = join(scratch, 'x.torrent')
  const args = ['--web-seed-base', base, '--web-seed', `${base}/nowhere/`, '--target', torrent]
  await runBtkit(['makemetafile', join(root, 'dir'), ...args])
  const { status, stdout } = await runBtkit(['showmetainfo', '--check-seeds', torrent])
  const results = stdout.split('\n').map((line) => line.trim().split(/ {2,}/)[0])
  assert.deepEqual([status, results.slice(1, 3)], [1, ['status', 'ok']])
})
