import { InvalidArgumentError } from '@commander-js/extra-typings'
import { LATEST_DATE } from '../../metainfo/parse/optional-fields.js'

const ISO_DATE =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?$/i

/**
 * Parses a time: `now`, seconds since 1970, or an ISO date with an optional time of day. The
 * default time zone is UTC.
 */
export function moment(text: string): number | 'now' {
  if (text === 'now') return text
  const seconds = /^\d{1,16}$/.test(text) ? Number(text) : isoSeconds(text)
  if (seconds >= 0 && seconds <= LATEST_DATE) return seconds
  throw new InvalidArgumentError('not a date; use seconds since 1970, 2026-11-20 or now')
}

/** Parses a creation date: a time, or `mtime` for that of the files. */
export function creationDate(text: string): number | 'now' | 'mtime' {
  return text === 'mtime' ? text : moment(text)
}

/** Seconds of an ISO date, rounded down; NaN for any other text. */
function isoSeconds(text: string): number {
  const [, day = '', minute = '00:00', second = ':00', zone = 'Z'] = ISO_DATE.exec(text) ?? []
  // JavaScript would read February 30 as March 2
  if (!isDay(day)) return NaN
  const offset = zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2').toUpperCase()
  return Date.parse(`${day}T${minute}${second}${offset}`) / 1000
}

function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day)
}
