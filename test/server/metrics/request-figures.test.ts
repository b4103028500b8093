import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import type { Exchange } from '../../../src/server/exchange/exchanges.js'
import { RequestFigures } from '../../../src/server/metrics/request-figures.js'

/** Figures of exchanges with the given fields; other fields have plain values. */
function figuresOf(exchanges: readonly Partial<Exchange>[]): RequestFigures {
  const figures = new RequestFigures()
  const request = { socket: new Socket(), headers: {}, method: 'GET', url: '/' }
  const plain = { request, route: '/a', status: 200, bytes: 0, milliseconds: 1, isComplete: true }
  for (const exchange of exchanges) figures.note({ ...plain, ...exchange })
  return figures
}

test('requests are counted by route and status', () => {
  const figures = figuresOf([{}, { status: 404 }, {}, { route: '/b' }])
  assert.deepEqual(figures.counts(), [
    { labels: { route: '/a', code: '200' }, value: 2 },
    { labels: { route: '/a', code: '404' }, value: 1 },
    { labels: { route: '/b', code: '200' }, value: 1 },
  ])
})

test('bytes and broken answers are counted over all routes', () => {
  const figures = figuresOf([{ bytes: 10 }, { route: '/b', bytes: 5, isComplete: false }])
  assert.deepEqual([figures.bytes, figures.aborted], [15, 1])
})

test('each bucket of durations includes all lower ones', () => {
  const times = [1, 2, 60_000, 61_000].map((milliseconds) => ({ milliseconds }))
  const samples = figuresOf(times).durations()
  const values = Object.fromEntries(
    samples.map(({ suffix = '', labels, value }) => [suffix + (labels?.['le'] ?? ''), value]),
  )
  assert.equal(values['_bucket0.001'], 1)
  assert.equal(values['_bucket0.005'], 2)
  assert.equal(values['_bucket30'], 2)
  assert.equal(values['_bucket60'], 3)
  assert.equal(values['_bucket+Inf'], 4)
  assert.equal(values['_count'], 4)
  assert.equal(values['_sum'], 121.003)
})
