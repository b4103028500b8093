import { html, type Html } from '../base/text/html.js'
import { formatNumber } from '../base/text/quantity.js'

const DAY = 86_400_000

/**
 * A line of values in equal steps of time, oldest first; null if one is unknown. The kind decides
 * the colour.
 */
export interface ChartLine {
  readonly kind: 'seeds' | 'peers' | 'completed' | 'torrents'
  readonly values: readonly (number | null)[]
}

/** A line with the name that readers see. */
export interface NamedLine extends ChartLine {
  readonly name: string
}

/** Height of a drawing, which is stretched, and the room above and below a line of a month. */
const HEIGHT = 100
const ROOM = 6

/** Draws the days of a month without scales; nothing if fewer than two are known. */
export function renderMonth({ kind, values }: ChartLine): Html | null {
  const known = values.filter(isKnown)
  if (known.length < 2) return null
  const [least, most] = [Math.min(...known), Math.max(...known)]
  const scale = (HEIGHT - 2 * ROOM) / Math.max(most - least, 1)
  const path = linePath(values, (value) => HEIGHT - ROOM - (value - least) * scale)
  return html`<svg
    class="month"
    viewBox="0 0 ${values.length - 1} ${HEIGHT}"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    <path class="${kind}" d="${path}" />
  </svg>`
}

/** The first and the last time of a drawing, and words between them. */
function renderEnds(first: number, last: string, words: string | null = null): Html {
  return html`<p class="ends">
    <span>${formatDay(first)}</span><span>${words}</span><span>${last}</span>
  </p>`
}

/** A day, such as `31 Oct`, in UTC. */
function formatDay(ms: number): string {
  return new Date(ms).toUTCString().slice(5, 11)
}

/** The most seeds of a torrent on each day up to `day`, in days since 1970. */
export interface DailySeeds {
  readonly day: number
  readonly seeds: ChartLine['values']
}

/** The month of a torrent; nothing if fewer than two days are known. */
export function renderSwarmMonth({ day, seeds }: DailySeeds): Html | null {
  const line = renderMonth({ kind: 'seeds', values: seeds })
  const known = seeds.filter(isKnown)
  const range = `${formatNumber(Math.min(...known))} to ${formatNumber(Math.max(...known))} seeds`
  return line && html`${line} ${renderEnds((day - seeds.length + 1) * DAY, 'today', range)}`
}

/** Lines, or bars of amounts, that begin at a time, with a scale, the times and a summary. */
interface Chart {
  readonly title: string
  readonly lines: readonly NamedLine[]
  readonly areBars?: boolean
  /** The first and the last time in milliseconds since 1970. */
  readonly ends: readonly [first: number, last: number]
}

/** Draws a chart as SVG, without a script or inline style. Screen readers hear its summary. */
export function renderChart({ title, lines, areBars = false, ends: [first, last] }: Chart): Html {
  const most = Math.max(1, ...lines.flatMap(({ values }) => values.filter(isKnown)))
  const length = Math.max(2, ...lines.map(({ values }) => values.length))
  const y = (value: number) => HEIGHT - (value * HEIGHT) / most
  const width = areBars ? length : length - 1
  return html`<figure class="chart">
    <figcaption>
      ${title}${lines.map(({ name, kind }) => html` <span class="${kind}">${name}</span>`)}
    </figcaption>
    <div class="plot">
      <p><span>${rounded(most)}</span><span>0</span></p>
      <svg
        role="img"
        aria-label="${lines.map((line) => summary(line, areBars)).join(' ')}"
        viewBox="0 0 ${width} ${HEIGHT}"
        preserveAspectRatio="none"
      >
        ${lines.map(({ kind, values }) => {
          const path = areBars ? barPath(values, y) : linePath(values, y)
          return html`<path class="${kind}${areBars && ' bar'}" d="${path}" />`
        })}
      </svg>
    </div>
    ${renderEnds(first, formatDay(last))}
  </figure>`
}

/** A line such as `Seeds: 7 at the end, 3 to 12.` */
function summary({ name, values }: NamedLine, areAmounts: boolean): string {
  const known = values.filter(isKnown)
  if (known.length === 0) return `${name}: no data.`
  if (areAmounts) return `${name}: ${rounded(sum(known))} in all.`
  const range = `${rounded(Math.min(...known))} to ${rounded(Math.max(...known))}`
  return `${name}: ${rounded(known.at(-1) ?? 0)} at the end, ${range}.`
}

/** A path through all known points, with gaps for missing ones. */
function linePath(values: ChartLine['values'], y: (value: number) => number): string {
  let isDown = false
  return values
    .map((value, i) => {
      const wasDown = isDown
      isDown = isKnown(value)
      if (!isKnown(value)) return ''
      const point = `${i} ${Math.round(y(value))}`
      // An isolated point is visible only if the line has some length
      return wasDown ? `L${point}` : `M${point}h.1`
    })
    .join('')
}

function barPath(values: ChartLine['values'], y: (value: number) => number): string {
  return values
    .map((value, i) => (value ? `M${i + 0.1} ${HEIGHT}V${Math.round(y(value))}h.8V${HEIGHT}z` : ''))
    .join('')
}

export function isKnown(value: number | null): value is number {
  return value !== null && Number.isFinite(value)
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Averages below ten have a decimal. */
export function rounded(value: number): string {
  const isWhole = Number.isInteger(value) || value >= 10
  return isWhole ? formatNumber(Math.round(value)) : value.toFixed(1)
}
