import { randomUUID } from 'node:crypto'
import type { DigestKind } from '../hash/stream/digests.js'
import { BLOCK_LENGTH } from '../hash/stream/digests.js'
import { NODE } from '../core/digests/file-trees.js'
import { DIGEST } from '../core/digests/piece-table.js'
import type { SharedFile } from './shares.js'

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

/** Encodes a job. A random number keeps the results of equal jobs apart. */
export function encodeJob(parts: readonly Part[]): string {
  return JSON.stringify({ id: randomUUID(), parts })
}

/** Decodes a job; null for any other text. */
export function decodeJob(text: string): Part[] | null {
  const { parts } = parseObject(text)
  return Array.isArray(parts) && parts.every(isPart) ? parts : null
}

/** The result of a job: who worked on it, and the digests of its parts. */
export interface JobResult {
  readonly machine: string
  readonly digests: readonly PartDigests[]
}

export function encodeResult({ machine, digests }: JobResult): string {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  return JSON.stringify({
    machine,
    parts: digests.map(({ pieces, nodes }) => [base64(pieces), base64(nodes)]),
  })
}

/** Decodes the result of a job; null if it has another shape. */
export function decodeResult(text: string, parts: readonly Part[]): JobResult | null {
  const { machine, parts: results } = parseObject(text)
  if (typeof machine !== 'string') return null
  if (!Array.isArray(results) || results.length !== parts.length) return null
  const digests = results.map((each: unknown) => {
    const [pieces, nodes] = Array.isArray(each) ? (each as unknown[]) : []
    return { pieces: fromBase64(pieces), nodes: fromBase64(nodes) }
  })
  const isFitting = ({ wanted, count }: Part, i: number) =>
    digests[i]?.pieces.length === (wanted === 'blocks' ? 0 : count * DIGEST) &&
    digests[i].nodes.length === (wanted === 'pieces' ? 0 : count * NODE)
  return parts.every(isFitting) ? { machine, digests } : null
}

function fromBase64(value: unknown): Uint8Array {
  return Buffer.from(typeof value === 'string' ? value : '', 'base64')
}

/** Progress on a job: who works on it, and the bytes hashed so far. */
export interface JobProgress {
  readonly machine: string
  readonly bytes: number
}

export function encodeProgress({ machine, bytes }: JobProgress): string {
  return JSON.stringify({ machine, bytes })
}

/** Decodes progress; null for any other text. */
export function decodeProgress(text: string): JobProgress | null {
  const { machine, bytes } = parseObject(text)
  return typeof machine === 'string' && isCount(bytes) ? { machine, bytes } : null
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

/** Names the first file of a part for people. */
export function nameOfPart({ files }: Part): string {
  const first = files.find((file) => typeof file !== 'number')
  return first ? `${first.share}:${first.path}` : 'nothing'
}

function isPart(value: unknown): value is Part {
  if (typeof value !== 'object' || value === null) return false
  const { wanted, pieceLength, lead, files, first, count } = value as Record<string, unknown>
  const isKind = wanted === 'pieces' || wanted === 'blocks' || wanted === 'both'
  if (!isKind || !isCount(pieceLength) || pieceLength === 0) return false
  if (!isCount(lead) || lead >= pieceLength || !isCount(first)) return false
  if (!isCount(count) || count === 0 || count > MOST_PIECES || !Array.isArray(files)) return false
  if (wanted !== 'pieces' && (lead > 0 || pieceLength % BLOCK_LENGTH !== 0)) return false
  if (!files.every((file) => isCount(file) || isSharedFile(file))) return false
  const sizes = files.map((file) => (typeof file === 'number' ? file : file.size))
  const length = sizes.reduce((sum, size) => sum + size, lead)
  return (first + count - 1) * pieceLength < length && Number.isSafeInteger(length)
}

function isSharedFile(value: unknown): value is SharedFile {
  if (typeof value !== 'object' || value === null) return false
  const { share, path, size, mtime } = value as Record<string, unknown>
  return [share, path, mtime].every((each) => typeof each === 'string') && isCount(size)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
