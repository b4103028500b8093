import { fileAt, type DigestKind } from '../disk/hash/stream/content-stream.js'
import type { ScannedFile } from '../disk/file-lists/scanned-file.js'
import type { CutFiles } from '../core/digests/content.js'
import { MOST_FILES, MOST_PIECES, type Part } from './job.js'
import { shareFile, type SharedFile, type ShareRules } from './shares.js'

/** Consecutive pieces of a stream to hash together. */
export interface Cut {
  readonly pieces: Uint32Array
  /** The pieces as other machines know them; null if a file is outside of every share. */
  readonly part: Part | null
}

/** Pieces of content to read, and the digests to compute. */
export interface CutRequest {
  readonly content: CutFiles
  /** The indices of the pieces in ascending order. */
  readonly pieces: Uint32Array
  readonly wanted: DigestKind
}

/**
 * Smallest and largest range of one file or directory, in bytes. Each job costs about 4 ms of
 * processors here, in Redis and on the worker.
 */
const LEAST_BYTES = 256 * 1024 ** 2
const MOST_BYTES = 64 * 1024 ** 3

/** Number of ranges that work is cut into, unless they become too small or too large. */
const RANGES = 32

/**
 * The numbers of pieces are multiples of this, unless ranges are small: each thread of a worker
 * hashes up to 16 pieces side by side, and fewer at the end of a range.
 */
const EVEN_PIECES = 64

/** Most files of a single piece. Each needs about a hundred bytes in Redis. */
const MOST_FILES_OF_PIECE = 65_536

/** Most characters of the paths of a part. Larger jobs are not read. */
const MOST_PATHS = 4 * 1024 ** 2

/**
 * Cuts work into ranges of consecutive pieces, in ascending order. A piece is a subtree of its
 * file's Merkle tree, so each range is one of whole subtrees. While `isHasty`, ranges are short.
 */
export function* cutPieces(
  request: CutRequest,
  rules: ShareRules,
  isHasty: () => boolean = () => false,
): Generator<Cut> {
  const { content, pieces } = request
  const { pieceLength, files } = content
  const usual = (pieces.length * pieceLength) / RANGES
  const fileOf = (position: number) => fileAt(files, Math.min(position, content.size - 1))
  for (let at = 0; at < pieces.length;) {
    const bytes = isHasty() ? LEAST_BYTES : Math.min(Math.max(usual, LEAST_BYTES), MOST_BYTES)
    const atMost = Math.min(MOST_PIECES, Math.floor(MOST_BYTES / pieceLength))
    const wished = bytes / pieceLength
    const even = EVEN_PIECES * Math.round(wished / EVEN_PIECES) || Math.floor(wished)
    const most = Math.max(1, Math.min(atMost, even))
    const first = pieces[at] ?? 0
    const from = fileOf(first * pieceLength)
    const lastFile = (count: number) => fileOf((first + count) * pieceLength - 1)
    let count = 1
    while (
      count < most &&
      pieces[at + count] === first + count &&
      lastFile(count) - from < MOST_FILES - 1
    )
      count++
    const stretch = {
      files: Array.from({ length: lastFile(count) - from + 1 }, (_, i) => files.at(from + i)),
      start: files.offsets[from] ?? 0,
    }
    yield {
      pieces: pieces.subarray(at, at + count),
      part: partOf(stretch, { ...request, first, count }, rules),
    }
    at += count
  }
}

/** A part of consecutive files, of which the first one has this offset in the stream. */
function partOf(
  { files, start }: { files: readonly (ScannedFile | undefined)[]; start: number },
  { content, wanted, first, count }: CutRequest & { first: number; count: number },
  rules: ShareRules,
): Part | null {
  const { pieceLength } = content
  const lead = start % pieceLength
  const shared: (SharedFile | number)[] = []
  for (const file of files.length > MOST_FILES_OF_PIECE ? [] : files) {
    if (!file || file.fingerprint.size === 0) continue
    const isPad = file.absolutePath === ''
    const known = isPad ? file.fingerprint.size : shareFile(file, rules)
    if (known === null) return null
    shared.push(known)
  }
  const pathLength = (file: SharedFile | number) =>
    typeof file === 'number' ? 0 : file.path.length
  const paths = shared.reduce((sum: number, file) => sum + pathLength(file), 0)
  if (shared.length === 0 || paths > MOST_PATHS) return null
  return {
    wanted,
    pieceLength,
    lead,
    files: shared,
    first: first - (start - lead) / pieceLength,
    count,
  }
}

/** Seconds, and bytes that a machine hashes in them, between two priorities. */
const STEP_SECONDS = 10
const STEP_BYTES = 1e9

/** The largest priority of BullMQ. Jobs with smaller ones go first. */
const LARGEST = 2 ** 21 - 1

/**
 * Returns the priority of a job: small jobs go first, but none waits forever, because jobs added
 * later come after it. It starts again every 242 days.
 */
export function priorityOf(bytes: number, nowMs: number): number {
  const step = Math.floor(nowMs / 1000 / STEP_SECONDS) + Math.floor(bytes / STEP_BYTES)
  return 1 + (step % LARGEST)
}
