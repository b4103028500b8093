import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openSqliteStore } from '../../../src/disk/cache/sqlite-store.js'
import { runProgram } from '../../support/programs.js'
import { makeScratch } from '../../support/scratch.js'

const STORE = fileURLToPath(new URL('../../../src/disk/cache/sqlite-store.js', import.meta.url))
const needsStrace = {
  skip: spawnSync('strace', ['-o', '/dev/null', 'true']).status !== 0 && 'needs strace',
}

/** Runs statements with an open store below strace, with its options, and closes the store. */
function trace(strace: readonly string[], path: string, statements: string) {
  const program = `
    import { openSqliteStore } from ${JSON.stringify(STORE)}
    const [path] = process.argv.slice(1)
    const store = await openSqliteStore({ path, warn: console.error })
    ${statements}
    await store.close()
    console.log('closed')`
  const node = [process.execPath, '--input-type=module', '--eval', program, path]
  return runProgram('strace', ['-f', '-qq', ...strace, ...node])
}

test('a process whose disk takes long to sync the cache ends well', needsStrace, async (t) => {
  const syncs = 'fsync,fdatasync'
  const slow = ['-e', `trace=${syncs}`, '-e', `inject=${syncs}:delay_enter=500000`]
  // So much that a thread moves the log
  const fill = `for (let i = 0; i < 12; i++)
    store.put(Buffer.of(i), { used: 20_000, value: Buffer.alloc(1_000_000, i) })`
  const path = join(makeScratch(t), 'x.sqlite')
  const { status, stdout, stderr } = await trace(['-o', '/dev/null', ...slow], path, fill)
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'closed\n', stderr: '' })
})

test('to look up a record, no other one is read', needsStrace, async (t) => {
  const directory = makeScratch(t)
  const [path, reads] = [join(directory, 'x.sqlite'), join(directory, 'reads')]
  const store = await openSqliteStore({ path, warn: assert.ifError })
  for (let i = 100; i < 200; i++)
    store.put(Buffer.from(`${i}`), { used: 20_000, value: Buffer.alloc(100_000, i) })
  await store.close()
  const look = "if (store.get(Buffer.from('150')).value.length !== 100_000) throw new Error()"
  const { status } = await trace(['-o', reads, '-e', 'trace=pread64', '-P', path], path, look)
  assert.equal(status, 0)
  const sizes = readFileSync(reads, 'utf8').match(/(?<= = )\d+$/gm) ?? []
  const bytes = sizes.reduce((sum, size) => sum + Number(size), 0)
  assert.ok(bytes > 100_000 && bytes < 200_000, `${bytes} bytes`)
})
