import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ChartLine,
  type NamedLine,
  renderChart,
  renderMonth,
  renderSwarmMonth,
} from '../../src/page-parts/chart.js'

const START = Date.UTC(2026, 9, 31)
const DAY = 86_400_000
const ends = [START, START + 30 * DAY] as const

const seeds = (values: ChartLine['values'], name = 'Seeds'): NamedLine => {
  return { name, kind: 'seeds', values }
}
const bars = (values: ChartLine['values']): NamedLine => {
  return { name: 'Completed', kind: 'completed', values }
}

function drawn(lines: readonly NamedLine[], areBars = false): string {
  return renderChart({ title: 'Peers', lines, areBars, ends }).text
}

test('screen readers hear a summary of each line', () => {
  assert.match(
    drawn([seeds([7, 3, 12])]),
    /role="img"\s+aria-label="Seeds: 12 at the end, 3 to 12\."/,
  )
  assert.match(drawn([bars([1, 0, 4])], true), /aria-label="Completed: 5 in all\."/)
})

test('the largest value of all lines stands at the top of a chart', () => {
  const most = (value: number) =>
    /<p><span>([\d,.]+)</.exec(drawn([seeds([0, value]), seeds([value / 2])]))?.[1]
  assert.deepEqual([0, 1, 7.25, 11.6, 12_345].map(most), ['1', '1', '7.3', '12', '12,345'])
})

test('the first and the last day stand below a chart', () => {
  const text = drawn([seeds([1, 2])]).replace(/\s+/g, ' ')
  assert.match(text, /<span>31 Oct<\/span><span><\/span><span>30 Nov<\/span>/)
})

test('missing values are gaps in lines, and a lone value is still visible', () => {
  const text = drawn([seeds([1, 2, null, 2, null, 0])])
  assert.match(text, /<path class="seeds" d="M0 50h\.1L1 0M3 0h\.1M5 100h\.1"/)
})

test('a bar is as high as its amount, and there is none for nothing', () => {
  const text = drawn([bars([2, 0, null, 1])], true)
  assert.match(text, /d="M0\.1 100V0h\.8V100zM3\.1 100V50h\.8V100z"/)
})

test('a chart without values is empty and says so', () => {
  for (const values of [[], [null, null], [NaN, Infinity]]) {
    const text = drawn([seeds(values)])
    assert.match(text, /Seeds: no data\./)
    assert.match(text, /<path class="seeds" d="" \/>/)
    assert.doesNotMatch(text, /NaN|Infinity|undefined/)
  }
})

test('names are escaped, and nothing needs a script or inline style', () => {
  const text = drawn([seeds([1, 2], '<script>"\u202e')])
  assert.match(text, /&lt;script&gt;&quot;\\u\{202e\}/)
  assert.doesNotMatch(text, /<script| style=| on\w+=/)
})

test('a month has at least two days', () => {
  for (const values of [[], [3], [null, 3]]) assert.equal(renderMonth(seeds(values)), null)
  assert.match(renderMonth(seeds([1, 3]))?.text ?? '', /d="M0 94h\.1L1 6"/)
})

test('the month of a swarm says its first day, and how many seeds there were', () => {
  const month = renderSwarmMonth({ day: (START + 3 * DAY) / DAY, seeds: [2, null, 9, 4] })
  assert.match(
    month?.text.replace(/<[^>]*>|\s+/g, ' ').replace(/ +/g, ' ') ?? '',
    /31 Oct 2 to 9 seeds today/,
  )
})
