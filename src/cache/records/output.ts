/** Bytes of a SHA-256 digest. */
const DIGEST = 32

/** What version 0.1 noted of a torrent that completedir wrote. Such notes are kept as state now. */
export interface OutputRecord {
  /** The real path of what the torrent was made of. */
  readonly source: string
  /** What the torrent was made from, opaque; empty when that can't be relied on. */
  readonly input: Uint8Array
  /** The fingerprint of the torrent after it was written, opaque; empty before that. */
  readonly fingerprint: Uint8Array
  /** SHA-256 of the bytes that were written, or were about to be. */
  readonly written: Uint8Array
  /** SHA-256 of what stood there before, which a kill may have left; null when nothing did. */
  readonly replaced: Uint8Array | null
}

/** Reads a record; null when it does not have the shape of one. */
export function unpackOutputRecord(body: Uint8Array): OutputRecord | null {
  const [inputLength = 0, fingerprintLength = 0, replacedCount = 0] = body
  const fingerprintAt = 3 + inputLength
  const writtenAt = fingerprintAt + fingerprintLength
  const sourceAt = writtenAt + DIGEST * (1 + replacedCount)
  if (replacedCount > 1 || body.length <= sourceAt) return null
  return {
    source: Buffer.from(body.subarray(sourceAt)).toString(),
    input: body.slice(3, fingerprintAt),
    fingerprint: body.slice(fingerprintAt, writtenAt),
    written: body.slice(writtenAt, writtenAt + DIGEST),
    replaced: replacedCount === 1 ? body.slice(writtenAt + DIGEST, sourceAt) : null,
  }
}
