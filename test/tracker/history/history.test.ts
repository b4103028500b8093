import assert from 'node:assert/strict'
import { test } from 'node:test'
import { History, MAX_TORRENTS } from '../../../src/tracker/history/history.js'
import type { PeriodName } from '../../../src/tracker/history/periods.js'
import { takeSample } from '../../../src/tracker/history/take-sample.js'
import { swarmsOf } from '../page/swarms.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Midnight UTC. */
const START = Date.UTC(2026, 10, 20)

const hashOf = (n: number) => n.toString(16).padStart(40, '0')
const [A, B] = [hashOf(0xa), hashOf(0xb)]

type Swarms = Parameters<typeof swarmsOf>[0]

async function sample(history: History, at: number, swarms: Swarms) {
  await takeSample(history, { store: swarmsOf(swarms), isTracked: () => true }, () => at)
}

/** The known counts of a period as texts such as `00:05 7/3+1`, by hour and minute or date. */
function shown(history: History, infoHash: string | null, period: PeriodName) {
  const samples = history.of(infoHash, period) ?? []
  return samples
    .filter(({ complete }) => complete !== null)
    .map(({ at, complete, downloading, completed }) => {
      const time = new Date(at).toISOString()
      const when = period === 'year' ? time.slice(0, 10) : time.slice(11, 16)
      return `${when} ${complete}/${downloading}+${completed}`
    })
}

test('a torrent has its counts of five minutes, and all torrents have their sums', async () => {
  const history = new History()
  assert.equal(history.of(null, 'day'), null)
  await sample(history, START, { [A]: [7, 3, 10], [B]: [1, 0, 5] })
  await sample(history, START + 5 * MINUTE, { [A]: [8, 2, 12], [B]: [0, 0, 5] })
  assert.deepEqual(shown(history, A, 'day'), ['00:00 7/3+0', '00:05 8/2+2'])
  assert.deepEqual(shown(history, null, 'day'), ['00:00 8/3+0', '00:05 8/2+2'])
  assert.equal(history.of(hashOf(1), 'day'), null)
})

test('a slot has the averages of its samples and the sum of completed downloads', async () => {
  const history = new History()
  for (const [i, seeds] of [1, 2, 6].entries()) {
    await sample(history, START + i * 20 * MINUTE, { [A]: [seeds, 4, 10 + i] })
  }
  await sample(history, START + HOUR, { [A]: [9, 0, 20] })
  assert.deepEqual(shown(history, A, 'week'), ['00:00 3/4+2', '01:00 9/0+8'])
  assert.deepEqual(shown(history, A, 'year'), ['2026-11-20 4.5/3+10'])
})

test('each period ends with the last sample and begins a period before it', async () => {
  const history = new History()
  for (let i = 0; i <= 400; i++) {
    await sample(history, START + i * DAY, { [A]: [i, 0, 0] })
  }
  const year = history.of(A, 'year') ?? []
  assert.equal(year.length, 366)
  assert.deepEqual([year[0]?.complete, year.at(-1)?.complete], [35, 400])
  assert.equal(year.at(-1)?.at, START + 400 * DAY)
  assert.deepEqual(shown(history, A, 'day'), ['00:00 400/0+0'])
  assert.equal(history.of(A, 'day')?.length, 288)
})

test('a torrent that is gone counts as empty, and no download is completed by its return', async () => {
  const history = new History()
  await sample(history, START, { [A]: [2, 0, 50] })
  await sample(history, START + 5 * MINUTE, {})
  await sample(history, START + 10 * MINUTE, { [A]: [1, 0, 51] })
  // After the loss of the state, counting begins again
  await sample(history, START + 15 * MINUTE, { [A]: [1, 0, 3] })
  await sample(history, START + 20 * MINUTE, { [A]: [1, 0, 4] })
  assert.deepEqual(shown(history, A, 'day'), [
    '00:00 2/0+0',
    '00:05 0/0+0',
    '00:10 1/0+1',
    '00:15 1/0+0',
    '00:20 1/0+1',
  ])
})

test('a clock that jumps costs only the slots that it hits', async () => {
  const history = new History()
  for (let i = 0; i < 6; i++) await sample(history, START + i * HOUR, { [A]: [i, 0, 0] })
  const before = shown(history, A, 'week')
  const farAway = START + 1000 * DAY + 2 * HOUR
  await sample(history, farAway, { [A]: [99, 0, 0] })
  assert.deepEqual(shown(history, A, 'week'), ['02:00 99/0+0'])
  await sample(history, 5 * MINUTE, { [A]: [98, 0, 0] })
  assert.equal(history.of(A, 'year')?.at(-1)?.complete, 98)
  await sample(history, START + 6 * HOUR, { [A]: [6, 0, 0] })
  const after = shown(history, A, 'week')
  assert(after.includes('06:00 6/0+0'))
  assert(before.filter((line) => !after.includes(line)).length <= 2, after.join())
  // Set back by an hour, it begins that hour again
  await sample(history, START + 5 * HOUR, { [A]: [50, 0, 0] })
  assert.equal(shown(history, A, 'week').at(-1), '05:00 50/0+0')
})

test('the busiest torrents have a history; others take the places of the least busy', async () => {
  const history = new History()
  const many = Object.fromEntries(
    Array.from({ length: MAX_TORRENTS + 500 }, (_, i) => [hashOf(i + 1), [i + 1, 0, 0] as const]),
  )
  await sample(history, START, many)
  assert.equal(history.torrents.size, MAX_TORRENTS)
  assert(history.torrents.has(hashOf(1500)) && !history.torrents.has(hashOf(500)))
  // A newcomer needs twice the peers of the least busy, which has 501
  await sample(history, START + 5 * MINUTE, { ...many, [A]: [900, 0, 0] })
  assert(!history.torrents.has(A))
  await sample(history, START + 10 * MINUTE, { ...many, [A]: [5000, 0, 0] })
  assert(history.torrents.has(A) && !history.torrents.has(hashOf(501)))
  assert.equal(history.torrents.size, MAX_TORRENTS)
  assert.deepEqual(shown(history, A, 'day'), ['00:10 5000/0+0'])
})

test('a flood of new torrents takes few places at once', async () => {
  const history = new History()
  const swarms = (from: number, peers: number) =>
    Object.fromEntries(
      Array.from({ length: MAX_TORRENTS }, (_, i) => [hashOf(from + i), [peers, 0, 0] as const]),
    )
  await sample(history, START, swarms(1, 5))
  await sample(history, START + 5 * MINUTE, { ...swarms(1, 5), ...swarms(50_000, 100) })
  const kept = [...history.torrents.keys()].filter((hash) => hash < hashOf(50_000))
  assert(kept.length > 0.9 * MAX_TORRENTS, String(kept.length))
})

test('torrents that are not tracked do not count', async () => {
  const history = new History()
  const store = swarmsOf({ [A]: [7, 3, 0], [B]: [1, 0, 0] })
  await takeSample(history, { store, isTracked: (hash) => hash === B }, () => START)
  assert.deepEqual(shown(history, null, 'day'), ['00:00 1/0+0'])
  assert.equal(history.of(A, 'day'), null)
})
