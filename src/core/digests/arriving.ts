import { PieceHasher } from '../../disk/hash/arriving-bytes.js'
import { awaitTurnOf } from '../../disk/hash/hash-stream.js'
import {
  bytesOfFile,
  fileAt,
  isPadding,
  pathAt,
  streamLength,
  type ContentStream,
} from '../../disk/hash/stream/content-stream.js'
import type { ReadFailures } from '../../disk/hash/stream/reading.js'
import { BLOCK } from '../../metainfo/sizes.js'
import type { HashGroups } from './hash-groups.js'

const ZEROS = new Uint8Array(64 * 1024)

/** Yields so many zeros. */
function* zeros(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left)
}

/** Yields the bytes of a stream, with its padding, from the first to before the second position. */
type ReadBytes = (
  stream: ContentStream,
  span: readonly [number, number],
  failures: ReadFailures | null,
) => AsyncIterable<Uint8Array>

/** A part of a file of a stream, in bytes. */
export interface FilePart {
  readonly number: number
  readonly start: number
  readonly end: number
}

/**
 * Reads a stream file by file. `read` yields bytes of a part; the pieces of those that it does not
 * yield count as failed.
 */
export function readInTurn(
  read: (part: FilePart, stream: ContentStream) => AsyncIterable<Uint8Array>,
): ReadBytes {
  return async function* (stream, [from, to], failures) {
    const { offsets, pieceLength } = stream
    let at = from
    for (let number = fileAt(stream, from); at < to; number++) {
      const [begin = 0, next = 0] = [offsets[number], offsets[number + 1]]
      const end = Math.min(next, to)
      if (at < end && !isPadding(stream, number)) {
        for await (const bytes of read({ number, start: at - begin, end: end - begin }, stream)) {
          at += bytes.length
          yield bytes
        }
        if (at < end)
          failures?.pieces.fill(1, Math.floor(at / pieceLength), Math.ceil(end / pieceLength))
      }
      yield* zeros(end - at)
      at = end
    }
  }
}

/** Most bytes of pieces whose digests are handed on together. */
const GROUP = 256 * 1024 * 1024

/**
 * Hashes pieces whose bytes arrive in order, on another thread if the kernel can. Hands on the
 * digests of `group` bytes together.
 */
export function hashArriving(read: ReadBytes, group = GROUP): HashGroups {
  return async function* ({ stream, pieces, wanted }, engine) {
    const { pieceLength } = stream
    const bytes = Math.min(streamLength(stream), pieces.length * pieceLength)
    const sha1 = wanted === 'blocks' ? null : new PieceHasher('sha1', pieceLength, bytes)
    const sha256 = wanted === 'pieces' ? null : new PieceHasher('sha256', BLOCK, bytes)
    const most = Math.ceil(group / pieceLength) * pieceLength
    let bytesDone = 0
    for (const indices of runsOf(pieces)) {
      const start = (indices[0] ?? 0) * pieceLength
      const to = Math.min(start + indices.length * pieceLength, streamLength(stream))
      let [at, groupAt] = [start, start]
      let leaves: Uint8Array[] = []
      for await (const chunk of read(stream, [start, to], engine.failures ?? null)) {
        await awaitTurnOf(engine, chunk.length)
        for (let rest = chunk; rest.length > 0;) {
          const piece = Math.floor(at / pieceLength)
          const within = at - piece * pieceLength
          const ofFile = sha256 ? bytesOfFile(stream, piece) : 0
          const end = within < ofFile ? ofFile : pieceLength
          const groupEnd = Math.min(groupAt + most, to)
          const part = rest.subarray(0, sha256 ? end - within : groupEnd - at)
          const hashers = within < ofFile ? [sha1, sha256] : [sha1]
          await Promise.all(hashers.map(async (hasher) => hasher?.update(part)))
          at += part.length
          rest = rest.subarray(part.length)
          if (sha256 && (at % pieceLength === 0 || at === to)) leaves.push(await sha256.finish())
          if (at < groupEnd) continue
          const [first, next] = [groupAt, at].map((end) => Math.ceil((end - start) / pieceLength))
          const digests = (await sha1?.finish()) ?? new Uint8Array(0)
          const ended = indices.subarray(first, next)
          yield { indices: ended, pieces: digests, blocks: Buffer.concat(leaves) }
          groupAt = at
          leaves = []
        }
        bytesDone += chunk.length
        engine.onProgress?.({ bytesDone, currentPath: pathAt(stream, fileAt(stream, at - 1)) })
      }
    }
  }
}

/** Divides indices where some are left out. */
function* runsOf(indices: Uint32Array): Generator<Uint32Array> {
  let first = 0
  for (let i = 1; i <= indices.length; i++) {
    if (indices[i] === (indices[i - 1] ?? 0) + 1) continue
    yield indices.subarray(first, i)
    first = i
  }
}
