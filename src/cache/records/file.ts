/** Length of a SHA-1 digest in bytes. */
const DIGEST = 20

/** A file at a position of a stream. Its pieces depend on these properties. */
export interface FileKey {
  /** The file's real path. */
  readonly path: string
  readonly pieceLength: number
  /** The file's offset in the stream modulo the piece length. */
  readonly phase: number
  /** The file's length in bytes. */
  readonly size: number
}

/** The SHA-1 digests of pieces that need no byte of any other file. */
export interface FileRecord {
  /** The file's fingerprint when it was read; opaque. */
  readonly fingerprint: Uint8Array
  /** Digests of the pieces that are completely inside the file, 20 bytes each. */
  readonly pieces: Uint8Array
  /** Digest of the short piece at the file's end if nothing follows; null if unknown. */
  readonly tail: Uint8Array | null
  /** Digest of the same piece, filled with zeros as by a pad file; null if unknown. */
  readonly paddedTail: Uint8Array | null
}

/** The two forms of the short piece at a file's end. */
export type FileEnd = 'tail' | 'paddedTail'

/** How a file is divided into pieces of its own. */
export interface OwnPieces {
  /** Bytes before the first piece that begins inside the file. */
  readonly lead: number
  /** Number of pieces completely inside the file. */
  readonly whole: number
  /** Bytes after those pieces. */
  readonly tailLength: number
}

/** Divides a file into pieces. Its first byte is `phase` bytes after the start of a piece. */
export function ownPieces({ size, pieceLength, phase }: FileKey): OwnPieces {
  const lead = Math.min(phase === 0 ? 0 : pieceLength - phase, size)
  const whole = Math.floor((size - lead) / pieceLength)
  return { lead, whole, tailLength: size - lead - whole * pieceLength }
}

/** The name of a file's record. */
export function fileRecordName({ path, pieceLength, phase }: FileKey): string {
  return `${pieceLength}+${phase} ${path}`
}

/** Parses the name of a record into its key, without the size; null if it is not such a name. */
export function parseFileRecordName(name: Uint8Array): Omit<FileKey, 'size'> | null {
  const match = /^(\d+)\+(\d+) (.+)$/s.exec(Buffer.from(name).toString())
  if (!match) return null
  const [, pieceLength, phase, path = ''] = match
  return { path, pieceLength: Number(pieceLength), phase: Number(phase) }
}

/** Flags for the digests of the file's end in a record. */
const TAIL = 1
const PADDED_TAIL = 2

/** Encodes a file's record. */
export function packFileRecord({ fingerprint, pieces, tail, paddedTail }: FileRecord): Uint8Array {
  const ends = (tail ? TAIL : 0) | (paddedTail ? PADDED_TAIL : 0)
  const endLength = (tail ? DIGEST : 0) + (paddedTail ? DIGEST : 0)
  const packed = Buffer.allocUnsafe(2 + fingerprint.length + endLength + pieces.length)
  packed[0] = fingerprint.length
  packed[1] = ends
  let at = 2
  for (const part of [fingerprint, tail, paddedTail, pieces]) {
    if (part === null) continue
    packed.set(part, at)
    at += part.length
  }
  return packed
}

/** Decodes a record; null if its shape does not match the key. */
export function unpackFileRecord(body: Uint8Array, key: FileKey): FileRecord | null {
  const [stampLength = 0, ends = 0] = body
  const { whole, tailLength } = ownPieces(key)
  const tailAt = 2 + stampLength
  const paddedAt = tailAt + (ends & TAIL ? DIGEST : 0)
  const piecesAt = paddedAt + (ends & PADDED_TAIL ? DIGEST : 0)
  const hasShape = body.length === piecesAt + whole * DIGEST
  if (!hasShape || ends > (tailLength > 0 ? TAIL | PADDED_TAIL : 0)) return null
  return {
    fingerprint: body.slice(2, tailAt),
    tail: ends & TAIL ? body.slice(tailAt, paddedAt) : null,
    paddedTail: ends & PADDED_TAIL ? body.slice(paddedAt, piecesAt) : null,
    pieces: body.slice(piecesAt),
  }
}

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
