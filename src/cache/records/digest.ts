/** A digest of a whole file. */
export interface DigestRecord {
  /** The file's fingerprint when it was read; opaque. */
  readonly fingerprint: Uint8Array
  readonly digest: Uint8Array
}

/** The name of the record for a file's digest; `path` is the real path. */
export function digestRecordName(algorithm: string, path: string): string {
  return `${algorithm} ${path}`
}

/** Encodes a record. */
export function packDigestRecord({ fingerprint, digest }: DigestRecord): Uint8Array {
  return Buffer.concat([Buffer.of(fingerprint.length), fingerprint, digest])
}

/** Decodes a record; null if it is too short for a digest. */
export function unpackDigestRecord(body: Uint8Array): DigestRecord | null {
  const [length = 0] = body
  const digestAt = 1 + length
  if (body.length <= digestAt) return null
  return { fingerprint: body.slice(1, digestAt), digest: body.slice(digestAt) }
}
