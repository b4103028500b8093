import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChartLine, drawChart } from '../../../../src/tracker/pages/charts/chart.js'
import { HOUR } from '../../../../src/tracker/pages/charts/history.js'

const START = Date.UTC(2026, 10, 20)

const seeds = (values: ChartLine['values'], name = 'Seeds'): ChartLine => {
  return { name, kind: 'seeds', values }
}

function drawn(lines: readonly ChartLine[]): string {
  return drawChart('one', 'Peers', START, lines).text
}

test('screen readers hear the title and a summary of each line', () => {
  const bars: ChartLine = { name: 'Completed', kind: 'completed', values: [1, 0, 4] }
  const text = drawn([seeds([7, 3, 12]), bars])
  assert.match(text, /role="img" aria-labelledby="one-t one-d"/)
  assert.match(text, /<title id="one-t">Peers<\/title>/)
  const summary = 'Seeds: 12 at the end, 3 to 12. Completed: 5 in all.'
  assert.match(text, new RegExp(`<desc id="one-d">${summary}</desc>`))
})

test('the scale ends with a round number above all values', () => {
  const labels = (most: number) => [
    ...drawn([seeds([0, most])]).matchAll(/<text y[^>]*>([\d,]+)</g),
  ]
  const ends = [0, 1, 3, 7, 11, 41, 99, 100, 12_345, 230].map((most) => labels(most).at(-1)?.[1])
  assert.deepEqual(ends, ['2', '2', '4', '8', '20', '50', '100', '100', '20,000', '300'])
})

test('missing values are gaps in lines, and a lone value is still visible', () => {
  const text = drawn([seeds([1, 2, null, 2, null, 0])])
  assert.match(text, /<path class="seeds" d="M0 100h\.1L1 0M3 0h\.1M5 200h\.1"/)
})

test('a chart without values is empty and says so', () => {
  for (const values of [[], [null, null], [NaN, Infinity]]) {
    const text = drawn([seeds(values)])
    assert.match(text, /Seeds: no data\./)
    assert.match(text, /<path class="seeds" d="" \/>/)
    assert.doesNotMatch(text, /NaN|Infinity|undefined/)
  }
})

test('a table has the same by the day: averages, and sums of amounts', () => {
  const values = Array.from({ length: 7 * 24 }, (_, i) => (i < 24 ? i : 3))
  const bars: ChartLine = { name: 'Completed', kind: 'completed', values }
  const text = drawn([seeds(values), bars])
  const rows = [
    ...text.matchAll(/<th scope="row">([^<]*)<\/th>\s*(?:<td class="n">([^<]*)<\/td>)+/g),
  ]
  assert.equal(rows.length, 7)
  assert.match(rows[0]?.[0] ?? '', /2026-11-21 00:00.*>12<.*>276</s)
  assert.match(rows[6]?.[0] ?? '', /2026-11-27 00:00.*>3<.*>72</s)
})

test('a row of the table is labelled with the end of its 24 hours', () => {
  const values = Array.from({ length: 31 * 24 }, (_, i) => (i === 31 * 24 - 1 ? 7 : null))
  const text = drawn([seeds(values)])
  const rows = [...text.matchAll(/<th scope="row">([^<]*)/g)].map(([, time]) => time)
  // The only known hour is the last one, from 23:00 on
  assert.deepEqual(rows, ['2026-12-21 00:00'])
  assert.match(text, /<th scope="col">24 hours until \(UTC\)<\/th>/)
  const short = drawn([seeds([1, 2, 3])])
  assert.match(short, /<th scope="row">2026-11-20 03:00</)
})

test('Mondays are marked', () => {
  const text = drawn([seeds(Array<number>(31 * 24).fill(1))])
  const marks = [...text.matchAll(/class="time"[^>]*>([\d-]+)</g)].map(([, mark]) => mark)
  assert.deepEqual(marks, ['11-23', '11-30', '12-07', '12-14'])
  assert.equal(new Date(START + 3 * 24 * HOUR).toUTCString().slice(0, 3), 'Mon')
})

test('names are escaped, and nothing needs a script or inline style', () => {
  const text = drawn([seeds([1, 2], '<script>"\u202e')])
  assert.match(text, /&lt;script&gt;&quot;\\u\{202e\}/)
  assert.doesNotMatch(text, /<script| style=| on\w+=/)
})
