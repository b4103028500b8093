import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { callWithin } from '../../src/base/bounded-call.js'

test('many calls with one signal cause no warning of Node', async (t) => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  t.after(() => process.off('warning', note))
  const { signal } = new AbortController()
  const limits = { timeoutMs: 10_000, signal }
  const calls = Array.from({ length: 40 }, () => callWithin(limits, () => setImmediate()))
  await Promise.all(calls)
  assert.deepEqual(warnings, [])
})
