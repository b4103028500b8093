import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seal, unseal } from '../../src/fleet/job-seal.js'

const [one, two] = [Buffer.from('1'.repeat(32)), Buffer.from('2'.repeat(32))]
const JOB = { kind: 'job', job: '' } as const

test('a sealed text is read with the same key, also if it became the second one', () => {
  const sealed = seal(JOB, 'text', [one])
  assert.equal(unseal(JOB, sealed, [one]), 'text')
  assert.equal(unseal(JOB, sealed, [two, one]), 'text')
  assert.equal(unseal(JOB, sealed, [two]), null)
})

test('a changed text, or one of another kind or job, is refused', () => {
  const sealed = seal({ kind: 'result', job: 'a' }, 'text', [one])
  const isRead = (kind: 'job' | 'progress' | 'result', job: string, value: unknown = sealed) =>
    unseal({ kind, job }, value, [one]) !== null
  assert.equal(isRead('result', 'a'), true)
  assert.equal(isRead('progress', 'a'), false)
  assert.equal(isRead('result', 'b'), false)
  assert.equal(isRead('result', 'a', { ...sealed, text: 'texT' }), false)
})

test('values that are no sealed text are refused', () => {
  const odd = [null, undefined, 1, 'x', [], {}, { text: 1, mac: '' }, { text: 'x', mac: 'äöü' }]
  for (const value of odd) assert.equal(unseal(JOB, value, [one]), null)
})
