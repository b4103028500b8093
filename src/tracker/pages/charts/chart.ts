import { html, type Html } from '../../../base/text/html.js'
import { formatNumber } from '../../../base/text/quantity.js'
import { type History, type HistorySample, HOUR } from './history.js'

/** A line of a chart, or bars. The kind decides the colour and the form. */
export interface ChartLine {
  readonly name: string
  readonly kind: 'seeds' | 'peers' | 'completed'
  /** One value an hour, not below 0; null if it is missing. Bars are amounts of each hour. */
  readonly values: readonly (number | null)[]
}

/** Places in pixels from the top. */
const TOP = 16
const BOTTOM = 140
/** Height of the inner drawing, which is stretched. */
const SCALE = 200

/** Charts of the last month with their heading. Says so if there is no history. */
export function renderCharts(history: Pick<History, 'samples'>): Html {
  const samples = history.samples()
  if (samples.length === 0) {
    return html`<h2>History</h2>
      <p>No data yet.</p>`
  }
  const of = (value: (sample: HistorySample) => number | null) => samples.map(value)
  const start = samples[0]?.at ?? 0
  return html`<h2>The last month</h2>
    <div class="charts">
      ${drawChart('peers', 'Peers', start, [
        { name: 'seeds', kind: 'seeds', values: of(({ complete }) => complete) },
        { name: 'leechers', kind: 'peers', values: of(({ downloading }) => downloading) },
      ])}
      ${drawChart('completed', 'Completed downloads', start, [
        { name: 'completed', kind: 'completed', values: of(({ completed }) => completed) },
      ])}
    </div>`
}

/**
 * Draws the hours of a month as SVG with a legend and a table, without a script or inline style.
 * The text keeps its size at any width, and colours follow the page's style
 * (`browser/charts.css`). Screen readers hear the title and a summary. `id` has letters and
 * digits only, and is unique on its page. `start` is the hour of the first value, in milliseconds
 * since 1970.
 */
export function drawChart(
  id: string,
  title: string,
  start: number,
  lines: readonly ChartLine[],
): Html {
  const most = niceMaximum(lines)
  const grid = [0, most / 2, most].map((value) => {
    return { y: BOTTOM - ((BOTTOM - TOP) * value) / most, label: number(value) }
  })
  const length = Math.max(2, ...lines.map(({ values }) => values.length))
  return html`<figure class="chart">
    <figcaption>
      ${title}${lines.map(({ name, kind }) => html` <span class="${kind}">${name}</span>`)}
    </figcaption>
    <svg role="img" aria-labelledby="${id}-t ${id}-d" height="${BOTTOM + 24}">
      <title id="${id}-t">${title}</title>
      <desc id="${id}-d">${lines.map(summary).join(' ')}</desc>
      ${grid.map(({ y }) => html`<line x2="100%" y1="${y}" y2="${y}" />`)}
      ${dayMarks(start, length)}
      <svg
        y="${TOP}"
        width="100%"
        height="${BOTTOM - TOP}"
        viewBox="0 0 ${length - 1} ${SCALE}"
        preserveAspectRatio="none"
      >
        ${lines.map((line) => drawLine(line, SCALE / most))}
      </svg>
      ${grid.map(({ y, label }) => html`<text y="${y - 4}">${label}</text>`)}
    </svg>
    ${table(start, lines, length)}
  </figure>`
}

/** A line such as `Seeds: 7 now, 3 to 12.` */
function summary({ name, kind, values }: ChartLine): string {
  const known = values.filter(isKnown)
  if (known.length === 0) return `${name}: no data.`
  if (kind === 'completed') return `${name}: ${number(sum(known))} in all.`
  const range = `${number(Math.min(...known))} to ${number(Math.max(...known))}`
  return `${name}: ${number(known.at(-1) ?? 0)} at the end, ${range}.`
}

/** The least round and even number that is not below any value. */
function niceMaximum(lines: readonly ChartLine[]): number {
  const most = Math.max(1, ...lines.flatMap(({ values }) => values.filter(isKnown)))
  const power = 10 ** Math.floor(Math.log10(most))
  const round = [1, 2, 3, 4, 5, 6, 8, 10].map((n) => n * power)
  return round.find((n) => n >= most && n % 2 === 0) ?? 2 * most
}

/** Marks each Monday below the chart, except at its ends. */
function dayMarks(start: number, length: number): Html[] {
  return Array.from({ length }, (_, i) => ({
    at: new Date(start + i * HOUR),
    x: (100 * i) / (length - 1),
  }))
    .filter(({ at, x }) => at.getUTCDay() === 1 && at.getUTCHours() === 0 && x > 4 && x < 96)
    .map(({ at, x }) => {
      return html`<line x1="${x}%" x2="${x}%" y1="${BOTTOM}" y2="${BOTTOM + 4}" />
        <text class="time" x="${x}%" y="${BOTTOM + 18}">${at.toISOString().slice(5, 10)}</text>`
    })
}

function drawLine({ kind, values }: ChartLine, scale: number): Html {
  const path = kind === 'completed' ? barPath(values, scale) : linePath(values, scale)
  return html`<path class="${kind}" d="${path}" />`
}

/** A path through all known points, with gaps for missing ones. */
function linePath(values: readonly (number | null)[], scale: number): string {
  let isDown = false
  return values
    .map((value, i) => {
      const wasDown = isDown
      isDown = isKnown(value)
      if (!isKnown(value)) return ''
      const y = Math.round(SCALE - value * scale)
      // An isolated point is visible only if the line has some length
      return wasDown ? `L${i} ${y}` : `M${i} ${y}h.1`
    })
    .join('')
}

function barPath(values: readonly (number | null)[], scale: number): string {
  return values
    .map((value, i) => {
      if (!isKnown(value) || value === 0) return ''
      const height = Math.max(1, Math.round(value * scale))
      return `M${i - 0.4} ${SCALE}v-${height}h.8v${height}z`
    })
    .join('')
}

/** The same as a table, with a row for 24 hours. */
function table(start: number, lines: readonly ChartLine[], length: number): Html {
  const rows = Array.from({ length: Math.ceil(length / 24) }, (_, i) => {
    const from = 24 * i
    const end = start + Math.min(from + 24, length) * HOUR
    const cells = lines.map((line) => valueOf(line, from))
    if (cells.every((cell) => cell === null)) return null
    const time = new Date(end).toISOString().slice(0, 16).replace('T', ' ')
    return html`<tr>
      <th scope="row">${time}</th>
      ${cells.map((cell) => html`<td class="n">${cell === null ? '' : number(cell)}</td>`)}
    </tr>`
  })
  return html`<details>
    <summary>As a table</summary>
    <table>
      <thead>
        <tr>
          <th scope="col">24 hours until (UTC)</th>
          ${lines.map(({ name }) => html`<th scope="col" class="n">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </details>`
}

/** The average of 24 hours, or the sum of amounts; null if all are missing. */
function valueOf({ kind, values }: ChartLine, from: number): number | null {
  const known = values.slice(from, from + 24).filter(isKnown)
  if (known.length === 0) return null
  return kind === 'completed' ? sum(known) : sum(known) / known.length
}

function isKnown(value: number | null): value is number {
  return value !== null && Number.isFinite(value)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Averages below ten have a decimal. */
function number(value: number): string {
  const isWhole = Number.isInteger(value) || value >= 10
  return isWhole ? formatNumber(Math.round(value)) : value.toFixed(1)
}
