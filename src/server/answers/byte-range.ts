import type { IncomingHttpHeaders } from 'node:http'
import type { Validators } from './conditional.js'

/** Part of a file: from the byte `start` to before the byte `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Most ranges in one request. dnf, which fetches parts of compressed metadata, begins with 256. It
 * asks for fewer after it got the whole file.
 */
const MAX_RANGES = 256

/**
 * The ranges that a request asks for (RFC 9110, section 14), in its order; overlapping ranges are
 * merged. `whole` if the request has no range, too many, or a malformed one; null if the file has
 * no byte of them. The library range-parser is not used: it finds nothing in the last 1000 bytes of
 * a file of 200.
 */
export function requestedRanges(
  headers: IncomingHttpHeaders,
  size: number,
  validators: Validators,
): readonly ByteRange[] | 'whole' | null {
  const [, list] = /^bytes=(.*)$/i.exec(headers.range?.trim() ?? '') ?? []
  if (list === undefined || !isSameState(headers['if-range'], validators)) return 'whole'
  const specs = list
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '')
  if (specs.length === 0 || specs.length > MAX_RANGES) return 'whole'
  const ranges = specs.map((spec) => readRange(spec, size))
  if (ranges.includes('malformed')) return 'whole'
  const there = ranges.filter((range) => range !== null && range !== 'malformed')
  return there.length > 0 ? withoutOverlaps(there) : null
}

/** Whether the client's part of the file belongs to this state, so that the rest completes it. */
function isSameState(condition: unknown, { etag, lastModified }: Validators): boolean {
  return condition === undefined || condition === etag || condition === lastModified
}

/** One range of a list; null if the file has no byte of it. */
function readRange(spec: string, size: number): ByteRange | 'malformed' | null {
  const [, first = '', last = ''] = /^(\d{0,16})-(\d{0,16})$/.exec(spec) ?? []
  if (first === '' && last === '') return 'malformed'
  if (first === '') return stretch(size - Number(last), size, size)
  if (last !== '' && Number(last) < Number(first)) return 'malformed'
  return stretch(Number(first), last === '' ? size : Number(last) + 1, size)
}

function stretch(start: number, end: number, size: number): ByteRange | null {
  const range = { start: Math.max(0, start), end: Math.min(end, size) }
  return range.start < range.end ? range : null
}

/**
 * Merges overlapping ranges, so that no byte is sent twice. A merged range takes the place of the
 * first range in it.
 */
function withoutOverlaps(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const places = ranges.map((range, place) => ({ ...range, place }))
  const merged: typeof places = []
  for (const range of places.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last && range.start < last.end) {
      last.end = Math.max(last.end, range.end)
      last.place = Math.min(last.place, range.place)
    } else {
      merged.push(range)
    }
  }
  return merged.sort((a, b) => a.place - b.place).map(({ start, end }) => ({ start, end }))
}
