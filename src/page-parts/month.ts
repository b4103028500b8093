import { html, type Html } from '../base/text/html.js'

/** A line of a value a day, oldest first; null if it is unknown. The kind decides the colour. */
export interface MonthLine {
  readonly kind: 'seeds' | 'peers' | 'completed' | 'torrents'
  readonly values: readonly (number | null)[]
}

/** Places of the drawing, which is stretched. */
const TOP = 2
const HEIGHT = 30

/** Draws the days of a month; nothing if fewer than two are known. The page has them as words. */
export function renderMonth(lines: readonly MonthLine[]): Html | null {
  const known = lines.flatMap(({ values }) => values).filter((value) => value !== null)
  const length = Math.max(...lines.map(({ values }) => values.length))
  if (known.length < 2 * lines.length || length < 2) return null
  const [least, most] = [Math.min(...known), Math.max(...known)]
  const scale = (HEIGHT - 2 * TOP) / Math.max(most - least, 1)
  const paths = lines.map(({ kind, values }) => {
    let path = ''
    for (const [at, value] of values.entries()) {
      if (value === null) continue
      const y = HEIGHT - TOP - (value - least) * scale
      path += `${path === '' || values[at - 1] === null ? 'M' : 'L'}${at} ${Math.round(10 * y) / 10}`
    }
    return html`<path class="${kind}" d="${path}" />`
  })
  return html`<svg
    class="month"
    viewBox="0 0 ${length - 1} ${HEIGHT}"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${paths}
  </svg>`
}
