import { malformed, notPermitted } from '../../server/answers/refusal.js'
import type { Ranged } from '../../server/answers/send-range.js'
import { BLOCK_SIZE } from './set-content.js'

const ZEROS = Buffer.alloc(BLOCK_SIZE)

/** Null files never change, so they have always been there. */
const LAST_MODIFIED = new Date(0).toUTCString()

const HEADERS = {
  'Content-Type': 'application/octet-stream',
  'Cache-Control': 'public, max-age=31536000, immutable',
}

export interface NullFile extends Omit<Ranged, 'size'> {
  readonly bytes: Uint8Array
}

/**
 * The file of zeros that is called `<size>_<n>`.
 * @throws Refusal when it is called otherwise, or is longer than a piece
 */
export function findNullFile(name: string): NullFile {
  const size = Number(/^(\d+)_\d+$/.exec(name)?.[1] ?? NaN)
  if (Number.isNaN(size)) throw malformed('a null file is called <size>_<n>')
  if (size > BLOCK_SIZE) throw notPermitted(`a null file of more than ${BLOCK_SIZE} bytes`)
  const validators = { etag: `"null-${size}"`, lastModified: LAST_MODIFIED }
  return { bytes: ZEROS.subarray(0, size), validators, headers: HEADERS }
}
