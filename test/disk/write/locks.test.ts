import assert from 'node:assert/strict'
import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findAddon } from '../../../src/base/native-addon.js'
import * as locks from '../../../src/disk/write/locks.js'
import { failure } from '../failure.js'
import { makeScratch } from '../../support/scratch.js'

const { lockByByte, lockByFile } = locks

const onlyLinux = { skip: process.platform !== 'linux' && 'needs paths of open files' }

const never = new AbortController().signal
const heldIn = (directory: string) =>
  failure('locked', `${directory}: another run holds the lock; wait until it ends`)

function lock(path: string, waitSeconds: number, signal = never) {
  return lockByFile(join(path, 'lock'), path, { waitSeconds, signal })
}

test('one holder at a time has the lock, and the next when it lets go', async (t) => {
  const directory = makeScratch(t)
  const held = heldIn(directory)
  const first = await lock(directory, 0)
  await assert.rejects(lock(directory, 0), held)
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

test('locks of bytes of one file have nothing to do with each other', async (t) => {
  const directory = makeScratch(t)
  const lockAt = (byte: number) => {
    const wait = { waitSeconds: 0, signal: never }
    return lockByByte(join(directory, 'locks'), byte, directory, wait)
  }
  const [first, last] = [await lockAt(0), await lockAt(2 ** 52 - 1)]
  t.after(last.release)
  await assert.rejects(lockAt(0), heldIn(directory))
  first.release()
  const again = await lockAt(0)
  t.after(again.release)
  await assert.rejects(lockAt(2 ** 52 - 1), heldIn(directory))
  assert.equal(statSync(join(directory, 'locks')).mode & 0o777, 0o600)
})

test('many locks of one file need one descriptor', onlyLinux, async (t) => {
  const file = join(makeScratch(t), 'locks')
  const count = () => readdirSync('/proc/self/fd').filter((each) => leadsTo(each) === file).length
  const wait = { waitSeconds: 0, signal: never }
  const held = await Promise.all([1, 2, 3].map((byte) => lockByByte(file, byte, file, wait)))
  await assert.rejects(lockByByte(file, 1, file, wait))
  assert.equal(count(), 1)
  for (const { release } of held) release()
  assert.equal(count(), 0)
})

/** Where a descriptor leads; null for one that was closed meanwhile. */
function leadsTo(descriptor: string): string | null {
  try {
    return readlinkSync(join('/proc/self/fd', descriptor))
  } catch {
    return null
  }
}

test('a system that locks no bytes has a lock for each of them all the same', async (t) => {
  const addon = findAddon()
  const { functions } = addon
  // What it returns on macOS
  const lockByte = { value: () => constants.errno.ENOTSUP }
  Object.assign(addon, { functions: Object.create(functions, { lockByte }) as object })
  t.after(() => Object.assign(addon, { functions }))
  const fresh = '../../../src/disk/write/locks.js?bytes'
  const { lockByByte } = (await import(fresh)) as typeof locks
  const directory = makeScratch(t)
  const lockAt = (byte: number) => {
    const wait = { waitSeconds: 0, signal: never }
    return lockByByte(join(directory, 'locks'), byte, directory, wait)
  }
  const [first, last] = [await lockAt(0), await lockAt(1)]
  t.after(last.release)
  await assert.rejects(lockAt(0), heldIn(directory))
  first.release()
  t.after((await lockAt(0)).release)
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
  await assert.rejects(lock(directory, 0), heldIn(directory))
})

test('a wait ends when the signal says so', { timeout: 60_000 }, async (t) => {
  const directory = makeScratch(t)
  const first = await lock(directory, 0)
  t.after(first.release)
  const waiting = lock(directory, 1000, AbortSignal.timeout(200))
  await assert.rejects(waiting, failure('interrupted', 'interrupted'))
})
