/** A digest of a whole file. */
export interface DigestRecord {
  /** The fingerprint of the file when it was read, opaque. */
  readonly fingerprint: Uint8Array
  readonly digest: Uint8Array
}

/** The name under which the digest of a file by an algorithm is kept; the path is the real one. */
export function digestRecordName(algorithm: string, path: string): string {
  return `${algorithm} ${path}`
}

/** The bytes of a record. */
export function packDigestRecord({ fingerprint, digest }: DigestRecord): Uint8Array {
  return Buffer.concat([Buffer.of(fingerprint.length), fingerprint, digest])
}

/** Reads a record; null when it has no room for a digest. */
export function unpackDigestRecord(body: Uint8Array): DigestRecord | null {
  const [length = 0] = body
  const digestAt = 1 + length
  if (body.length <= digestAt) return null
  return { fingerprint: body.slice(1, digestAt), digest: body.slice(digestAt) }
}
