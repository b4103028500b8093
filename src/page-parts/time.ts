import { html, type Html } from '../base/text/html.js'
import { formatTime } from '../base/text/quantity.js'

const LENGTHS = { day: 10, minute: 16, second: 19 }

/** A time in milliseconds since 1970, in UTC; the script of the page says how long ago it was. */
export function renderTime(ms: number, precision: keyof typeof LENGTHS): Html {
  const time = formatTime(ms, 'second')
  const shown = time.slice(0, LENGTHS[precision])
  // In the rows of long lists each byte counts a thousand times; programs read this form, too
  if (precision === 'minute') return html`<time>${shown}Z</time>`
  return html`<time datetime="${time.replace(' ', 'T')}Z">${shown}</time>`
}
