import { checkBencode, type BencodeLimits, type CheckedBencode } from './check.js'
import { decodeBencode } from './decode.js'
import type { BencodeValue } from './value.js'

/** The result of reading: the value, the positions of the top-level entries, and warnings. */
export interface BencodeReading extends Pick<CheckedBencode, 'spans' | 'warnings'> {
  readonly value: BencodeValue
}

/**
 * Reads bencode of unknown origin. Accepts only valid bencode, and preserves it: if there are no
 * warnings, encoding the value gives the same bytes. Byte strings are views of `bytes`, not copies.
 * @throws BtkitError as checkBencode
 */
export function readBencode(bytes: Uint8Array, limits: BencodeLimits): BencodeReading {
  const { spans, warnings } = checkBencode(bytes, limits)
  return { value: decodeBencode(bytes), spans, warnings }
}
