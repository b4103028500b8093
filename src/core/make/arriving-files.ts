import { createHash, type Hash } from 'node:crypto'
import {
  ArrivingPieces,
  ArrivingTree,
  type PieceLengthFor,
} from '../../disk/hash/arriving-bytes.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { CHECKSUMS, type ChecksumName } from '../checksums/list.js'
import type { FileTree } from '../digests/file-trees.js'
import { bytesMissing } from '../digests/pad-files.js'

/** The digests of files that are read one after another. */
export class ArrivingFiles {
  readonly lengths: number[] = []
  readonly #pieces: ArrivingPieces | null
  /** Of the files that have bytes. */
  readonly #trees: FileTree[] = []
  readonly #lists: Uint8Array[][] = []
  #tree: ArrivingTree | null = null
  #checksums: Hash[] = []
  /** Bytes that are missing to the end of a piece before the next file that has bytes. */
  #missing = 0
  #size = 0

  /** `isAligned` says whether each file begins a piece. */
  constructor(
    readonly version: MetainfoVersion,
    readonly checksums: readonly ChecksumName[],
    readonly lengthFor: PieceLengthFor,
    readonly isAligned: boolean,
  ) {
    this.#pieces = version === 'v2' ? null : new ArrivingPieces(lengthFor)
  }

  begin(): void {
    const { lengthFor, checksums } = this
    if (this.version !== 'v1') this.#tree = new ArrivingTree(lengthFor)
    this.#checksums = checksums.map((name) => createHash(CHECKSUMS[name].algorithm))
  }

  /** Adds bytes, which must not change until they are hashed. */
  async update(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return
    if (this.#missing > 0) await this.#pieces?.update(new Uint8Array(this.#missing))
    this.#missing = 0
    const hashed = [this.#pieces, this.#tree].map(async (hashing) => hashing?.update(chunk))
    for (const checksum of this.#checksums) checksum.update(chunk)
    await Promise.all(hashed)
    this.#size += chunk.length
  }

  async end(length: number): Promise<void> {
    this.lengths.push(length)
    this.#lists.push(this.#checksums.map((hash) => hash.digest()))
    if (length === 0) return
    if (this.#tree) this.#trees.push(await this.#tree.finish())
    if (this.isAligned) this.#missing = bytesMissing(length, this.lengthFor(this.#size))
  }

  /** The checksum of the file that ended last. */
  lastDigest(name: ChecksumName): Uint8Array {
    return this.#lists.at(-1)?.[this.checksums.indexOf(name)] ?? new Uint8Array(0)
  }

  async finish() {
    const digests = (await this.#pieces?.finish()) ?? new Uint8Array(0)
    return { digests, trees: this.#trees, lists: this.#lists }
  }
}
