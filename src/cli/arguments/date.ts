import { InvalidArgumentError } from '@commander-js/extra-typings'
import { LATEST_DATE } from '../../metainfo/parse/optional-fields.js'

const ISO_DATE =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?$/i

/**
 * A moment: `now`, or seconds since 1970, typed as such or as an ISO date with or without a time of
 * day. What has no zone is UTC.
 */
export function moment(text: string): number | 'now' {
  if (text === 'now') return text
  const seconds = /^\d{1,16}$/.test(text) ? Number(text) : isoSeconds(text)
  if (seconds >= 0 && seconds <= LATEST_DATE) return seconds
  throw new InvalidArgumentError('not seconds since 1970, nor a date such as 2026-11-20 or now')
}

/** A creation date: a moment, or `mtime` for that of the files. */
export function creationDate(text: string): number | 'now' | 'mtime' {
  return text === 'mtime' ? text : moment(text)
}

/** The seconds of an ISO date, without their fraction; NaN for any other text. */
function isoSeconds(text: string): number {
  const [, day = '', minute = '00:00', second = ':00', zone = 'Z'] = ISO_DATE.exec(text) ?? []
  // JavaScript would take the 30th of February for the second of March
  if (!isDay(day)) return NaN
  const offset = zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2').toUpperCase()
  return Date.parse(`${day}T${minute}${second}${offset}`) / 1000
}

function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day)
}
