import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { startCollecting } from '../../support/executable.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'

/** Holds the write lock of an LMDB file until it is killed. */
const HOLD = `
  const { open } = require(process.argv[1])
  const db = open({ path: process.argv[2], noSubdir: true, encoding: 'binary', keyEncoding: 'binary' })
  db.transactionSync(() => {
    require('fs').writeSync(1, 'held')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`

test('SIGTERM ends serve although another process holds the lock of its cache', async (t) => {
  const root = makeScratch(t, { 'd/a': 'first', 'd/b': 'second' })
  const cache = makeScratch(t)
  const args = ['serve', root, '--trackerless', '--port', '0', '--cache-dir', cache]
  const { child, ended } = startCollecting('btkit', args, { cwd: root })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await until('it listens', () => /^address: +(\S+)$/m.test(said))
  const [, address = ''] = /^address: +(\S+)$/m.exec(said) ?? []
  assert.equal((await fetch(`${address}/d/a.torrent`)).status, 200)
  const lmdb = createRequire(import.meta.url).resolve('lmdb')
  const holder = spawn(process.execPath, ['-e', HOLD, lmdb, join(cache, 'pieces.mdb')])
  t.after(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  // Its digests wait for the lock
  void fetch(`${address}/d/b.torrent`).catch(() => null)
  await until('it is asked for', () => said.includes('GET /d/b.torrent'))
  child.kill('SIGTERM')
  const { signal } = await ended
  assert.ok(signal === null || signal === 'SIGTERM')
})
