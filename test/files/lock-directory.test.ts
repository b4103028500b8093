import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockDirectory } from '../../src/files/lock-directory.js'
import { findPeer } from '../support/peers.js'
import { failure } from './failure.js'
import { makeTemporaryDirectory, plantTree } from './temporary-directory.js'

const unlessFlock = { skip: findPeer('flock') === null && 'flock is not installed' }
const never = new AbortController().signal

test('one holder at a time has the lock, and the next when it lets go', unlessFlock, async (t) => {
  const directory = makeTemporaryDirectory(t)
  const held = failure('locked', `${directory}: another run holds the lock`)
  const first = await lockDirectory(directory, 0, never)
  await assert.rejects(lockDirectory(directory, 0, never), held)
  first.release()
  const second = await lockDirectory(directory, 0, never)
  await assert.rejects(lockDirectory(directory, 0, never), held)
  second.release()
})

test('whoever waits gets the lock as soon as it is free', unlessFlock, async (t) => {
  const directory = makeTemporaryDirectory(t)
  const first = await lockDirectory(directory, 0, never)
  let isFree = false
  setTimeout(() => {
    isFree = true
    first.release()
  }, 300)
  const second = await lockDirectory(directory, 30, never)
  t.after(second.release)
  assert.ok(isFree)
  const held = failure('locked', `${directory}: another run holds the lock`)
  await assert.rejects(lockDirectory(directory, 0, never), held)
})

test('whoever waits too long is told who holds the lock', unlessFlock, async (t) => {
  const directory = makeTemporaryDirectory(t)
  const first = await lockDirectory(directory, 0, never)
  t.after(first.release)
  const message = `${directory}: another run holds the lock`
  await assert.rejects(lockDirectory(directory, 1, never), failure('locked', message))
})

test('a wait ends when the signal says so', { ...unlessFlock, timeout: 10_000 }, async (t) => {
  const directory = makeTemporaryDirectory(t)
  const first = await lockDirectory(directory, 0, never)
  t.after(first.release)
  const waiting = lockDirectory(directory, 1000, AbortSignal.timeout(200))
  await assert.rejects(waiting, failure('interrupted', 'interrupted'))
})

test('directories are locked each for itself, without a trace in them', unlessFlock, async (t) => {
  const root = plantTree(t, ['a/x', 'b/x'])
  const locks = await Promise.all(
    ['a', 'b'].map((name) => lockDirectory(join(root, name), 0, never)),
  )
  assert.deepEqual(readdirSync(join(root, 'a')), ['x'])
  for (const lock of locks) lock.release()
})

test('a directory that is not there can not be locked', async (t) => {
  const path = join(makeTemporaryDirectory(t), 'missing')
  const message = `${path}: no such file or directory`
  await assert.rejects(lockDirectory(path, 0, never), failure('not-found', message))
})
