import { html, type Html } from '../../text/html.js'
import { formatTime } from '../../text/quantity.js'

const LENGTHS = { day: 10, minute: 16, second: 19 }

/** A time in milliseconds since 1970, in UTC; the script of the page says how long ago it was. */
export function renderTime(ms: number, precision: keyof typeof LENGTHS): Html {
  const time = formatTime(ms, 'second')
  const datetime = `${time.replace(' ', 'T')}Z`
  return html`<time datetime="${datetime}">${time.slice(0, LENGTHS[precision])}</time>`
}
