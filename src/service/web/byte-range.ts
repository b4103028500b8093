import type { IncomingHttpHeaders } from 'node:http'
import type { Validators } from './conditional.js'

/** A stretch of a file: from the byte `start` up to and without `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The range that a request asks for (RFC 9110, section 14): `whole` when it wants none, or one that
 * is not supported, such as several at once; null when there is nothing of it in the file. The library
 * range-parser is not used, as it finds nothing in the last 1000 bytes of a file of 200.
 */
export function requestedRange(
  headers: IncomingHttpHeaders,
  size: number,
  validators: Validators,
): ByteRange | 'whole' | null {
  const wanted = /^bytes=(\d{0,16})-(\d{0,16})$/i.exec(headers.range?.trim() ?? '')
  if (!wanted || !isSameState(headers['if-range'], validators)) return 'whole'
  const [, first = '', last = ''] = wanted
  if (first === '' && last === '') return 'whole'
  if (first === '') return stretch(size - Number(last), size, size)
  if (last !== '' && Number(last) < Number(first)) return 'whole'
  return stretch(Number(first), last === '' ? size : Number(last) + 1, size)
}

/** Whether the client's part of the file is one of this state, so that it can do with the rest. */
function isSameState(condition: unknown, { etag, lastModified }: Validators): boolean {
  return condition === undefined || condition === etag || condition === lastModified
}

function stretch(start: number, end: number, size: number): ByteRange | null {
  const range = { start: Math.max(0, start), end: Math.min(end, size) }
  return range.start < range.end ? range : null
}
