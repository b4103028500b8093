import { createHash } from 'node:crypto'

/** Version of the format. Files of other versions are not read. */
const VERSION = 1

const HEADER = /^btkit tracker state (\d{1,9}) (\d{1,15})\n/

/** The longest header in bytes. */
export const MAX_HEADER = 64

/** Size in bytes of the SHA-256 digest at the end of the file. */
export const STATE_DIGEST_LENGTH = 32

/** The header of a saved state. */
export interface StateHeader {
  /** In bytes. */
  readonly length: number
  readonly isKnown: boolean
  /** Time of the save in seconds since 1970. */
  readonly savedAt: number
}

/** Parses the header at the start of the bytes; null if they are not a state of btkit. */
export function readStateHeader(bytes: Uint8Array): StateHeader | null {
  const text = Buffer.from(bytes.subarray(0, MAX_HEADER)).toString('latin1')
  const [header, version, savedAt] = HEADER.exec(text) ?? []
  if (header === undefined) return null
  const isKnown = Number(version) === VERSION
  return { length: header.length, isKnown, savedAt: Number(savedAt) }
}

const WORDS = 'btkit tracker state '

/**
 * Whether a file without a valid header was a state of btkit: its header is cut off, or the file
 * begins with zeros, as after a power failure.
 */
export function isBrokenHeader(beginning: Uint8Array): boolean {
  const text = Buffer.from(beginning).toString('latin1')
  return beginning.every((byte) => byte === 0) || WORDS.startsWith(text) || text.startsWith(WORDS)
}

/** Yields a state in the form in which it is saved: header, swarms, digest. */
export function* formatState(swarms: Iterable<Uint8Array>, savedAt: number) {
  const hash = createHash('sha256')
  const header = Buffer.from(`btkit tracker state ${VERSION} ${Math.floor(savedAt)}\n`)
  hash.update(header)
  yield header
  for (const slice of swarms) {
    hash.update(slice)
    yield slice
  }
  yield hash.digest()
}
