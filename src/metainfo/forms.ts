import { Buffer } from 'node:buffer'
import { isBlank, isByteString, type BencodeValue, type DictValues } from './bencode/value.js'
import { decodeUtf8, readText } from './parse/require-field.js'
import { SHA1 } from './sizes.js'
import { formatAnnounceList, formatDhtNode } from './trackers.js'
import type { DhtNode } from './values.js'
import type { WarningList } from './warning.js'

/** A key in a dictionary whose value is read. */
export interface FieldSource {
  readonly dict: DictValues
  readonly key: string
  /** The name in warnings, such as `info.source`. */
  readonly what: string
  readonly warnings: WarningList
}

/** How the values of one form are read, written and shown. */
interface Form<T> {
  /** Reads a value that exists. Returns null for none; warns of an invalid one. */
  readonly read: (value: BencodeValue, source: FieldSource) => T | null
  readonly encode: (value: T) => BencodeValue
  /** One line of text; null for a value that means the same as none. */
  readonly show: (value: T) => string | null
  /** The same as options take it, if that is another text. */
  readonly typed?: (value: T) => string
  /** The values of a list, one by one; of others the value itself. */
  readonly items: (value: T) => readonly (string | number)[]
}

/** Ignores an invalid value, with a warning: it does not make the torrent invalid. */
function ignore({ warnings, what }: FieldSource, rule: string): null {
  warnings.add('ignored-value', () => `${what}: ${rule}`)
  return null
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text)
}

const text: Form<string> = {
  read: (value, source) => {
    if (!isByteString(value)) return ignore(source, 'is not a string')
    const { dict, key, what, warnings } = source
    return readText({ bytes: value, twin: dict.get(`${key}.utf-8`), what: () => what, warnings })
  },
  encode: bytesOf,
  show: (value) => value,
  items: (value) => [value],
}

const url: Form<string> = {
  ...text,
  read: (value, source) => (isBlank(value) ? ignore(source, 'is blank') : text.read(value, source)),
}

/** Trackers in tiers (BEP 12). */
const tiers: Form<string[][]> = {
  read: (value, source) => {
    if (!Array.isArray(value)) return ignore(source, 'is not a list')
    return value.map((tier) => readTier(tier, source))
  },
  encode: (value) => value.map((tier) => tier.map(bytesOf)),
  show: formatAnnounceList,
  items: (value) => value.map((tier) => tier.join(',')),
}

/** Reads a tier. A tracker in place of a tier is ignored, as in libtorrent, so that peers meet. */
function readTier(tier: BencodeValue, source: FieldSource): string[] {
  if (Array.isArray(tier)) return readUrls(tier, source)
  ignore(source, 'has a tier that is not a list')
  return []
}

/** URLs of seeds. Some programs write a string for a single seed, and a blank one for none. */
const seeds: Form<string[]> = {
  read: (value, source) => {
    if (Array.isArray(value)) return readUrls(value, source)
    if (!isByteString(value)) return ignore(source, 'is neither a string nor a list')
    return isBlank(value) ? null : readUrls([value], source)
  },
  encode: (value) => value.map(bytesOf),
  show: (value) => value.join('|'),
  items: (value) => value,
}

/** Reads URLs. A blank text is none. */
function readUrls(values: readonly BencodeValue[], source: FieldSource): string[] {
  const urls = byteStringsOf(values, source).filter((each) => !isBlank(each))
  if (values.some(isBlank)) ignore(source, 'has a blank entry')
  const { what, warnings } = source
  return urls.map((bytes) => readText({ bytes, twin: undefined, what: () => what, warnings }))
}

function byteStringsOf(values: readonly BencodeValue[], source: FieldSource): Uint8Array[] {
  const strings = values.filter(isByteString)
  if (strings.length < values.length) ignore(source, 'has an entry that is not a string')
  return strings
}

/** Names in a list. */
const names: Form<string[]> = {
  ...seeds,
  read: (value, source) => {
    if (!Array.isArray(value)) return ignore(source, 'is not a list')
    return byteStringsOf(value, source).map(decodeUtf8)
  },
}

/** Info hashes in a list; in hexadecimal for people. */
const hashes: Form<string[]> = {
  ...seeds,
  read: (value, source) => {
    if (!Array.isArray(value)) return ignore(source, 'is not a list')
    const strings = byteStringsOf(value, source)
    const right = strings.filter(({ length }) => length === SHA1)
    if (right.length < strings.length)
      ignore(source, 'has an entry that is no info hash of 20 bytes')
    return right.map((bytes) => Buffer.from(bytes).toString('hex'))
  },
  encode: (value) => value.map((hash) => Buffer.from(hash, 'hex')),
}

/** DHT nodes (BEP 5). */
const nodes: Form<DhtNode[]> = {
  read: (value, source) => {
    if (!Array.isArray(value)) return ignore(source, 'is not a list')
    const right = value.map(readNode).filter((node) => node !== null)
    if (right.length < value.length) ignore(source, 'has an entry that is no host and port')
    return right
  },
  encode: (value) => value.map(({ host, port }) => [bytesOf(host), port]),
  show: (value) => value.map(formatDhtNode).join('|'),
  items: (value) => value.map(formatDhtNode),
}

function readNode(value: BencodeValue): DhtNode | null {
  if (!Array.isArray(value)) return null
  const [host, port] = value
  if (!isByteString(host) || typeof port !== 'number') return null
  return { host: decodeUtf8(host), port }
}

/** The last second that a Date can represent; negative values have the same limit. */
const LATEST_DATE = 8_640_000_000_000

/** Larger dates are milliseconds: as seconds they would be after the year 5138. */
export const LARGEST_SECONDS = 100_000_000_000

/** Seconds since 1970. */
const date: Form<number> = {
  read: (value, source) => {
    if (typeof value !== 'number') return ignore(source, 'is not a number of seconds')
    return Math.abs(value) <= LATEST_DATE ? value : ignore(source, 'is no date')
  },
  encode: (value) => value,
  show: (value) => isoOf(value).replace('T', ' ').replace('Z', ' UTC'),
  typed: isoOf,
  items: (value) => [value],
}

/** A date such as `2026-11-20T07:21:47Z`. */
function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z/, 'Z')
}

/** A 0 and a missing value mean the same. */
const flag: Form<boolean> = {
  read: (value, source) => {
    if (typeof value !== 'number') return ignore(source, 'is neither 0 nor 1')
    return value !== 0
  },
  encode: Number,
  show: (value) => (value ? 'yes' : null),
  items: (value) => [String(value)],
}

/** The forms that values of torrents have. */
export const FORMS = { text, url, tiers, seeds, names, hashes, nodes, date, flag }

/** The type of values of a form. */
export type ValueOf<F extends keyof typeof FORMS> =
  (typeof FORMS)[F] extends Form<infer T> ? T : never
