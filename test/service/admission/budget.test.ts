import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Budget } from '../../../src/service/admission/budget.js'
import { TimeSlices } from '../../../src/service/admission/time-slices.js'
import { NotReady } from '../../../src/service/refusal.js'
import { refused } from '../refused.js'

const LIMITS = { steps: 100, names: 10, bytes: 1000 }
const never = new AbortController().signal

test('a budget may be spent to the last, and no further', () => {
  const budget = new Budget(LIMITS, new TimeSlices(), never)
  budget.charge('steps', 60)
  budget.charge('steps', 40)
  budget.charge('names', 10)
  assert.throws(
    () => {
      budget.charge('steps', 1)
    },
    refused('too-many', /too long to match/),
  )
  assert.throws(
    () => {
      budget.charge('names', 1)
    },
    refused('too-many', /too many names/),
  )
  assert.throws(
    () => {
      budget.charge('bytes', 1001)
    },
    refused('too-many', /too many bytes/),
  )
})

test('a slice is over after a few milliseconds, and another begins with the next', async () => {
  let now = 1000
  const budget = new Budget(LIMITS, new TimeSlices(() => now), never)
  now += 1
  assert.equal(budget.isSliceOver, false)
  now += 20
  assert.equal(budget.isSliceOver, true)
  await budget.nextSlice()
  assert.equal(budget.isSliceOver, false)
})

test('work that nobody wants any more ends before its next slice', async () => {
  const gone = new AbortController()
  const budget = new Budget(LIMITS, new TimeSlices(), gone.signal)
  await budget.nextSlice()
  const waiting = budget.nextSlice()
  gone.abort(new NotReady('the client has gone', 1))
  await assert.rejects(waiting, refused('busy', /has gone/))
  await assert.rejects(budget.nextSlice(), refused('busy', /has gone/))
})

test('in each turn of the event loop one work goes on, in the order in which they came', async () => {
  const slices = new TimeSlices()
  const seen: string[] = []
  const work = async (name: string) => {
    for (let i = 0; i < 2; i++) {
      await slices.next()
      seen.push(name)
    }
  }
  const turns = async () => {
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push('-')
    }
  }
  await Promise.all([turns(), work('a'), work('b')])
  assert.equal(seen.join(''), '-a-b-a-b')
})
