import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import { digestOf, isSameBytes, sha256 } from '../../base/bytes.js'
import { BtkitError } from '../../base/errors.js'
import { count } from '../../base/text/quantity.js'
import type { PieceCache } from '../../disk/cache/piece-cache.js'
import type { Fingerprint } from '../../disk/file-lists/fingerprint.js'
import { CHECKSUMS, type ChecksumName } from '../checksums/list.js'
import { hashArriving, readInTurn, type FilePart } from '../digests/arriving.js'
import type { ReadOnce } from '../digests/cache-access.js'
import type { CutFiles } from '../digests/content.js'
import { withoutPads } from '../digests/pad-files.js'
import type { PieceTable } from '../digests/piece-table.js'
import {
  believedOf,
  checksumsOf,
  namesOf,
  requireChecksums,
  type StreamedFile,
} from './streamed-file.js'

/** A file whose length is known, and a text that changes with its bytes. */
export type StatedFile = StreamedFile & { readonly length: number; readonly state: string }

/** The name of a file in the cache, in the place of a path: another one as soon as any byte is. */
export function stateKey(file: StatedFile): string {
  const { state, looseState = state, length } = file
  const text = `${length} ${believedOf(file) ? looseState : state} `
  const sums = checksumsOf(file).map(({ digest }) => digest)
  return digestOf('sha256', Buffer.concat([Buffer.from(text), ...sums])).toString('hex')
}

/**
 * Returns the state of a file as the fingerprint of one on a disk. Its times are long past, so that
 * it counts as settled.
 */
export function fingerprintOfStated(file: StatedFile, key = stateKey(file)): Fingerprint {
  const digest = Buffer.from(key, 'hex')
  const past = (at: number) => -1n - (digest.readBigUInt64LE(at) >> 2n)
  // The inode of no file is 0
  const inode = digest.readBigUInt64LE(16) | 1n
  return { size: file.length, mtimeNs: past(0), ctimeNs: past(8), inode, device: 0n }
}

/** Names in the cache the state in which a file had its listed checksum. */
const CHECKED = 'checked state'

/** Whether a cache knows a file, so that its bytes need not be read. */
export function isReadBefore({ length, state, ...file }: StreamedFile, cache: PieceCache): boolean {
  if (length === undefined || state === undefined || !cache.keepsAnything) return false
  const path = stateKey({ ...file, length, state })
  return cache.peek('digest', { algorithm: CHECKED, path }) !== null
}

/** Bytes after which their digests are kept, so that an interruption loses no more. */
const KEPT = 16 * 1024 * 1024

/** Files that begin to arrive, with the one that is read. */
const AHEAD = 8

/** Reads a file, and returns checksums of it. */
export async function digestsOfStated(
  { content }: StatedFile,
  names: readonly ChecksumName[],
): Promise<Uint8Array[]> {
  const hashes = names.map((name) => createHash(CHECKSUMS[name].algorithm))
  for await (const chunk of content instanceof Uint8Array ? [content] : content)
    for (const hash of hashes) hash.update(chunk)
  return hashes.map((hash) => hash.digest())
}

/** Further checksums of files that are read as a whole, and what receives all of them. */
export interface AlsoChecksums {
  readonly names: readonly ChecksumName[]
  readonly note: (file: StatedFile, name: ChecksumName, digest: Uint8Array | undefined) => void
}

/**
 * Returns a function that reads unknown pieces of any content whose files are named by stateKey,
 * some contents at a time.
 */
export function readStatedOnce(
  fileOf: (key: string) => StatedFile | undefined,
  cache: PieceCache,
  also: AlsoChecksums,
): ReadOnce {
  const limited = pLimit(CONTENTS_AT_ONCE)
  return (unread, read) => {
    const { content } = unread
    const own = withoutPads(content.files)
    const files = Array.from(own, ({ absolutePath }) => fileOf(absolutePath) ?? [])
    const stated = new StatedContent(content, files.flat(), cache, also)
    return limited(() => stated.readOnce(unread, read))
  }
}

/** Small contents that are read at the same time. */
const CONTENTS_AT_ONCE = 4

/**
 * Reads content of streams that say their states. Its pieces are kept as those of files on a disk
 * are, and only bytes of the others are read.
 */
export class StatedContent {
  #current = ''
  /** The files of the content; null for padding and empty ones. */
  readonly #files: (StatedFile | null)[] = []
  /** The files of which all bytes are to be read. */
  readonly #whole = new Set<StatedFile>()

  /** The files of `content` have the names of stateKey in the place of their paths. */
  constructor(
    private readonly content: CutFiles,
    private readonly files: readonly StatedFile[],
    private readonly cache: PieceCache,
    private readonly also: AlsoChecksums | null = null,
  ) {
    let next = 0
    for (let i = 0; i < content.files.length; i++) {
      const file = content.files.isPad(i) ? null : (files[next++] ?? null)
      this.#files.push(content.files.sizeAt(i) > 0 ? file : null)
    }
  }

  /** Reads unknown pieces. */
  readonly readOnce: ReadOnce = async ({ table }, read) => {
    this.#settle(table)
    for (const file of this.files) {
      if (file.length === 0 && !this.#isChecked(file)) for await (const _ of this.#readWhole(file));
    }
    const reading = readInTurn((part) => this.#read(part))
    const hash = hashArriving(reading, KEPT)
    return read((job, engine) => {
      const onProgress: typeof engine.onProgress = ({ bytesDone }) => {
        engine.onProgress?.({ bytesDone, currentPath: this.#current })
      }
      return hash(job, { ...engine, onProgress })
    })
  }

  /**
   * Marks all pieces of a file as unknown that must be read whole because one is unknown. That may
   * concern the files beside it, too.
   */
  #settle({ isKnown }: PieceTable): void {
    const { files, pieceLength } = this.content
    const piecesOf = (number: number) => {
      const [start = 0, end = 0] = files.offsets.subarray(number, number + 2)
      return isKnown.subarray(Math.floor(start / pieceLength), Math.ceil(end / pieceLength))
    }
    const settle = (number: number) => {
      const file = this.#files[number]
      const known = piecesOf(number)
      if (file && known.includes(0) && known.includes(1) && !this.#mayBePart(file, known))
        known.fill(0)
    }
    for (let number = 0; number < this.#files.length; number++) settle(number)
    for (let number = this.#files.length - 1; number >= 0; number--) settle(number)
    for (const [number, file] of this.#files.entries())
      if (file && !piecesOf(number).includes(1)) this.#whole.add(file)
  }

  /**
   * Whether a part of a file is certainly of the bytes whose other digests are known. One with a
   * listed checksum is read for it as a whole, so its part is at most the piece that it shares with
   * a file that changed.
   */
  #mayBePart(file: StatedFile, known: Uint8Array): boolean {
    if (checksumsOf(file).length === 0) return file.range !== undefined
    return known.indexOf(0) === known.lastIndexOf(0) && this.#isChecked(file)
  }

  /** Whether the whole file was read in its present state. */
  #isChecked(file: StatedFile): boolean {
    const record = this.cache.get('digest', { algorithm: CHECKED, path: stateKey(file) })
    return record !== null && isSameBytes(record.digest, sha256(file.state))
  }

  #read({ number, start, end }: FilePart): AsyncGenerator<Uint8Array> {
    const file = this.#files[number]
    if (!file) throw new RangeError('padding is not read')
    if (this.#whole.has(file)) return this.#readWhole(file, number)
    if (checksumsOf(file).length > 0) return this.#readChecked(file, start, end)
    return this.#readPart(file, start, end)
  }

  /** Yields a part of a file when the whole of it has its checksums. */
  async *#readChecked(file: StatedFile, start: number, end: number): AsyncGenerator<Uint8Array> {
    const part: Uint8Array[] = []
    let at = 0
    for await (const chunk of this.#readWhole(file)) {
      const own = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at))
      if (own.length > 0) part.push(own.slice())
      at += chunk.length
    }
    yield* part
  }

  async *#readPart(file: StatedFile, start: number, end: number): AsyncGenerator<Uint8Array> {
    this.#current = file.path
    let left = end - start
    for await (const chunk of file.range?.(start, end) ?? []) {
      left -= chunk.length
      if (left >= 0) yield chunk
    }
    if (left !== 0) throw new BtkitError('changed', `${file.path}: changed while it was read`)
  }

  /** Yields all bytes of a file. Its checksums are checked before the last bytes are hashed. */
  async *#readWhole(file: StatedFile, number = this.#files.length): AsyncGenerator<Uint8Array> {
    const { path, content, length } = file
    this.#current = path
    for (const next of this.#files.slice(number, number + AHEAD))
      if (next && this.#whole.has(next)) next.begin?.()
    const names = [...new Set([...namesOf(checksumsOf(file)), ...(this.also?.names ?? [])])]
    const hashes = names.map((name) => createHash(CHECKSUMS[name].algorithm))
    const check = () => {
      const digests = hashes.splice(0).map((hash) => hash.digest())
      requireChecksums(file, (name) => digests[names.indexOf(name)] ?? new Uint8Array(0))
      for (const [i, name] of names.entries()) this.also?.note(file, name, digests[i])
    }
    let bytes = 0
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      if (chunk.length === 0) continue
      bytes += chunk.length
      if (bytes > length) break
      for (const hash of hashes) hash.update(chunk)
      if (bytes === length) check()
      yield chunk
    }
    if (bytes !== length)
      throw new BtkitError('changed', `${path}: has ${count(bytes, 'byte')}, not ${length}`)
    if (length === 0) check()
    const record = { fingerprint: new Uint8Array(0), digest: sha256(file.state), readAt: 0 }
    this.cache.put('digest', { algorithm: CHECKED, path: stateKey(file) }, record)
  }
}
