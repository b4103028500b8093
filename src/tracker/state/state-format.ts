import { createHash } from 'node:crypto'

/** The version of the format; one that is not known is not read. */
const VERSION = 1

const HEADER = /^btkit tracker state (\d{1,9}) (\d{1,15})\n/

/** A header is no longer, in bytes. */
export const MAX_HEADER = 64

/** Bytes of the SHA-256 of all that stands before it, at the end. */
export const STATE_DIGEST_LENGTH = 32

/** What a saved state begins with. */
export interface StateHeader {
  /** In bytes. */
  readonly length: number
  readonly isKnown: boolean
  /** When it was saved, in seconds since 1970. */
  readonly savedAt: number
}

/** Reads the header at the start of some bytes; null when they are no state of ours. */
export function readStateHeader(bytes: Uint8Array): StateHeader | null {
  const text = Buffer.from(bytes.subarray(0, MAX_HEADER)).toString('latin1')
  const [header, version, savedAt] = HEADER.exec(text) ?? []
  if (header === undefined) return null
  const isKnown = Number(version) === VERSION
  return { length: header.length, isKnown, savedAt: Number(savedAt) }
}

const WORDS = 'btkit tracker state '

/**
 * Whether the start of a file that has no whole header is that of a state of ours all the same, cut
 * off, or zeros, as file systems leave them after a power cut.
 */
export function isBrokenHeader(beginning: Uint8Array): boolean {
  const text = Buffer.from(beginning).toString('latin1')
  return beginning.every((byte) => byte === 0) || WORDS.startsWith(text) || text.startsWith(WORDS)
}

/** A state as it is saved, a slice at a time: header, swarms, digest. */
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
