import { InvalidArgumentError } from '@commander-js/extra-typings'
import { CHECKSUM_NAMES, type ChecksumName, isChecksumName } from '../../core/checksums/list.js'
import type { FileOrder } from '../../core/digests/sort-files.js'
import {
  checkTracker,
  parseAnnounceList,
  parseDhtNode,
  parseSeeds,
} from '../../metainfo/trackers.js'
import {
  isPieceLength,
  MAX_PIECE_POW2,
  MIN_PIECE_POW2,
  pieceLengthOf,
} from '../../metainfo/piece-length.js'
import type { PieceLength } from '../../metainfo/values.js'
import { formatBytes } from '../../base/text/quantity.js'
import { LARGEST_SECONDS } from '../../metainfo/forms.js'

/** A repeatable option. `parse` returns all values in one text. */
export function repeated<T>(parse: (text: string) => readonly T[]) {
  return {
    parse: (text: string, previous: readonly T[] = []): T[] => [...previous, ...parse(text)],
    default: [] as T[],
  }
}

/** Adds a value of a repeatable option. */
export const collect = repeated((text) => [text])

/** Adds a tier of trackers, separated by commas, or several with bars between them. */
export const trackerTiers = repeated(parseAnnounceList)

/** A path to write to; that of standard output is `-`. */
export function outputPath(text: string): string {
  return /^\/(?:dev\/stdout|(?:dev|proc\/self)\/fd\/1)$/.test(text) ? '-' : text
}

/** Adds a tracker, or several with bars between them. */
export const trackers = repeated((text) => text.split('|').map(checkTracker))

/** Adds web seeds, separated by commas as in mktorrent, or by bars. */
export const seeds = repeated((text) => parseSeeds(text, 'web seed'))

/** Adds HTTP seeds, separated by bars or commas. */
export const httpSeeds = repeated((text) => parseSeeds(text, 'HTTP seed'))

/** Adds a DHT node. */
export const dhtNodes = repeated((text) => [parseDhtNode(text)])

/** Parses a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`not a whole number from ${min} to ${max}`)
  }
}

/** Parses BitTornado's piece length: an exponent of two, or 0 or `auto` to choose it by size. */
export function piecePow2(text: string): PieceLength | 'auto' {
  if (text === '0' || text === 'auto') return 'auto'
  // In KiB, or in bytes if that is a piece length
  const given = /^\d+ ?[kmg]i?b?$/i.test(text) ? byteSize(text) : Number(text)
  const bytes = given < 2 ** MIN_PIECE_POW2 ? given * 1024 : given
  const power = Math.log2(bytes)
  if (given > MAX_PIECE_POW2 && Number.isInteger(power) && power <= MAX_PIECE_POW2) {
    const fix = `for pieces of ${formatBytes(bytes)} give ${power}`
    throw new InvalidArgumentError(`not a whole number from 14 to 30; ${fix}`)
  }
  return pieceLengthOf(wholeNumber(MIN_PIECE_POW2, MAX_PIECE_POW2)(text))
}

/** Parses a piece length: a size that is a power of two, or `auto` to choose it by size. */
export function pieceLength(text: string): PieceLength | 'auto' {
  return text === 'auto' ? text : powerOfTwo(text)
}

/** Parses the size of a piece, a power of two. */
export function powerOfTwo(text: string): PieceLength {
  const bytes = byteSize(text)
  if (isPieceLength(bytes)) return bytes
  // In mktorrent the option of this name takes the exponent
  const isPower = bytes >= MIN_PIECE_POW2 && bytes <= MAX_PIECE_POW2
  const hint = isPower
    ? `; 2^${bytes} bytes are --piece-size-pow2 ${bytes}`
    : isPieceLength(1024 * bytes)
      ? `; for pieces of ${formatBytes(1024 * bytes)} give ${bytes}KiB`
      : ''
  throw new InvalidArgumentError(`not a power of two from 16KiB to 1GiB${hint}`)
}

/**
 * Parses a sort key, with `-` in front for descending order, or `given` for the order of a list.
 */
export function fileOrder(text: string): FileOrder | 'given' {
  if (text === 'given') return text
  const isDescending = text.startsWith('-')
  const by = isDescending ? text.slice(1) : text
  if (by === 'path' || by === 'size' || by === 'mtime') return { by, isDescending }
  throw new InvalidArgumentError('not path, size, mtime or given, nor -path, -size or -mtime')
}

/** Parses names of checksums, separated by commas. */
export function checksums(text: string): ChecksumName[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.every(isChecksumName)) return [...new Set(names)]
  throw new InvalidArgumentError(`use names of ${CHECKSUM_NAMES.join(', ')}`)
}

/** Exponents of 1024, or of 1000 for `kB` and the like. */
const POWERS = ['', 'k', 'm', 'g', 't']

/**
 * Parses a number of bytes with an optional unit. `64MiB`, `64M` and `67108864` are equal; `64MB`
 * means 64000000; `1.5G` is rounded to bytes.
 */
export function byteSize(text: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)([kmgt]?)(i?b)?$/i.exec(text)
  const [, digits, unit = '', bytes = ''] = match ?? []
  const base = bytes.length === 1 ? 1000 : 1024
  const exact = Number(digits) * base ** POWERS.indexOf(unit.toLowerCase())
  const value = unit === '' ? exact : Math.round(exact)
  if (Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError('not a size, such as 64MiB')
}

/** Parses a limit in bytes. 0 is refused, because some users mean "no limit" by it. */
export function sizeLimit(text: string): number {
  const limit = byteSize(text)
  if (limit > 0) return limit
  throw new InvalidArgumentError('not a size above 0, such as 64MiB')
}

/** Parses a rate in bytes per second, above 0: `50M` or `50MiB/s`. */
export function byteRate(text: string): number {
  const rate = byteSize(text.replace(/\/s$/, ''))
  if (rate > 0) return rate
  throw new InvalidArgumentError('not a rate, such as 20M')
}

/** More than any network's rate, in KiB per second. */
const MAX_RATE = 2 ** 30

/**
 * Parses a rate of transfers: `10M`, or a number of KiB per second as in BitTornado. Returns bytes
 * per second; 0 stands for no limit, as does BitTornado's -1 for an automatic one.
 */
export function transferRate(text: string): number {
  if (text === '-1') return 0
  return /^\d+$/.test(text) ? 1024 * wholeNumber(0, MAX_RATE)(text) : byteRate(text)
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 }

/** About a million years in milliseconds; longer times are refused. */
const LONGEST = 3e16

/** Milliseconds of a time in seconds or with a unit; NaN for any other text. */
function milliseconds(text: string): number {
  const match = /^(\d{1,10}(?:\.\d{1,3})?|\.\d{1,3})([smhdw]?)$/.exec(text)
  return Math.round(Number(match?.[1]) * (SECONDS[match?.[2] || 's'] ?? NaN) * 1000)
}

/** Parses a duration to milliseconds: `90`, `90s`, `10m`, `2h`, `30d` or `8w`. */
export function duration(text: string): number {
  const value = milliseconds(text)
  if (value > 0 && value < LONGEST) return value
  throw new InvalidArgumentError('not a time, such as 30d')
}

/** Parses a duration of at most 24 days, the limit of timers, to milliseconds. */
export function seconds(text: string): number {
  const value = milliseconds(text)
  if (value > 0 && value < 2 ** 31) return value
  throw new InvalidArgumentError(
    'not a number of seconds, such as 25, nor a time up to 24d, such as 10m',
  )
}

/** A duration in milliseconds. Its default is in seconds. */
export function secondsOr(standard: number) {
  return { parse: seconds, default: 1000 * standard, defaultText: String(standard) }
}

/** Parses a duration of `min` to `max` whole seconds. */
export function wholeSeconds(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = milliseconds(text) / 1000
    if (Number.isInteger(value) && value >= min && value <= max) return value
    throw new InvalidArgumentError(
      `not a whole number of seconds from ${min} to ${max}, nor a time such as 10m`,
    )
  }
}

/** Parses a command for the shell. */
export function commandLine(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('the command is empty')
}

const ISO_DATE =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?$/i

/**
 * Parses a time: `now`, seconds since 1970, or an ISO date with an optional time of day. The
 * default time zone is UTC.
 */
export function moment(text: string): number | 'now' {
  if (text === 'now') return text
  if (/^\d{1,16}$/.test(text)) return secondsOf(text)
  const seconds = isoSeconds(text)
  if (seconds >= 0 && seconds <= LARGEST_SECONDS) return seconds
  throw new InvalidArgumentError('not a date; use seconds since 1970, 2026-11-20 or now')
}

/** Parses seconds since 1970. Milliseconds, a year, and a day without hyphens are refused. */
function secondsOf(text: string): number {
  const seconds = Number(text)
  const whole = text.replace(/^(19[7-9]\d|20\d\d)$/, '$10101')
  const day = whole.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
  if (day !== text && day >= '1970' && isDay(day)) {
    const meant = new Date(1000 * seconds).toISOString().slice(0, 10)
    throw new InvalidArgumentError(`as seconds since 1970 this is ${meant}; type ${day}`)
  }
  if (seconds <= LARGEST_SECONDS) return seconds
  const instead = Math.floor(seconds / 1000)
  throw new InvalidArgumentError(
    `more than 3,000 years ahead; if it is milliseconds, type ${instead}`,
  )
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
