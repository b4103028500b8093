import {
  type ChartLine,
  isKnown,
  type NamedLine,
  renderChart,
  renderMonth,
  rounded,
  sum,
} from '../../../page-parts/chart.js'
import { type Figure, renderFigures } from '../../../page-parts/item.js'
import { renderTable } from '../../../page-parts/table.js'
import { WORDS } from '../../../page-parts/words.js'
import { html, type Html } from '../../../base/text/html.js'
import { formatNumber, formatTime } from '../../../base/text/quantity.js'
import { type HistorySample, HOUR } from '../charts/history.js'
import type { Snapshot } from './snapshot.js'

/** The place of the charts on the page. */
export const CHARTS = 'charts'

/** Hours of a day, and days of a week. */
const DAY = 24
const WEEK = 7

/** The figures of all torrents, each with its month. Behind them are the charts. */
export function renderAllFigures(
  { totals, growth }: Pick<Snapshot, 'totals' | 'growth'>,
  samples: readonly HistorySample[],
): Html {
  const { torrents, complete, downloading } = totals
  const fresh = torrents - (growth.at(-WEEK - 1) ?? 0)
  const lines = linesOf(samples)
  const { seeds, leechers, completed } = lines
  const figure = (name: string, value: number, line: ChartLine, words: string | false): Figure => {
    const month = renderMonth(line)
    const link = month && html`<a href="#${CHARTS}" aria-label="Charts of ${name}">${month}</a>`
    const style = line.kind === 'seeds' || line.kind === 'peers' ? line.kind : false
    return [name, value, value > 0 && style, html`<small>${words}</small>${link}`]
  }
  const week = fresh > 0 && `+${formatNumber(fresh)} this week`
  const all = Math.round(sum(completed.days.values.filter(isKnown)))
  return html`${renderFigures(
      [
        figure(WORDS.torrents, torrents, { kind: 'torrents', values: growth }, week),
        figure(WORDS.seeds, complete, seeds.days, trend(seeds.days)),
        figure(WORDS.leechers, downloading, leechers.days, trend(leechers.days)),
        figure(WORDS.completed, all, completed.days, 'this month'),
      ],
      true,
    )}
    <details class="charts">
      <summary>Charts</summary>
      <div id="${CHARTS}">${chartsOf(samples, lines)}</div>
    </details>`
}

/** A value by the hour, and by the day: the average, or the sum of amounts. */
interface Line {
  readonly hours: NamedLine
  readonly days: NamedLine
}

function linesOf(
  samples: readonly HistorySample[],
): Record<'seeds' | 'leechers' | 'completed', Line> {
  const count = Math.ceil(samples.length / DAY)
  const line = (
    name: string,
    kind: ChartLine['kind'],
    valueOf: (sample: HistorySample) => number | null,
  ): Line => {
    const values = samples.map(valueOf)
    const days = Array.from({ length: count }, (_, day) => {
      const end = values.length - (count - day - 1) * DAY
      const known = values.slice(Math.max(0, end - DAY), end).filter(isKnown)
      if (known.length === 0) return null
      return kind === 'completed' ? sum(known) : sum(known) / known.length
    })
    return { hours: { name, kind, values }, days: { name, kind, values: days } }
  }
  return {
    seeds: line(WORDS.seeds, 'seeds', ({ complete }) => complete),
    leechers: line(WORDS.leechers, 'peers', ({ downloading }) => downloading),
    completed: line(WORDS.completed, 'completed', ({ completed }) => completed),
  }
}

/** How much more or less than a week ago, in words. */
function trend({ values }: ChartLine): string | false {
  const [now, before] = [values.at(-1) ?? null, values.at(-WEEK - 1) ?? null]
  if (now === null || !before) return false
  const change = Math.round((100 * (now - before)) / before)
  return change !== 0 && `${change > 0 ? '+' : '−'}${Math.abs(change)} % in a week`
}

/** Peers by the hour, completed downloads by the day, and the days as a table. */
function chartsOf(
  samples: readonly HistorySample[],
  { seeds, leechers, completed }: ReturnType<typeof linesOf>,
): Html {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || first === last) return html`<p>Charts begin after two hours.</p>`
  const ends = [first.at, last.at] as const
  const days = [seeds, leechers, completed].map((line) => line.days)
  const rows = seeds.days.values.map((_, day) => {
    const end = last.at + HOUR * (1 - DAY * (seeds.days.values.length - 1 - day))
    const values = days.map(({ values }) => values[day] ?? null)
    return [formatTime(end), ...values.map((value) => value !== null && rounded(value))]
  })
  return html`${renderChart({ title: 'Peers', lines: [seeds.hours, leechers.hours], ends })}
    ${renderChart({ title: 'Completed downloads', lines: [completed.days], areBars: true, ends })}
    <details>
      <summary>As a table</summary>
      ${renderTable({
        label: 'Days',
        columns: [
          ['24 hours until (UTC)', 'name'],
          ...days.map(({ name }) => [name, 'n'] as const),
        ],
        rows,
      })}
    </details>`
}
