import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { DAMAGED, isSound, isSoundAt } from '../../../src/cache/integrity/check-file.js'
import { CACHE_FILE } from '../../../src/cache/open.js'
import { openLmdbStore } from '../../../src/cache/store/lmdb.js'
import { collect, startExecutable } from '../../support/executable.js'
import { TRACKER } from '../../support/mirror.js'
import { makeScratch } from '../../support/scratch.js'

const onlyLinux = { skip: process.platform !== 'linux' && 'needs Linux', timeout: 60_000 }
const never = new AbortController().signal

test('a file that can be read and written is sound, a text is not', async (t) => {
  const directory = makeScratch(t, { text: 'Dear diary,\n'.repeat(1000) })
  const store = openLmdbStore(join(directory, 'good'), assert.ifError)
  store.put(Buffer.from('key'), Buffer.from('value'))
  await store.close()
  assert.equal(await isSound(join(directory, 'good'), never), true)
  assert.equal(await isSound(join(directory, 'text'), never), false)
})

test('its own word and the signals of a crash tell of damage', () => {
  for (const end of [DAMAGED, 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGABRT', 'SIGILL', 0xc0000005])
    assert.equal(isSoundAt(end), false, String(end))
  assert.equal(isSoundAt(0), true)
})

test('no other end of a check tells of damage: Ctrl-C, a kill for want of memory, no process', () => {
  for (const end of [1, 13, 134, 'SIGINT', 'SIGTERM', 'SIGKILL', 'SIGHUP', new Error('EAGAIN')])
    assert.throws(() => isSoundAt(end), /^Error: it could not be checked: /)
})

test('a check that is called off tells nothing', async (t) => {
  const path = join(makeScratch(t), 'file')
  writeFileSync(path, '')
  await assert.rejects(isSound(path, AbortSignal.abort()), /could not be checked/)
})

test("a file whose lock another process keeps is not taken for damaged, and can't be checked", async (t) => {
  const path = join(makeScratch(t), 'file')
  const holder = startHolder(path)
  t.after(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  await assert.rejects(isSound(path, never, 1500), /end the process that holds the cache's lock/)
})

for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM'] as const) {
  test(
    `a check that ${signal} ends leaves the cache as it is, with a warning`,
    onlyLinux,
    async (t) => {
      const root = makeScratch(t, { 'src/a': 'a', 'cache/x': '' })
      const cache = join(root, 'cache')
      // The check waits for its lock, so that there is time to end it
      const holder = startHolder(join(cache, CACHE_FILE))
      t.after(() => holder.kill('SIGKILL'))
      await once(holder.stdout, 'data')
      const before = statSync(join(cache, CACHE_FILE)).ino
      const args = ['makemetafile', join(root, 'src/a'), TRACKER, '--cache-dir', cache, '--quiet']
      const child = startExecutable('btkit', args)
      t.after(() => child.kill('SIGKILL'))
      const ended = collect(child)
      process.kill(await findCheck(child.pid!), signal)
      const { status, stderr } = await ended
      assert.equal(status, 0)
      assert.match(
        stderr,
        /^btkit: warning: cache [^\n]+: not used: it could not be checked: [^\n]+\n$/,
      )
      assert.equal(statSync(join(cache, CACHE_FILE)).ino, before)
      assert.deepEqual(
        readdirSync(cache).filter((name) => name.includes('damaged')),
        [],
      )
    },
  )
}

/** Waits for the process that a run checks its cache in. */
async function findCheck(parent: number): Promise<number> {
  for (;;) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      if (isCheckOf(pid, parent)) return Number(pid)
    }
    await setTimeout(10)
  }
}

function isCheckOf(pid: string, parent: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const isChild = stat.slice(stat.lastIndexOf(')')).split(' ')[2] === String(parent)
    return isChild && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('integrity-check')
  } catch {
    // It ended meanwhile
    return false
  }
}

/** Starts a process that begins to write to a store and never ends that. */
function startHolder(path: string) {
  const lmdb = import.meta.resolve('lmdb')
  const script = `
    import { open } from ${JSON.stringify(lmdb)}
    const database = open({ path: ${JSON.stringify(path)}, noSubdir: true, noSync: true,
      encoding: 'binary', keyEncoding: 'binary' })
    database.putSync(Buffer.from('m/format'), Buffer.of(1))
    database.transactionSync(() => {
      process.stdout.write('held')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  return spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'pipe' })
}
