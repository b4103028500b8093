/** Bytes of a SHA-1 digest. */
const DIGEST = 20

/** A file at a place of a stream: what its pieces depend on. */
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
  /** The fingerprint of the file when it was read, opaque. */
  readonly fingerprint: Uint8Array
  /** Those of the pieces that lie wholly inside the file, 20 bytes each. */
  readonly pieces: Uint8Array
  /** That of the short piece that the file ends with when nothing follows it; null if unknown. */
  readonly tail: Uint8Array | null
  /** That of the same piece filled up with zeros, as pad files do; null if unknown. */
  readonly paddedTail: Uint8Array | null
}

/** The two ways in which the short piece at a file's end may stand in a stream. */
export type FileEnd = 'tail' | 'paddedTail'

/** The pieces of a file's own. */
export interface OwnPieces {
  /** Bytes before the first piece that begins inside the file. */
  readonly lead: number
  /** Pieces that lie wholly inside. */
  readonly whole: number
  /** Bytes after those. */
  readonly tailLength: number
}

/** How a file is cut, whose first byte stands `phase` bytes into a piece. */
export function ownPieces({ size, pieceLength, phase }: FileKey): OwnPieces {
  const lead = Math.min(phase === 0 ? 0 : pieceLength - phase, size)
  const whole = Math.floor((size - lead) / pieceLength)
  return { lead, whole, tailLength: size - lead - whole * pieceLength }
}

/** The name under which a file's record is kept. */
export function fileRecordName({ path, pieceLength, phase }: FileKey): string {
  return `${pieceLength}+${phase} ${path}`
}

/** Reads such a name back, which has all of the key but the size; null when it is no such name. */
export function parseFileRecordName(name: Uint8Array): Omit<FileKey, 'size'> | null {
  const match = /^(\d+)\+(\d+) (.+)$/s.exec(Buffer.from(name).toString())
  if (!match) return null
  const [, pieceLength, phase, path = ''] = match
  return { path, pieceLength: Number(pieceLength), phase: Number(phase) }
}

/** Which digests of the file's end a record holds. */
const TAIL = 1
const PADDED_TAIL = 2

/** The bytes of a file's record. */
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

/** Reads a record; null when it does not have the shape that a file of that key needs. */
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
