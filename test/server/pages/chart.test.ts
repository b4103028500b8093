import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type ChartLine, chart } from '../../../src/server/pages/chart.js'
import { renderFrame, renderPage } from '../../../src/server/pages/layout.js'
import { InlineScript, pageHeaders } from '../../../src/server/pages/policy.js'
import { html } from '../../../src/text/html.js'

const START = Date.UTC(2026, 10, 20)
const MINUTE = 60_000

const seeds = (values: ChartLine['values'], name = 'Seeds'): ChartLine => {
  return { name, kind: 'seeds', values }
}

function drawn(lines: readonly ChartLine[], step = 5 * MINUTE, start = START): string {
  return chart({ id: 'one', title: 'Peers', start, step, lines }).text
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
  const labels = (most: number) => [...drawn([seeds([0, most])]).matchAll(/<text y[^>]*>(\d+)</g)]
  const ends = [0, 1, 3, 7, 11, 41, 99, 100, 12_345, 230].map((most) => labels(most).at(-1)?.[1])
  assert.deepEqual(ends, ['2', '2', '4', '8', '20', '50', '100', '100', '20000', '300'])
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

test('a table has the same by the hour: averages, and sums of amounts', () => {
  const values = Array.from({ length: 288 }, (_, i) => (i < 12 ? i : 3))
  const bars: ChartLine = { name: 'Completed', kind: 'completed', values }
  const text = drawn([seeds(values), bars])
  const rows = [
    ...text.matchAll(/<th scope="row">([^<]*)<\/th>\s*(?:<td class="n">([^<]*)<\/td>)+/g),
  ]
  assert.equal(rows.length, 24)
  assert.match(rows[0]?.[0] ?? '', /00:00.*>5\.5<.*>66</s)
  assert.match(rows[23]?.[0] ?? '', /23:00.*>3<.*>36</s)
})

test('times are marked by hours, weekdays or months', () => {
  const marks = (length: number, step: number) =>
    [
      ...drawn([seeds(Array<number>(length).fill(1))], step).matchAll(
        /class="time"[^>]*>(\w[^<]*)</g,
      ),
    ]
      .map(([, mark]) => mark)
      .join(' ')
  const hour = 60 * MINUTE
  assert.equal(marks(288, 5 * MINUTE), '06:00 12:00 18:00')
  assert.equal(marks(168, hour), 'Sat Sun Mon Tue Wed Thu')
  assert.equal(marks(366, 24 * hour), 'Jan Mar May Jul Sep Nov')
})

test('names are escaped, and nothing needs a script or inline style', () => {
  const text = drawn([seeds([1, 2], '<script>"\u202e')])
  assert.match(text, /&lt;script&gt;&quot;\\u\{202e\}/)
  assert.doesNotMatch(text, /<script| style=| on\w+=/)
})

test('a page has its title and its content, and nothing else', () => {
  const page = renderPage({ title: 'a <b> & c' }, html`<h1>x</h1>`, 'y & z')
  assert.match(page, /^<!doctype html>\s*<html lang="en">/)
  assert.match(page, /<title>a &lt;b&gt; &amp; c<\/title>/)
  assert.match(page, /<main id="content">\s*<h1>x<\/h1>y &amp; z\s*<\/main>/)
  assert.doesNotMatch(page, /<header|<footer|class="skip"|<script/)
})

test('what comes before the content can be skipped', () => {
  const page = renderPage({ title: 't', header: html`<a href="../">up</a>`, footer: 'f' }, 'c')
  const order = ['href="#content"', '<header>', 'up</a>', '<main id="content">', '<footer>f']
  const places = order.map((part) => page.indexOf(part))
  assert(
    places.every((place, i) => place > (places[i - 1] ?? 0)),
    places.join(' '),
  )
})

test('a frame surrounds content that comes in parts, whatever the title', () => {
  const { start, end } = renderFrame({ title: '\u0000 $& </title>' })
  assert.match(start, /<title>\\x00 \$&amp; &lt;\/title&gt;<\/title>/)
  assert.match(start, /<main id="content">$/)
  assert.match(end, /^<\/main>/)
})

test("the policy allows only the page's own style and script, by their hashes", () => {
  const script = new InlineScript('document.title += 1')
  const page = renderPage({ title: 't', head: script.element }, 'c')
  const sourceOf = (tag: string) => {
    const text = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page)?.[1] ?? ''
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  }
  const policy = pageHeaders(script)['Content-Security-Policy'].split('; ')
  assert.equal(policy[0], "default-src 'none'")
  assert(policy.includes(`style-src ${sourceOf('style')}`))
  assert(policy.includes(`script-src ${sourceOf('script')}`))
})

test('without a script the policy allows none', () => {
  const policy = pageHeaders()['Content-Security-Policy']
  assert.doesNotMatch(policy, /script-src|unsafe|\*/)
})
