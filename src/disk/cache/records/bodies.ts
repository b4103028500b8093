import { BLOCK, SHA1, SHA256 } from '../../../metainfo/sizes.js'

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

/**
 * Divides a file into pieces of its own: returns the bytes before the first piece that begins
 * inside it, the number of pieces completely inside, and the bytes after those. Its first byte is
 * `phase` bytes after the start of a piece.
 */
export function ownPieces({ size, pieceLength, phase }: Omit<FileKey, 'path'>) {
  const lead = Math.min(phase === 0 ? 0 : pieceLength - phase, size)
  const whole = Math.floor((size - lead) / pieceLength)
  return { lead, whole, tailLength: size - lead - whole * pieceLength }
}

/** The name of a file's record. Records of files in a directory lie together. */
export function fileRecordName({ path, pieceLength, phase }: FileKey): string {
  return `${path}\0${pieceLength}+${phase}`
}

/** Flags for the digests of the file's end in a record. */
const TAIL = 1
const PADDED_TAIL = 2

/** Encodes a file's record. */
export function packFileRecord({ fingerprint, pieces, tail, paddedTail }: FileRecord): Uint8Array {
  const ends = (tail ? TAIL : 0) | (paddedTail ? PADDED_TAIL : 0)
  const endLength = (tail ? SHA1 : 0) + (paddedTail ? SHA1 : 0)
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

/** Decodes a record into views; null if its shape does not match the key. */
export function unpackFileRecord(body: Uint8Array, key: FileKey): FileRecord | null {
  const [stampLength = 0, ends = 0] = body
  const { whole, tailLength } = ownPieces(key)
  const tailAt = 2 + stampLength
  const paddedAt = tailAt + (ends & TAIL ? SHA1 : 0)
  const piecesAt = paddedAt + (ends & PADDED_TAIL ? SHA1 : 0)
  const hasShape = body.length === piecesAt + whole * SHA1
  if (!hasShape || ends > (tailLength > 0 ? TAIL | PADDED_TAIL : 0)) return null
  return {
    fingerprint: body.subarray(2, tailAt),
    tail: ends & TAIL ? body.subarray(tailAt, paddedAt) : null,
    paddedTail: ends & PADDED_TAIL ? body.subarray(paddedAt, piecesAt) : null,
    pieces: body.subarray(piecesAt),
  }
}

/** Bytes of a time in seconds. */
const SECONDS = 4

/** A digest of a whole file. */
export interface DigestRecord {
  /** The file's fingerprint when it was read; opaque. */
  readonly fingerprint: Uint8Array
  readonly digest: Uint8Array
  /** When the file was read, in milliseconds since 1970; kept in whole seconds. */
  readonly readAt: number
}

/** Encodes a record. */
export function packDigestRecord({ fingerprint, digest, readAt }: DigestRecord): Uint8Array {
  const seconds = Buffer.alloc(SECONDS)
  seconds.writeUInt32BE((readAt / 1000) >>> 0)
  return Buffer.concat([Buffer.of(fingerprint.length), fingerprint, seconds, digest])
}

/** Decodes a record into views; null if it is too short for a digest. */
export function unpackDigestRecord(body: Uint8Array): DigestRecord | null {
  const [length = 0] = body
  const digestAt = 1 + length + SECONDS
  if (body.length <= digestAt) return null
  const readAt = 1000 * new DataView(body.buffer, body.byteOffset).getUint32(1 + length)
  return { fingerprint: body.subarray(1, 1 + length), digest: body.subarray(digestAt), readAt }
}

/** A file. Its Merkle tree depends on these properties. */
export interface TreeKey {
  /** The file's real path. */
  readonly path: string
  /** The file's length in bytes, above 0. */
  readonly size: number
}

/** One layer of a file's Merkle tree (BEP 52). All layers above it can be computed from it. */
export interface TreeRecord {
  /** The file's fingerprint when it was read; opaque. */
  readonly fingerprint: Uint8Array
  readonly root: Uint8Array
  /** Levels between the leaves and this layer. */
  readonly height: number
  /** The layer's nodes, 32 bytes each. Nodes with only zeros below are left out. */
  readonly nodes: Uint8Array
}

/** Returns how many nodes of a height have bytes of the file below them. */
export function countNodes(size: number, height: number): number {
  return Math.ceil(size / (BLOCK * 2 ** height))
}

/** Encodes a record. A layer of one node is not stored, because that node is the root. */
export function packTreeRecord({ fingerprint, root, height, nodes }: TreeRecord): Uint8Array {
  const layer = nodes.length > SHA256 ? nodes : new Uint8Array(0)
  return Buffer.concat([Buffer.of(fingerprint.length, height), fingerprint, root, layer])
}

/** Decodes a record into views; null if its shape does not match the file size. */
export function unpackTreeRecord(body: Uint8Array, { size }: TreeKey): TreeRecord | null {
  const [stampLength = 0, height = 0] = body
  const rootAt = 2 + stampLength
  const nodesAt = rootAt + SHA256
  const count = countNodes(size, height)
  if (body.length !== nodesAt + (count > 1 ? count * SHA256 : 0)) return null
  const root = body.subarray(rootAt, nodesAt)
  return {
    fingerprint: body.subarray(2, rootAt),
    root,
    height,
    nodes: count > 1 ? body.subarray(nodesAt) : root,
  }
}
