import type { FileColumns } from '../../disk/file-lists/columns.js'
import { PADDING } from '../../disk/file-lists/file-store.js'
import { hashStream } from '../../disk/hash/hash-stream.js'
import { createReadFailures } from '../../disk/hash/stream/reading.js'
import { hashKernel } from '../../disk/hash/kernels.js'
import { latin1 } from '../../base/bytes.js'
import { nodesAt, pieceHeight } from '../../metainfo/merkle.js'
import { BLOCK, SHA1, SHA256 } from '../../metainfo/sizes.js'
import type { Engine } from '../digests/hash-content.js'
import type { PieceCheck } from './judge.js'
import { stretchOf } from './locate.js'

/** A piece that has bytes of one file only, and so tells it from others of its size. */
export interface OwnPiece {
  /** Where the piece begins in the file, in bytes. */
  readonly at: number
  readonly length: number
  /** SHA-1, or with version 2 the node at this height. */
  readonly digest: Uint8Array
  /** The height of the node; null for SHA-1, Infinity for the root of a file. */
  readonly height: number | null
}

/** Returns the first piece that has bytes of one file only; null if there is none. */
export function ownPieceOf({ content, v1, v2 }: PieceCheck, number: number): OwnPiece | null {
  const { pieceLength, size } = content
  const [from, to] = stretchOf(content, number)
  const piece = Math.ceil(from / pieceLength)
  const start = piece * pieceLength
  const digestIn = (all: Uint8Array, length: number) =>
    all.subarray(piece * length, (piece + 1) * length)
  if (v2) {
    const height = pieceHeight(pieceLength, to - from)
    const length = Math.min(pieceLength, to - from)
    return { at: 0, length, digest: digestIn(v2, SHA256), height }
  }
  const end = Math.min(start + pieceLength, size)
  if (!v1 || start >= end || end > to) return null
  return { at: start - from, length: end - start, digest: digestIn(v1, SHA1), height: null }
}

/** How many times over all files of a size are read at most. */
const READINGS = 4

/** The most files that are read side by side. */
const AT_ONCE = 32

/** The files of one size. */
export interface Crowd {
  /** In bytes. */
  readonly size: number
  readonly count: number
  /** Returns the numbers of the files. A copy: of very many files it takes long. */
  readonly list: () => readonly number[]
}

/** The digests of a piece of files of one size. */
interface Table {
  /** The files whose pieces were not read yet begin at `next`. */
  readonly files: readonly number[]
  next: number
  readonly byDigest: Map<string, number[]>
}

/**
 * Files of one size by the digests of their pieces, where more files have that size than are tried
 * one after the other. Torrents of a piece length share what was read.
 */
export class PieceIndex {
  readonly #tables = new Map<string, Table>()
  /** Bytes read, by the size of the files. */
  readonly #read = new Map<number, number>()

  constructor(private readonly files: FileColumns) {}

  /**
   * Returns those of the files of one size that have a piece: the first that is not `taken`, or all
   * that are. Files that cannot be read have none.
   * @throws BtkitError `interrupted`
   */
  async find(
    piece: OwnPiece,
    { size, count, list }: Crowd,
    taken: ReadonlySet<number>,
    engine: Engine,
  ): Promise<readonly number[]> {
    const key = [size, piece.at, piece.length, piece.height].join()
    const isFree = (number: number) => !taken.has(number)
    const sorted = () => list().toSorted((a, b) => Number(taken.has(a)) - Number(taken.has(b)))
    const table: Table = this.#tables.get(key) ?? { files: sorted(), next: 0, byDigest: new Map() }
    this.#tables.set(key, table)
    for (let portion = 1; ; portion = Math.min(2 * portion, AT_ONCE)) {
      const known = table.byDigest.get(latin1(piece.digest)) ?? []
      const free = known.filter(isFree)
      const read = this.#read.get(size) ?? 0
      const isOver = table.next >= table.files.length || read > READINGS * size * count
      if (free.length > 0 || isOver) return free.length > 0 ? free : known
      const some = table.files.slice(table.next, table.next + portion)
      table.next += some.length
      this.#read.set(size, read + some.length * piece.length)
      const digests = await this.#digests(some, piece, engine)
      for (const [i, digest] of digests.entries()) {
        const number = some[i] ?? 0
        const same = digest === null ? [] : table.byDigest.get(digest)
        if (same) same.push(number)
        else if (digest !== null) table.byDigest.set(digest, [number])
      }
    }
  }

  /** Returns those of some files that may have a piece: not those that have other bytes there. */
  async thatMayHave(
    piece: OwnPiece,
    numbers: readonly number[],
    engine: Engine,
  ): Promise<readonly number[]> {
    const digests = await this.#digests(numbers, piece, engine)
    const wanted = latin1(piece.digest)
    return numbers.filter((_, i) => digests[i] === null || digests[i] === wanted)
  }

  /** The digest of a piece of each file; null if it cannot be read. */
  async #digests(
    numbers: readonly number[],
    piece: OwnPiece,
    engine: Engine,
  ): Promise<(string | null)[]> {
    const { stream, pieces } = this.#streamOf(numbers, piece)
    const failures = createReadFailures(stream)
    const wanted = piece.height === null ? 'pieces' : 'blocks'
    const options = { ...engine, wanted, pieces, failures, onProgress: undefined } as const
    const { pieces: digests, blocks } = await hashStream(stream, options)
    const all = piece.height === null ? digests : blocks
    const length = all.length / pieces.length
    return Array.from(pieces, (number, i) => {
      if (failures.pieces[number] === 1) return null
      const nodes = all.subarray(i * length, (i + 1) * length)
      return latin1(
        piece.height === null ? nodes : nodesAt({ nodes, height: 0 }, piece.height, hashKernel()),
      )
    })
  }

  /** Files one after the other, with padding so that the part of each is a piece. */
  #streamOf(numbers: readonly number[], { at, length, height }: OwnPiece) {
    const pieceLength = height === null ? length : Math.ceil(length / BLOCK) * BLOCK
    const rows = Uint32Array.from(numbers, (number) => this.files.rowAt(number))
    const { directories, directoryOf, names, nameAt } = this.files.select(rows).paths
    const pieces = new Uint32Array(numbers.length)
    const places: number[] = []
    const starts: number[] = []
    const offsets = [0]
    const add = (place: number, start: number, end: number) => {
      places.push(place)
      starts.push(start)
      offsets.push(end)
    }
    for (const [i, number] of numbers.entries()) {
      const end = offsets.at(-1) ?? 0
      pieces[i] = Math.ceil((end + at) / pieceLength)
      const begin = (pieces[i] ?? 0) * pieceLength - at
      if (begin > end) add(PADDING, 0, begin)
      add(directoryOf[i] ?? PADDING, nameAt[i] ?? 0, begin + this.files.sizeAt(number))
    }
    const stream = {
      directories,
      directoryOf: Uint32Array.from(places),
      names,
      nameAt: Uint32Array.from(starts),
      identities: null,
      offsets: Float64Array.from(offsets),
      pieceLength,
    }
    return { stream, pieces }
  }
}
