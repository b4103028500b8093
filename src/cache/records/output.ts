/** Bytes of a SHA-256 digest. */
const DIGEST = 32

/** What was written to a path: how a torrent is known again, and that it needs no look inside. */
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

/** What tells that a torrent and what it was made of are as they were. */
export type OutputIdentity = Pick<OutputRecord, 'source' | 'input' | 'fingerprint'>

/** Whether a packed record is of that identity. */
export function isOutputOf(
  body: Uint8Array,
  { source, input, fingerprint }: OutputIdentity,
): boolean {
  const [inputLength = 0, stampLength = 0, replacedCount = 0] = body
  const stampAt = 3 + inputLength
  const writtenAt = stampAt + stampLength
  const sourceAt = writtenAt + DIGEST * (1 + replacedCount)
  return (
    Buffer.compare(body.subarray(3, stampAt), input) === 0 &&
    Buffer.compare(body.subarray(stampAt, writtenAt), fingerprint) === 0 &&
    Buffer.compare(body.subarray(sourceAt), Buffer.from(source)) === 0
  )
}

export function packOutputRecord(record: OutputRecord): Uint8Array {
  const { input, fingerprint, written, replaced } = record
  const head = Buffer.of(input.length, fingerprint.length, replaced === null ? 0 : 1)
  const source = Buffer.from(record.source)
  return Buffer.concat([head, input, fingerprint, written, replaced ?? new Uint8Array(0), source])
}

/** Reads a record; null when it does not have the shape of one. */
export function unpackOutputRecord(body: Uint8Array): OutputRecord | null {
  const [inputLength = 0, stampLength = 0, replacedCount = 0] = body
  const stampAt = 3 + inputLength
  const writtenAt = stampAt + stampLength
  const sourceAt = writtenAt + DIGEST * (1 + replacedCount)
  if (replacedCount > 1 || body.length <= sourceAt) return null
  return {
    source: Buffer.from(body.subarray(sourceAt)).toString(),
    input: body.slice(3, stampAt),
    fingerprint: body.slice(stampAt, writtenAt),
    written: body.slice(writtenAt, writtenAt + DIGEST),
    replaced: replacedCount === 1 ? body.slice(writtenAt + DIGEST, sourceAt) : null,
  }
}
