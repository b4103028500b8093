import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FasterSync } from '../../../src/files/write/batch.js'

/** The ways that are chosen for batches of 100 files, when each takes so many milliseconds. */
function choose(batches: number, durations: Record<string, number>): string[] {
  const faster = new FasterSync()
  return Array.from({ length: batches }, () => {
    const way = faster.choose(100)
    faster.note(way, 100, durations[way]! * 1000)
    return way
  })
}

for (const [fast, slow] of [
  ['files', 'file system'],
  ['file system', 'files'],
] as const) {
  test(`when '${fast}' is faster, it is used after both were tried`, () => {
    const ways = choose(10, { [fast]: 100, [slow]: 300 })
    assert.ok(ways.slice(0, 3).includes(slow))
    assert.deepEqual(new Set(ways.slice(3)), new Set([fast]))
  })

  test(`when '${fast}' is faster, the other is tried again now and then`, () => {
    const ways = choose(200, { [fast]: 100, [slow]: 300 }).slice(3)
    const others = ways.filter((way) => way === slow).length
    assert.ok(others >= 1 && others <= 10, `${others}`)
  })

  test(`when '${fast}' is far faster, the other is not tried again`, () => {
    const ways = choose(200, { [fast]: 100, [slow]: 10_000 })
    assert.equal(ways.filter((way) => way === slow).length, 1)
  })
}

test('what was written before the first files does not count against the file system', () => {
  const faster = new FasterSync()
  faster.note(faster.choose(100), 100, 1_000_000)
  assert.equal(faster.choose(100), 'file system')
  faster.note('file system', 100, 10_000)
  assert.equal(faster.choose(100), 'file system')
})

test('a way that becomes slow is left', () => {
  const faster = new FasterSync()
  for (const duration of [100_000, 100_000, 200_000]) faster.note(faster.choose(100), 100, duration)
  const way = faster.choose(100)
  faster.note(way, 100, 50_000_000)
  assert.notEqual(faster.choose(100), way)
})

test('where the file system is fast enough, no other way is tried', () => {
  assert.deepEqual(new Set(choose(100, { 'file system': 10, files: 5 })), new Set(['file system']))
})

test('of a few files each goes to the disk by itself, and that says nothing of many', () => {
  const faster = new FasterSync()
  assert.equal(faster.choose(3), 'files')
  faster.note('files', 3, 1)
  assert.equal(faster.choose(100), 'file system')
})
