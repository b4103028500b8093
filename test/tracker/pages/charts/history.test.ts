import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { History, HistoryFile } from '../../../../src/tracker/pages/charts/history.js'
import { makeScratch } from '../../../support/scratch.js'

const HOUR = 3_600_000
const START = Date.UTC(2026, 10, 1)
const countsOf = (complete: number, downloaded: number) => ({
  complete,
  downloading: 1,
  downloaded,
})

test('an hour has the averages of its samples and the sum of its downloads', () => {
  const history = new History()
  history.note(countsOf(2, 10), START)
  history.note(countsOf(4, 13), START + HOUR / 2)
  history.note(countsOf(9, 14), START + 2 * HOUR)
  // They begin with the first record
  assert.deepEqual(history.samples(), [
    { at: START, complete: 3, downloading: 1, completed: 3 },
    { at: START + HOUR, complete: null, downloading: null, completed: null },
    { at: START + 2 * HOUR, complete: 9, downloading: 1, completed: 1 },
  ])
})

test('downloads before the first sample count, from the start of the tracker on', () => {
  const history = new History()
  history.begin(10)
  history.note(countsOf(2, 13), START)
  assert.equal(history.samples().at(-1)?.completed, 3)
})

test('hours after a month are forgotten, and those of a wrong clock', () => {
  const history = new History()
  for (let hour = 0; hour < 800; hour += 1) history.note(countsOf(hour, 0), START + hour * HOUR)
  assert.equal(history.samples()[0]?.complete, 56)
  assert.equal(history.samples().length, 744)
  history.note(countsOf(1, 0), START + 9000 * HOUR)
  history.note(countsOf(5, 0), START + 800 * HOUR)
  assert.deepEqual(
    history
      .samples()
      .slice(-2)
      .map(({ complete }) => complete),
    [799, 5],
  )
})

test('a saved history is restored; a lost state is no negative count', () => {
  const [one, other] = [new History(), new History()]
  one.note(countsOf(2, 10), START)
  other.restore(one.format())
  assert.deepEqual(other.samples(), one.samples())
  one.note(countsOf(2, 3), START)
  assert.equal(one.samples().at(-1)?.completed, 0)
  for (const text of ['', '{}', '[[1]]', '[[1,2,3,4,-5]]'])
    assert.throws(() => {
      other.restore(text)
    }, /not a history of this version/)
})

test('a failed save is told once, and that saving works again', async (t) => {
  const path = join(makeScratch(t), 'there', 'history')
  const warnings: string[] = []
  const world = { now: () => 1000, warn: (warning: string) => warnings.push(warning) }
  const history = new History()
  history.note({ complete: 1, downloading: 0, downloaded: 0 }, 1000)
  const file = new HistoryFile(path, history, world)
  await file.save()
  await file.save()
  mkdirSync(join(path, '..'))
  await file.save()
  await file.save()
  assert.deepEqual(warnings, [
    `${path}: could not save the history: no such file or directory`,
    `${path}: saving the history works again`,
  ])
})
