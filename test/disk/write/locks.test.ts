import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockByFile } from '../../../src/disk/write/locks.js'
import { failure, unlessLocked } from '../failure.js'
import { makeScratch } from '../../support/scratch.js'
import { openFilesBelow, unlessProc } from '../../support/when-open.js'

const never = new AbortController().signal
const heldIn = (directory: string) =>
  failure('locked', `${directory}: another run holds the lock; wait until it ends`)

function lock(path: string, waitSeconds: number, signal = never) {
  return lockByFile(join(path, 'lock'), path, { waitSeconds, signal })
}

test('one holder at a time has the lock, and the next when it lets go', unlessProc, async (t) => {
  const directory = makeScratch(t)
  const held = heldIn(directory)
  const first = await lock(directory, 0)
  const open = readdirSync('/proc/self/fd').length
  for (let i = 0; i < 3; i++) await assert.rejects(lock(directory, 0), held)
  assert.equal(readdirSync('/proc/self/fd').length, open)
  first.release()
  const second = await lock(directory, 0)
  await assert.rejects(lock(directory, 0), held)
  second.release()
})

test('only this user may open the file of a lock, and nothing is left of it', async (t) => {
  const directory = makeScratch(t)
  const held = await lock(directory, 0)
  assert.equal(statSync(join(directory, 'lock')).mode & 0o777, 0o600)
  held.release()
  assert.deepEqual(readdirSync(directory), [])
})

test('a file of somebody else in the place of a lock is left', async (t) => {
  const directory = makeScratch(t, { lock: 'mine' })
  const path = join(directory, 'lock')
  ;(await lock(directory, 0)).release()
  assert.equal(readFileSync(path, 'utf8'), 'mine')
  rmSync(path)
  const held = await lock(directory, 0)
  rmSync(path)
  const other = await lock(directory, 0)
  held.release()
  await assert.rejects(lock(directory, 0), heldIn(directory))
  other.release()
})

test('whoever waits gets the lock as soon as it is free', async (t) => {
  const directory = makeScratch(t)
  const first = await lock(directory, 0)
  let isFree = false
  setTimeout(() => {
    isFree = true
    first.release()
  }, 300)
  const second = await lock(directory, 30)
  t.after(second.release)
  assert.ok(isFree)
  assert.ok(openFilesBelow(directory).length <= 1)
  await assert.rejects(lock(directory, 0), heldIn(directory))
})

test('a lock that another process lets go is there for who waits', unlessLocked, async (t) => {
  const directory = makeScratch(t)
  const module = new URL('../../../src/disk/write/locks.js', import.meta.url).href
  const code = `import { lockByFile } from ${JSON.stringify(module)}
    const wait = { waitSeconds: 0, signal: new AbortController().signal }
    await lockByFile(${JSON.stringify(join(directory, 'lock'))}, '', wait)
    console.log('held')
    process.stdin.on('end', () => process.exit()).resume()`
  const other = spawn(process.execPath, ['--input-type=module', '--eval', code])
  t.after(() => other.kill())
  await once(other.stdout, 'data')
  await assert.rejects(lock(directory, 0), heldIn(directory))
  const waiting = lock(directory, 100)
  other.stdin.end()
  ;(await waiting).release()
})

test('a wait ends when the signal says so', { timeout: 60_000 }, async (t) => {
  const directory = makeScratch(t)
  const first = await lock(directory, 0)
  t.after(first.release)
  const waiting = lock(directory, 1000, AbortSignal.timeout(200))
  await assert.rejects(waiting, failure('interrupted', 'interrupted'))
})
