import { html, type Html } from '../base/text/html.js'
import { formatTime } from '../base/text/quantity.js'

/**
 * A time in milliseconds since 1970, in UTC. The script of the page shows it in the zone of the
 * reader, or its age if that is short. In the rows of long lists each byte counts a thousand times;
 * programs read this form, too.
 */
export function renderTime(ms: number, precision: 'minute' | 'second'): Html {
  return html`<time>${formatTime(ms, precision)}Z</time>`
}

/** A time, or nothing if it is unknown. */
export function renderIfKnown(ms: number | null): Html | null {
  return ms === null || ms === 0 ? null : renderTime(ms, 'minute')
}
