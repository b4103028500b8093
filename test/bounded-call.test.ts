import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { callWithin, isTimeout } from '../src/bounded-call.js'
import { collectGarbage } from './support/collect-garbage.js'

/** A call that heeds no signal. */
function hang(): Promise<never> {
  return new Promise<never>(() => undefined)
}

test('a call that never ends fails when its time is over', async (t) => {
  collectGarbage(t)
  const { signal } = new AbortController()
  await assert.rejects(callWithin({ timeoutMs: 200, signal }, hang), isTimeout)
})

test('the signal of a call aborts with it', async () => {
  const seen: AbortSignal[] = []
  const call = (signal: AbortSignal) => {
    seen.push(signal)
    return hang()
  }
  await assert.rejects(callWithin({ timeoutMs: 20 }, call), isTimeout)
  assert.ok(isTimeout(seen[0]!.reason))
})

test('a call ends when the signal of its caller aborts', async () => {
  const stopping = new AbortController()
  const call = callWithin({ timeoutMs: 60_000, signal: stopping.signal }, hang)
  stopping.abort(new Error('stopped'))
  await assert.rejects(call, /^Error: stopped$/)
  const { signal } = stopping
  await assert.rejects(callWithin({ timeoutMs: 60_000, signal }, hang), /^Error: stopped$/)
})

test('a call that ends in time gives what it came to, and leaves nothing behind', async () => {
  const { signal } = new AbortController()
  const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
  const before = timers()
  assert.equal(await callWithin({ timeoutMs: 60_000, signal }, () => Promise.resolve(7)), 7)
  const failed = callWithin({ timeoutMs: 60_000, signal }, () => Promise.reject(new Error('no')))
  await assert.rejects(failed, /^Error: no$/)
  assert.equal(timers(), before)
})

test('a time that no timer can count does not end a call at once', async () => {
  const call = () => setTimeout(50, 'done')
  assert.equal(await callWithin({ timeoutMs: 2 ** 40 }, call), 'done')
})
