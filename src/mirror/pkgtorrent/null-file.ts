import { malformed, notPermitted } from '../../server/answers/refusal.js'
import type { Ranged } from '../../server/answers/send-range.js'
import { BLOCK_SIZE } from './set-content.js'

const ZEROS = Buffer.alloc(BLOCK_SIZE)

/** Null files never change, so their date is the earliest. */
const LAST_MODIFIED = new Date(0).toUTCString()

const HEADERS = {
  'Content-Type': 'application/octet-stream',
  'Cache-Control': 'public, max-age=31536000, immutable',
}

export interface NullFile extends Omit<Ranged, 'size'> {
  readonly bytes: Uint8Array
}

/**
 * The file of zeros with the name `<size>_<n>`.
 * @throws Refusal if the name has another form, or the file would be longer than a piece
 */
export function findNullFile(name: string): NullFile {
  const size = Number(/^(\d+)_\d+$/.exec(name)?.[1] ?? NaN)
  if (Number.isNaN(size)) throw malformed('not the name of a null file; use <size>_<n>')
  if (size > BLOCK_SIZE) throw notPermitted(`a null file of more than ${BLOCK_SIZE} bytes`)
  const validators = { etag: `"null-${size}"`, lastModified: LAST_MODIFIED }
  return { bytes: ZEROS.subarray(0, size), validators, headers: HEADERS }
}
