import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  lockDirectory,
  tryNative,
  tryProgram,
  type TryLock,
} from '../../../src/disk/write/locks.js'
import { findPeer } from '../../support/peers.js'
import { failure } from '../failure.js'
import { makeTemporaryDirectory } from '../temporary-directory.js'

const never = new AbortController().signal

/** Both ways to lock, with why one can't be tried here. */
const WAYS: readonly (readonly [what: string, locker: TryLock | null, skip: string | false])[] = [
  ['by the addon', tryNative, tryNative === null && 'the addon is not built'],
  ['by flock(1)', tryProgram, findPeer('flock') === null && 'flock is not installed'],
]

for (const [what, locker, skip] of WAYS) {
  const unlessAble = { skip }
  const lock = (path: string, waitSeconds: number, signal: AbortSignal) =>
    lockDirectory(path, { waitSeconds, signal }, locker!)

  test(
    `one holder at a time has the lock, and the next when it lets go, ${what}`,
    unlessAble,
    async (t) => {
      const directory = makeTemporaryDirectory(t)
      const held = failure('locked', `${directory}: another run holds the lock; wait until it ends`)
      const first = await lock(directory, 0, never)
      await assert.rejects(lock(directory, 0, never), held)
      first.release()
      const second = await lock(directory, 0, never)
      await assert.rejects(lock(directory, 0, never), held)
      second.release()
    },
  )

  test(`whoever waits gets the lock as soon as it is free, ${what}`, unlessAble, async (t) => {
    const directory = makeTemporaryDirectory(t)
    const first = await lock(directory, 0, never)
    let isFree = false
    setTimeout(() => {
      isFree = true
      first.release()
    }, 300)
    const second = await lock(directory, 30, never)
    t.after(second.release)
    assert.ok(isFree)
    const held = failure('locked', `${directory}: another run holds the lock; wait until it ends`)
    await assert.rejects(lock(directory, 0, never), held)
  })

  test(
    `a wait ends when the signal says so, ${what}`,
    { ...unlessAble, timeout: 60_000 },
    async (t) => {
      const directory = makeTemporaryDirectory(t)
      const first = await lock(directory, 0, never)
      t.after(first.release)
      const waiting = lock(directory, 1000, AbortSignal.timeout(200))
      await assert.rejects(waiting, failure('interrupted', 'interrupted'))
    },
  )
}

test(
  'a lock of either way holds against the other',
  { skip: WAYS.some(([, , skip]) => skip) },
  async (t) => {
    const directory = makeTemporaryDirectory(t)
    const held = failure('locked', `${directory}: another run holds the lock; wait until it ends`)
    const wait = { waitSeconds: 0, signal: never }
    for (const [first, second] of [
      [tryNative, tryProgram],
      [tryProgram, tryNative],
    ] as const) {
      const lock = await lockDirectory(directory, wait, first!)
      await assert.rejects(lockDirectory(directory, wait, second!), held)
      lock.release()
    }
  },
)
