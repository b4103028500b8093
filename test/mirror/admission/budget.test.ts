import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Steps } from '../../../src/core/digests/steps.js'
import { Budget } from '../../../src/mirror/admission/budget.js'
import { TimeSlices } from '../../../src/mirror/admission/time-slices.js'
import { NotReady } from '../../../src/server/answers/refusal.js'
import { refused } from '../refused.js'
import { realSlices } from '../slices.js'

const LIMITS = { steps: 100, names: 10, bytes: 1000 }
const never = new AbortController().signal

test('a budget can be spent to zero, and no further', () => {
  const budget = new Budget(LIMITS, { slices: realSlices(), signal: never })
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

test('a slice ends after a few milliseconds, and the next one begins', async () => {
  let now = 1000
  const budget = new Budget(LIMITS, { slices: new TimeSlices(() => now), signal: never })
  now += 1
  assert.equal(budget.isSliceOver, false)
  now += 20
  assert.equal(budget.isSliceOver, true)
  await budget.nextSlice()
  assert.equal(budget.isSliceOver, false)
})

test('work that nobody wants any more ends before its next slice', async () => {
  const gone = new AbortController()
  const budget = new Budget(LIMITS, { slices: realSlices(), signal: gone.signal })
  await budget.nextSlice()
  const waiting = budget.nextSlice()
  gone.abort(new NotReady('the client has gone', 1))
  await assert.rejects(waiting, refused('busy', /has gone/))
  await assert.rejects(budget.nextSlice(), refused('busy', /has gone/))
})

test('each turn of the event loop continues one work, in the order of arrival', async () => {
  const slices = realSlices()
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

test('bytes are taken from the memory of all requests', () => {
  const taken: number[] = []
  const memory = { take: (bytes: number) => void taken.push(bytes) }
  const budget = new Budget(LIMITS, { slices: realSlices(), signal: never, memory })
  budget.charge('bytes', 30)
  budget.charge('steps', 20)
  budget.charge('bytes', 40)
  assert.deepEqual(taken, [30, 40])
})

test('work whose turn is over waits for the next turn before its next slice', async () => {
  const seen: string[] = []
  const turn = {
    isOver: true,
    next: () => {
      seen.push('another turn')
      turn.isOver = false
      return Promise.resolve()
    },
  }
  const budget = new Budget(LIMITS, { slices: realSlices(), signal: never, turn })
  for (let i = 0; i < 2; i++) {
    await budget.nextSlice()
    seen.push('a slice')
  }
  assert.deepEqual(seen, ['another turn', 'a slice', 'a slice'])
})

test('concurrent parts of a work wait for the same slice and turn', async () => {
  let turns = 0
  const turn = {
    isOver: true,
    next: async () => {
      turns++
      await Promise.resolve()
      turn.isOver = false
    },
  }
  const slices = realSlices()
  const budget = new Budget(LIMITS, { slices, signal: never, turn })
  const seen: string[] = []
  const parts = Array.from({ length: 5 }, async (_, i) => {
    await budget.nextSlice()
    seen.push(String(i))
  })
  const other = slices.next().then(() => slices.next().then(() => seen.push('other')))
  await Promise.all([...parts, other])
  assert.equal(turns, 1)
  assert.deepEqual(seen, ['0', '1', '2', '3', '4', 'other'])
})

test('work in steps yields in between, and returns its result', async () => {
  let now = 0
  const slices = new TimeSlices(() => (now += 10))
  const budget = new Budget(LIMITS, { slices, signal: never })
  let turns = 0
  const steps = (function* (): Steps<string> {
    for (let i = 0; i < 5; i++) {
      setImmediate(() => turns++)
      yield
    }
    return 'done'
  })()
  assert.equal(await budget.runSteps(steps), 'done')
  assert.ok(turns >= 4, String(turns))
})
