import { InvalidArgumentError } from '@commander-js/extra-typings'
import { BtkitError } from '../../errors.js'
import { CHECKSUMS, isChecksumName, type ChecksumName } from '../../core/checksums/list.js'
import type { FileOrder } from '../../core/digests/sort-files.js'
import { parseDhtNode } from '../../metainfo/dht-node.js'
import type { DhtNode } from '../../metainfo/metainfo.js'
import { MAX_PIECE_POW2, MIN_PIECE_POW2 } from '../../metainfo/piece-length.js'
import { parseInfoHash } from '../../metainfo/other-keys.js'
import { checkTracker, parseSeeds } from '../../metainfo/trackers.js'
import { parseExtraKey, type ExtraKey } from './extra-keys.js'

/**
 * Lets a value on the command line be read by a function whose errors name it already.
 * The result throws BtkitError `usage`, whatever the code of the function's own is.
 */
export function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw error instanceof BtkitError ? new BtkitError('usage', error.message) : error
    }
  }
}

/** Adds a value of an option that may be given several times. */
export function collect(value: string, previous: string[]): string[] {
  return [...previous, value]
}

/** Adds a tier of trackers, with commas between them. */
export function trackerTiers(text: string, previous: string[][]): string[][] {
  return [...previous, text.split(',').map((url) => tracker(url.trim()))]
}

/** Adds a tracker. */
export function trackers(text: string, previous: string[]): string[] {
  return [...previous, tracker(text)]
}

const tracker = checked(checkTracker)

/** Adds the addresses of web seeds, with commas between them as mktorrent takes them, or bars. */
export function seeds(text: string, previous: string[]): string[] {
  return [...previous, ...webSeeds(text)]
}

const webSeeds = checked((text) => parseSeeds(text, 'web seed'))

/** Adds HTTP seeds, with bars or commas between them. */
export function httpSeeds(text: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...checked((urls) => parseSeeds(urls, 'HTTP seed'))(text)]
}

/** Adds a node of the DHT. */
export function dhtNodes(text: string, previous: DhtNode[]): DhtNode[] {
  return [...previous, checked(parseDhtNode)(text)]
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`not a whole number from ${min} to ${max}`)
  }
}

/** BitTornado's piece length: a power of two, with 0 (or `auto`) for one that suits the size. */
export function piecePow2(text: string): number | 'auto' {
  if (text === '0' || text === 'auto') return 'auto'
  return 2 ** wholeNumber(MIN_PIECE_POW2, MAX_PIECE_POW2)(text)
}

/** A piece length as a size, which must be a power of two, or `auto` for one that suits. */
export function pieceLength(text: string): number | 'auto' {
  return text === 'auto' ? text : powerOfTwo(text)
}

/** A piece length as a size, which must be a power of two. */
export function powerOfTwo(text: string): number {
  const bytes = byteSize(text)
  const pow2 = Math.log2(bytes)
  if (Number.isInteger(pow2) && pow2 >= MIN_PIECE_POW2 && pow2 <= MAX_PIECE_POW2) return bytes
  // mktorrent's option of this name takes the power
  const isPower = bytes >= MIN_PIECE_POW2 && bytes <= MAX_PIECE_POW2
  const hint = isPower ? `; 2^${bytes} bytes are --piece-size-pow2 ${bytes}` : ''
  throw new InvalidArgumentError(`not a power of two from 16KiB to 1GiB${hint}`)
}

/** What files are sorted by, with `-` in front for descending; or the order of a list. */
export function fileOrder(text: string): FileOrder | 'given' {
  if (text === 'given') return text
  const isDescending = text.startsWith('-')
  const by = isDescending ? text.slice(1) : text
  if (by === 'path' || by === 'size' || by === 'mtime') return { by, isDescending }
  throw new InvalidArgumentError('not path, size, mtime or given, nor -path, -size or -mtime')
}

/** Adds a key of a torrent with its value. */
export function extraKeys(text: string, previous: ExtraKey[]): ExtraKey[] {
  return [...previous, parseExtraKey(text)]
}

/** Adds the info hash of a similar torrent. */
export function infoHashes(text: string, previous: string[]): string[] {
  return [...previous, checked(parseInfoHash)(text)]
}

/** Adds a collection. */
export function collections(text: string, previous: string[]): string[] {
  return [...previous, collectionName(text)]
}

/** The name of a collection (BEP 38), which may be any text. */
export function collectionName(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('a collection has a name')
}

/** Names of checksums, with commas between them. */
export function checksums(text: string): ChecksumName[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.every(isChecksumName)) return [...new Set(names)]
  throw new InvalidArgumentError(`not some of ${Object.keys(CHECKSUMS).join(', ')}`)
}

/** Permission bits in octal, as chmod takes them. */
export function permissionBits(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return parseInt(text, 8)
  throw new InvalidArgumentError('not a mode in octal, such as 644')
}

/** Powers of 1024, or of 1000 for `kB` and the like. */
const POWERS = ['', 'k', 'm', 'g', 't']

/**
 * A number of bytes, with a unit if wanted: `64MiB`, `64M` and `67108864` are the same, `64MB` are
 * 64000000, and `1.5G` is rounded to bytes.
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

/** A limit in bytes, above 0: nothing would keep to that, and some mean no limit by it. */
export function sizeLimit(text: string): number {
  const limit = byteSize(text)
  if (limit > 0) return limit
  throw new InvalidArgumentError('not a size above 0, such as 64MiB')
}

/** A number of bytes a second, above 0: `50M` or `50MiB/s`. */
export function byteRate(text: string): number {
  const rate = byteSize(text.replace(/\/s$/, ''))
  if (rate > 0) return rate
  throw new InvalidArgumentError('not a rate, such as 20M')
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 }

/** Longer than any time; it is about a million years, in milliseconds. */
const LONGEST = 3e16

/** Milliseconds of a time in seconds, or with a unit; NaN for all else. */
function milliseconds(text: string): number {
  const match = /^(\d{1,10}(?:\.\d{1,3})?)([smhdw]?)$/.exec(text)
  return Math.round(Number(match?.[1]) * (SECONDS[match?.[2] || 's'] ?? NaN) * 1000)
}

/** A length of time in milliseconds: `90`, `90s`, `10m`, `2h`, `30d` or `8w`. */
export function duration(text: string): number {
  const value = milliseconds(text)
  if (value > 0 && value < LONGEST) return value
  throw new InvalidArgumentError('not a time, such as 30d')
}

/** The same, up to 24 days: timers take no more. */
export function seconds(text: string): number {
  const value = milliseconds(text)
  if (value > 0 && value < 2 ** 31) return value
  throw new InvalidArgumentError(
    'not a number of seconds, such as 25, nor a time up to 24d, such as 10m',
  )
}

/** A length of time in whole seconds from `min` to `max`, spelled the same way. */
export function wholeSeconds(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = milliseconds(text) / 1000
    if (Number.isInteger(value) && value >= min && value <= max) return value
    throw new InvalidArgumentError(
      `not a whole number of seconds from ${min} to ${max}, nor a time such as 10m`,
    )
  }
}

/** A ratio, such as `1` or `1.5`. */
export function ratio(text: string): number {
  const value = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : NaN
  if (value > 0) return value
  throw new InvalidArgumentError('not a ratio, such as 1.5')
}

/** A command for the shell. */
export function commandLine(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('no command')
}
