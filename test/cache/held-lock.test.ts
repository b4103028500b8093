import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { WriteLock } from '../../src/cache/store/write-lock.js'
import { ask } from '../mirror/ask.js'
import { projectRoot } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'
import { serveMirror } from '../support/serve.js'

const unlessLinux = { skip: (process.platform !== 'linux' || process.arch !== 'x64') && 'not here' }

const HOLD = `
const { open } = require('lmdb')
const [path] = process.argv.slice(1)
const options = { noSubdir: true, encoding: 'binary', keyEncoding: 'binary', compression: false }
const database = open({ path, ...options, noSync: true, eventTurnBatching: false })
database.transactionSync(() => {
  require('node:fs').writeSync(1, 'held')
  process.kill(process.pid, 'SIGSTOP')
})
`

/** Has another process hold the lock of a cache, stopped; the function returned has it go on. */
async function holdLock(t: TestContext, cacheDir: string) {
  const args = ['-e', HOLD, join(cacheDir, 'pieces.mdb')]
  const child = spawn(process.execPath, args, {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return () => {
    child.kill('SIGKILL')
    return once(child, 'exit')
  }
}

const torrentOf = (name: string) => `/yum/torrent_service/single/yum/${name}`

test('serve goes on without a cache whose lock a stopped process holds', unlessLinux, async (t) => {
  const files = { 'yum/a': 'content', 'yum/b': 'other', 'yum/c': 'third' }
  const { port, root, cacheDir, stderr } = await serveMirror(t, { files })
  assert.equal((await ask(port, torrentOf('a'))).status, 200)
  // Until it is written
  await setTimeout(200)
  await holdLock(t, cacheDir)
  const began = performance.now()
  assert.equal((await ask(port, torrentOf('b'))).status, 200)
  assert.equal((await ask(port, '/-/health')).status, 200)
  assert.ok(performance.now() - began < 2000, 'a new torrent does not wait')

  const second = await serveMirror(t, { root, cacheDir })
  assert.equal((await ask(second.port, torrentOf('c'))).status, 200)

  const end = performance.now() + 10_000
  const areWarned = () => [stderr, second.stderr].every(({ text }) => text.includes('locked'))
  while (!areWarned() && performance.now() < end) await setTimeout(50)
  assert.equal((await ask(port, torrentOf('c'))).status, 200)
  for (const { text } of [stderr, second.stderr]) {
    assert.equal(text.match(/process \d+ keeps it locked/g)?.length, 1, text)
  }
})

test('a lock is free again when the process that held it was killed', unlessLinux, async (t) => {
  const cacheDir = makeScratch(t)
  const lock = new WriteLock(join(cacheDir, 'pieces.mdb'))
  assert.equal(lock.holder(), null)
  const end = await holdLock(t, cacheDir)
  assert.notEqual(lock.holder(), null)
  await assert.rejects(lock.whenFree(), /keeps it locked/)
  await end()
  await lock.whenFree()
})
