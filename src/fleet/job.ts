import { randomUUID } from 'node:crypto'
import { type DigestKind } from '../disk/hash/stream/content-stream.js'
import { tryOr } from '../base/errors.js'
import { MAC, seal, unseal } from './seal.js'
import type { SharedFile } from './shares.js'
import { SHA1, SHA256 } from '../metainfo/sizes.js'

/** Consecutive pieces of a stream, and the files that they are in. */
export interface Part {
  readonly wanted: DigestKind
  readonly pieceLength: number
  /** Bytes between the start of the stream and the first file; less than a piece. */
  readonly lead: number
  /** Files one after another; a number stands for a pad file of as many zeros. */
  readonly files: readonly (SharedFile | number)[]
  /** The first piece, and the number of pieces. */
  readonly first: number
  readonly count: number
}

/** The digests of a part's pieces. Digests that were not requested are empty. */
export interface PartDigests {
  /** SHA-1 of the pieces, 20 bytes each. */
  readonly pieces: Uint8Array
  /**
   * A node of the file's Merkle tree for each piece, 32 bytes each: that of the piece layer, or the
   * root for a file of at most one piece.
   */
  readonly nodes: Uint8Array
}

/** Most pieces of a part, so that results stay small. */
export const MOST_PIECES = 4096

/** Most files of a part with several pieces. */
export const MOST_FILES = 4096

/** Seals a job as the data of BullMQ. A random number keeps the results of equal jobs apart. */
export function sealJob(part: Part, keys: readonly Uint8Array[]): string {
  const text = JSON.stringify({ id: randomUUID(), part })
  return seal('job', Buffer.from(text), keys).toString('base64')
}

/** Returns the part of a job; null for data that are not sealed with one of the keys. */
export function openJob(data: unknown, keys: readonly Uint8Array[]): Part | null {
  const text = unseal('job', fromBase64(data), keys)
  return text && decodeJob(text)
}

/** Returns the part of a job without checking its MAC, for people who lack the key. */
export function readJob(data: unknown): Part | null {
  return decodeJob(fromBase64(data).subarray(MAC))
}

function decodeJob(text: Uint8Array): Part | null {
  const parse = () => JSON.parse(Buffer.from(text).toString()) as { readonly part?: unknown } | null
  const part = tryOr(null, parse)?.part
  return isPart(part) ? part : null
}

/** Returns the subject of a job's result, so that it is the result of no other job. */
export function resultSubject(data: string): string {
  return `result ${fromBase64(data).toString('hex', 0, MAC)}`
}

/** Opens the result of a job; null if it has another length, or is not sealed for the job. */
export function openResult(
  value: unknown,
  { part: { wanted, count }, data }: { readonly part: Part; readonly data: string },
  keys: readonly Uint8Array[],
): PartDigests | null {
  const bytes = unseal(resultSubject(data), fromBase64(value), keys)
  return bytes && splitDigests(bytes, wanted, count)
}

/** Splits the digests of pieces into those of each kind; null for another length. */
export function splitDigests(
  bytes: Uint8Array,
  wanted: DigestKind,
  count: number,
): PartDigests | null {
  const pieces = wanted === 'blocks' ? 0 : count * SHA1
  const nodes = wanted === 'pieces' ? 0 : count * SHA256
  if (bytes.length !== pieces + nodes) return null
  return { pieces: bytes.subarray(0, pieces), nodes: bytes.subarray(pieces) }
}

function fromBase64(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : '', 'base64')
}

/** Returns the bytes of files in a part. */
export function bytesOfPart({ files, lead, pieceLength, first, count }: Part): number {
  const [start, end] = [first * pieceLength, (first + count) * pieceLength]
  let [at, bytes] = [lead, 0]
  for (const file of files) {
    const size = typeof file === 'number' ? file : file.size
    const own = Math.min(at + size, end) - Math.max(at, start)
    if (typeof file !== 'number') bytes += Math.max(0, own)
    at += size
  }
  return bytes
}

function isPart(value: unknown): value is Part {
  if (typeof value !== 'object' || value === null) return false
  const { wanted, pieceLength, lead, files, first, count } = value as Record<string, unknown>
  const isKind = wanted === 'pieces' || wanted === 'blocks' || wanted === 'both'
  if (!isKind || ![pieceLength, lead, first, count].every(isCount)) return false
  return Array.isArray(files) && files.every((file) => isCount(file) || isSharedFile(file))
}

function isSharedFile(value: unknown): value is SharedFile {
  if (typeof value !== 'object' || value === null) return false
  const { share, path, size, mtime } = value as Record<string, unknown>
  return [share, path, mtime].every((each) => typeof each === 'string') && isCount(size)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
