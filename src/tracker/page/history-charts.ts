import { chart } from '../../server/pages/chart.js'
import { html, type Html } from '../../text/html.js'
import type { History, HistorySample } from '../history/history.js'
import { PERIODS, type PeriodName } from '../history/periods.js'

const TITLES: Readonly<Record<PeriodName, string>> = {
  day: 'The last day',
  week: 'The last week',
  year: 'The last year',
}

/**
 * Charts of a torrent, or of all torrents together (null): a day, a week and a year, each with its
 * heading. Says so if there is no history.
 */
export function renderCharts(history: Pick<History, 'of'>, infoHash: string | null): Html {
  const charts = (['day', 'week', 'year'] as const).map((period) => {
    const samples = history.of(infoHash, period)
    return samples && periodCharts(period, samples)
  })
  if (charts.every((each) => each === null)) {
    return html`<h2>History</h2>
      <p>No data yet. Only the 1,000 busiest torrents have a history.</p>`
  }
  return html`${charts}`
}

function periodCharts(period: PeriodName, samples: readonly HistorySample[]): Html {
  const start = samples[0]?.at ?? 0
  const of = (value: (sample: HistorySample) => number | null) => samples.map(value)
  const parts = { start, step: PERIODS[period].slot }
  return html`<h2>${TITLES[period]}</h2>
    <div class="charts">
      ${chart({
        ...parts,
        id: `${period}peers`,
        title: 'Peers',
        lines: [
          { name: 'seeds', kind: 'seeds', values: of(({ complete }) => complete) },
          { name: 'leechers', kind: 'peers', values: of(({ downloading }) => downloading) },
        ],
      })}
      ${chart({
        ...parts,
        id: `${period}completed`,
        title: 'Completed downloads',
        lines: [{ name: 'completed', kind: 'completed', values: of(({ completed }) => completed) }],
      })}
    </div>`
}
