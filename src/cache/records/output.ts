/** Length of a SHA-256 digest in bytes. */
const DIGEST = 32

/**
 * Version 0.1's record of a torrent that completedir wrote. Later versions keep it as
 * state.
 */
export interface OutputRecord {
  /** The real path of the torrent's content. */
  readonly source: string
  /** Digest of the torrent's inputs; opaque. Empty if it is unreliable. */
  readonly input: Uint8Array
  /** The fingerprint of the torrent after it was written; opaque. Empty before that. */
  readonly fingerprint: Uint8Array
  /** SHA-256 of the torrent that was written, or was about to be written. */
  readonly written: Uint8Array
  /** SHA-256 of the earlier torrent, which a kill may have left; null if there was none. */
  readonly replaced: Uint8Array | null
}

/** Decodes a record; null if it does not have the right shape. */
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
