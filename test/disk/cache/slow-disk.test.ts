import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../../support/programs.js'
import { makeScratch } from '../../support/scratch.js'

const STORE = fileURLToPath(new URL('../../../src/disk/cache/sqlite-store.js', import.meta.url))

/** Makes the log of a cache so long that a thread moves it, and closes the cache. */
const PROGRAM = `
import { openSqliteStore } from ${JSON.stringify(STORE)}
const [path] = process.argv.slice(1)
const store = await openSqliteStore({ path, warn: console.error })
for (let i = 0; i < 12; i++)
  store.put(Buffer.of(i), { used: 20_000, value: Buffer.alloc(1_000_000, i) })
await store.close()
console.log('closed')`

const SYNCS = 'fsync,fdatasync'
const SLOW = ['-e', `trace=${SYNCS}`, '-e', `inject=${SYNCS}:delay_enter=500000`]
const STRACE = ['-f', '-qq', '-o', '/dev/null', ...SLOW]
const hasStrace = spawnSync('strace', [...STRACE, 'true']).status === 0

test(
  'a process whose disk takes long to sync the cache ends well',
  { skip: !hasStrace && 'needs strace' },
  async (t) => {
    const program = ['--input-type=module', '--eval', PROGRAM, join(makeScratch(t), 'x.sqlite')]
    const result = await runProgram('strace', [...STRACE, process.execPath, ...program])
    const { status, stdout, stderr } = result
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'closed\n', stderr: '' })
  },
)
