import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doAtOnce, doInTurns, each, sorted } from '../../src/base/steps.js'

const NUMBERS = Array.from({ length: 1000 }, (_, i) => i)

test('work in steps is complete, at once and in turns', async () => {
  const seen: number[] = []
  let turns = 0
  const pause = () => Promise.resolve(void turns++)
  await doInTurns(
    each(NUMBERS, (number) => seen.push(number)),
    { isSliceOver: () => true, pause },
  )
  doAtOnce(each(NUMBERS, (number) => seen.push(number)))
  assert.deepEqual(seen, [...NUMBERS, ...NUMBERS])
  assert.ok(turns > 5)
})

test('work in steps ends when nobody wants it any more', async () => {
  const seen: number[] = []
  const pause = () => Promise.reject(new Error('the client has gone'))
  const steps = each(NUMBERS, (number) => seen.push(number))
  await assert.rejects(doInTurns(steps, { isSliceOver: () => true, pause }), /has gone/)
  assert.ok(seen.length < 500)
})

test('texts are sorted in steps as at once', () => {
  for (const count of [0, 1, 64, 65, 1000]) {
    const texts = NUMBERS.slice(0, count).map((n) => `${(n * 7919) % 613}ä`)
    assert.deepEqual(doAtOnce(sorted([...texts])), texts.sort())
  }
})
