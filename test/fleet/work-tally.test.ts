import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Part } from '../../src/fleet/job.js'
import { WorkTally, type WorkProgress } from '../../src/fleet/work-tally.js'

/** A part of one file. */
function partOf(path: string, size: number): Part {
  const files = [{ share: 's', path, size, mtime: '1' }]
  return { wanted: 'pieces', pieceLength: 100, lead: 0, files, first: 0, count: size / 100 }
}

test('progress counts the jobs since there was none', () => {
  const seen: (WorkProgress | null)[] = []
  const tally = new WorkTally((progress) => seen.push(progress))
  const one = tally.begin([partOf('a', 300), partOf('b', 100)])
  const two = tally.begin([partOf('c', 200)])
  one.report(100)
  two.report(200)
  two.end('done')
  one.report(400)
  one.end('done')
  const three = tally.begin([partOf('d', 100)])
  three.report(50)
  assert.deepEqual(seen, [
    { bytesDone: 100, currentPath: 's:a' },
    { bytesDone: 300, currentPath: 's:c' },
    { bytesDone: 600, currentPath: 's:a' },
    null,
    { bytesDone: 50, currentPath: 's:d' },
  ])
})

test('a job that is given back counts for nothing', () => {
  const tally = new WorkTally(() => undefined)
  tally.begin([partOf('a', 300)]).end('returned')
  tally.begin([partOf('b', 300)]).end('failed')
  tally.begin([partOf('c', 200)]).end('done')
  assert.deepEqual(tally.totals, { done: 1, bytes: 200, failed: 1 })
})
