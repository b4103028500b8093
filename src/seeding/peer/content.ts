import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { asBtkitError, BtkitError, osCodeOf } from '../../base/errors.js'
import { fingerprintOf, sameFingerprint } from '../../disk/file-lists/fingerprint.js'
import { fill } from '../../disk/look/read-bounded.js'
import type { FileState } from '../../disk/file-lists/scanned-file.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'
import { CHUNK, ChunkPool } from './chunk-pool.js'
import { HashAnswers } from './hash-answers.js'

/** Bytes of recent chunks in memory, for peers that ask for the same pieces. */
const MEMORY = 32 * 1024 * 1024

/** The same of pieces that were read from servers: each peer may ask for another one. */
const FAR_MEMORY = 128 * 1024 * 1024

type Receive = (bytes: Uint8Array) => void

/**
 * Most files that are open although nobody reads them, and the share of the process's descriptors.
 */
const MOST_OPEN = 128
const OPEN_SHARE = 1 / 8

/** Bytes of memory that a file of a torrent takes beside the torrent's own bytes. */
const FILE_WEIGHT = 500

/** A torrent and where its content is. */
export interface LoadedTorrent {
  readonly metainfo: Metainfo
  /** The torrent's files in the order of `streamedFiles`; null for pad files and empty ones. */
  readonly files: readonly (FileState | null)[]
  /** Reads its pieces if it is on a server; then it has no files. */
  readonly readPiece?: ReadPiece | undefined
}

/**
 * Reads a piece, and hands on its bytes in order. They count only if it resolves.
 * @throws BtkitError `busy` if that is not possible now
 */
type ReadPiece = (piece: number, see: (bytes: Uint8Array) => void) => Promise<void>

/**
 * Reads files while they have the fingerprints under which their hashes are known. That is looked
 * at after each read, through the same descriptor: what was read may leave.
 */
export class FileReader {
  /** Whoever sends parts of a chunk must retain its memory. */
  readonly memory = new ChunkPool()
  readonly #chunks = new LRUCache<string, Buffer>({
    maxSize: MEMORY,
    sizeCalculation: ({ length }) => length,
    dispose: ({ buffer }) => {
      this.memory.release(buffer)
    },
  })
  /** The same of data on servers, which is read again at a higher price. */
  readonly #far = new LRUCache<string, Buffer>({
    maxSize: FAR_MEMORY,
    sizeCalculation: ({ length }) => length,
    dispose: ({ buffer }) => {
      this.memory.release(buffer)
    },
  })
  readonly #loading = new Map<string, Promise<Buffer>>()
  readonly #pieces = new Map<string, Promise<void>>()
  readonly #open: LRUCache<string, OpenFile>

  /** `descriptors` is the most that the process may have open; null if that is unknown. */
  constructor(descriptors: number | null = null) {
    const most = Math.max(1, Math.floor(OPEN_SHARE * (descriptors ?? Infinity)))
    this.#open = new LRUCache({
      max: Math.min(MOST_OPEN, most),
      dispose: (file) => void file.drop(),
    })
  }

  /** A chunk in memory, if it is there. */
  peek(key: string, at: number): Buffer | undefined {
    const name = `${key}:${at}`
    return this.#chunks.get(name) ?? this.#far.get(name)
  }

  /**
   * Reads all chunks of a piece of `size` bytes that is on a server.
   * @throws BtkitError as `read`
   */
  async loadPiece(key: string, size: number, read: (see: Receive) => Promise<void>): Promise<void> {
    const known = this.#pieces.get(key)
    if (known) return known
    const loading = this.#readPiece(key, size, read)
    this.#pieces.set(key, loading)
    try {
      await loading
    } finally {
      this.#pieces.delete(key)
    }
  }

  async #readPiece(key: string, size: number, read: (see: Receive) => Promise<void>) {
    const chunks: Buffer[] = []
    for (let at = 0; at < size; at += CHUNK)
      chunks.push(this.memory.take(Math.min(CHUNK, size - at)))
    let filled = 0
    await read((bytes) => {
      for (let from = 0; from < bytes.length && filled < size;) {
        const [chunk, within] = [chunks[Math.floor(filled / CHUNK)], filled % CHUNK]
        if (!chunk) return
        const part = bytes.subarray(from, from + chunk.length - within)
        chunk.set(part, within)
        from += part.length
        filled += part.length
      }
    })
    for (const [at, chunk] of chunks.entries()) {
      this.memory.retain(chunk.buffer)
      this.#far.set(`${key}:${at}`, chunk)
    }
  }

  /**
   * Reads a chunk.
   * @throws BtkitError `changed`, `busy` if the process may open no more files now, or if the file
   *   cannot be read
   */
  async load(key: string, file: FileState, at: number): Promise<Buffer> {
    const name = `${key}:${at}`
    const known = this.#chunks.get(name) ?? this.#loading.get(name)
    if (known) return known
    const loading = this.#read(key, file, at)
    this.#loading.set(name, loading)
    try {
      const chunk = await loading
      this.memory.retain(chunk.buffer)
      this.#chunks.set(name, chunk)
      return chunk
    } finally {
      this.#loading.delete(name)
    }
  }

  /** Closes the files whose keys have this prefix, and frees what was read of them. */
  forget(prefix: string): void {
    for (const files of [this.#open, this.#chunks, this.#far]) {
      for (const key of [...files.keys()]) if (key.startsWith(prefix)) files.delete(key)
    }
  }

  /** Closes all files. */
  close(): void {
    this.#open.clear()
    this.#chunks.clear()
    this.#far.clear()
  }

  async #read(key: string, file: FileState, at: number, isLast = false): Promise<Buffer> {
    const { absolutePath: path, fingerprint } = file
    const opened = this.#openFile(key, file)
    try {
      return await opened.use(async (handle) => {
        const start = at * CHUNK
        const chunk = this.memory.take(Math.min(CHUNK, fingerprint.size - start))
        const isWhole = (await fill(chunk, handle, start)) === chunk.length
        const now = fingerprintOf(await handle.stat({ bigint: true }))
        if (isWhole && sameFingerprint(now, fingerprint)) return chunk
        throw changed(path)
      })
    } catch (error) {
      if (this.#open.peek(key) === opened) this.#open.delete(key)
      if (!isLast && EXHAUSTED.has(osCodeOf(error))) {
        await Promise.all(Array.from(this.#open.values(), (each) => each.drop()))
        this.#open.clear()
        return await this.#read(key, file, at, true)
      }
      throw readError(error, path)
    }
  }

  #openFile(key: string, { absolutePath: path, fingerprint }: FileState): OpenFile {
    const known = this.#open.get(key)
    if (known) return known
    // A pipe in the file's place must not make the program wait
    const opening = open(path, constants.O_RDONLY | constants.O_NONBLOCK).then(async (handle) => {
      if (sameFingerprint(fingerprintOf(await handle.stat({ bigint: true })), fingerprint))
        return handle
      await handle.close()
      throw changed(path)
    })
    const opened = new OpenFile(opening)
    this.#open.set(key, opened)
    return opened
  }
}

/** A file that is closed when it is not kept any more and all reads of it are done. */
class OpenFile {
  #users = 0
  #isDropped = false

  constructor(private readonly handle: Promise<FileHandle>) {}

  async use<T>(act: (handle: FileHandle) => Promise<T>): Promise<T> {
    this.#users++
    try {
      return await act(await this.handle)
    } finally {
      this.#users--
      void this.#closeIfUnused()
    }
  }

  /**
   * Closes the file as soon as nobody reads it. Resolves when it is closed, or at once if it is
   * read.
   */
  drop(): Promise<void> {
    this.#isDropped = true
    return this.#closeIfUnused()
  }

  async #closeIfUnused(): Promise<void> {
    if (!this.#isDropped || this.#users > 0) return
    await this.handle.then((opened) => opened.close()).catch(() => undefined)
  }
}

/** Errors of the process, not of the file. */
const EXHAUSTED: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])

function readError(error: unknown, path: string): unknown {
  if (!EXHAUSTED.has(osCodeOf(error))) return asBtkitError(error, path)
  return new BtkitError('busy', `${path}: too many files are open`, { cause: error })
}

function changed(path: string): BtkitError {
  return new BtkitError('changed', `${path}: changed since its hashes were computed`)
}

/** A part of a block: a range of bytes within one chunk of a file. */
interface Part {
  /** Null for a pad file, whose bytes are zeros. */
  readonly data: FileState | null
  /** Identifies the file. */
  readonly key: string
  /** The number of the chunk, and the range within it. */
  readonly at: number
  readonly from: number
  readonly to: number
}

/** Stands for the file of a part that is read with its piece. */
const READ_AS_PIECE: FileState = {
  absolutePath: '',
  fingerprint: { size: 0, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n },
}

let contents = 0

/** The content of a torrent as one stream of pieces. */
export class SeededContent {
  /** Where each file begins in the stream. */
  readonly #starts: number[] = []
  readonly #size: number
  readonly #id = ++contents
  /** Whether its files are closed for good. */
  isClosed = false
  /** Whoever sends bytes of `peek` later must retain their memory. */
  readonly memory: ChunkPool
  /** Answers requests for hashes, for all peers. */
  readonly hashes: HashAnswers
  readonly metainfo: Metainfo
  readonly info: Uint8Array
  readonly pieceCount: number

  constructor(
    private readonly loaded: LoadedTorrent,
    private readonly reader: FileReader,
  ) {
    this.memory = reader.memory
    const { metainfo } = loaded
    const { bytes, infoSpan, pieceLength } = metainfo
    this.metainfo = metainfo
    this.hashes = new HashAnswers(metainfo)
    this.info = bytes.subarray(infoSpan.start, infoSpan.end)
    let end = 0
    for (const { length } of streamedFiles(metainfo)) {
      this.#starts.push(end)
      end += length
    }
    this.pieceCount = Math.ceil(end / pieceLength)
    // libtorrent asks for whole blocks of each file, and expects zeros behind its end
    this.#starts.push(end)
    this.#size = metainfo.version === 'v2' ? this.pieceCount * pieceLength : end
  }

  /** Roughly the bytes of memory that it takes. */
  get weight(): number {
    return this.metainfo.bytes.length + FILE_WEIGHT * this.#starts.length
  }

  /** Closes its files. Nothing can be loaded from then on. */
  close(): void {
    this.isClosed = true
    this.reader.forget(`${this.#id}.`)
  }

  /** Whether a request names bytes of one piece. Its numbers may be any. */
  has(piece: number, offset: number, length: number): boolean {
    const { pieceLength } = this.metainfo
    const start = piece * pieceLength + offset
    if (piece < 0 || offset < 0) return false
    return length > 0 && offset + length <= pieceLength && start + length <= this.#size
  }

  /** Returns bytes if all are in memory, otherwise null. Never throws. */
  peek(piece: number, offset: number, length: number): Uint8Array | null {
    const parts: Uint8Array[] = []
    for (const { data, key, at, from, to } of this.#partsOf(piece, offset, length)) {
      const chunk = data && this.reader.peek(key, at)
      if (chunk === undefined) return null
      parts.push(chunk ? chunk.subarray(from, to) : new Uint8Array(to - from))
    }
    return parts.length === 1 ? (parts[0] ?? null) : Buffer.concat(parts)
  }

  /**
   * Reads bytes, so that they are in memory.
   * @throws BtkitError `changed` if a file is not the one whose hashes are known; `busy`
   */
  async load(piece: number, offset: number, length: number): Promise<void> {
    if (this.isClosed) throw changed(this.metainfo.name)
    const { readPiece } = this.loaded
    if (readPiece) {
      const read = (see: Receive) => readPiece(piece, see)
      if (this.peek(piece, offset, length) === null)
        await this.reader.loadPiece(this.#pieceKey(piece), this.#sizeOf(piece), read)
      return
    }
    for (const { data, key, at } of this.#partsOf(piece, offset, length)) {
      if (data) await this.reader.load(key, data, at)
    }
  }

  /**
   * Answers a request for hashes of blocks; see `HashAnswers.answerBlocks`.
   * @throws BtkitError as `load` does
   */
  answerBlocks(request: Uint8Array): Promise<Uint8Array | null> {
    const { pieceLength } = this.metainfo
    return this.hashes.answerBlocks(request, async (start, length) => {
      const place = [Math.floor(start / pieceLength), start % pieceLength, length] as const
      // It may be forgotten at once if others read much
      for (;;) {
        await this.load(...place)
        const bytes = this.peek(...place)
        if (bytes) return createHash('sha256').update(bytes).digest()
      }
    })
  }

  #pieceKey(piece: number): string {
    return `${this.#id}.p${piece}`
  }

  /** The bytes of a piece, without the zeros behind the end. */
  #sizeOf(piece: number): number {
    const { pieceLength } = this.metainfo
    return Math.min(pieceLength, (this.#starts.at(-1) ?? 0) - piece * pieceLength)
  }

  /** The parts of a block of a piece that is read as a whole. */
  *#chunksOf(piece: number, offset: number, length: number): Generator<Part> {
    const size = this.#sizeOf(piece)
    const key = this.#pieceKey(piece)
    for (let start = offset; start < offset + length;) {
      const at = Math.floor(start / CHUNK)
      const isData = start < size
      const next = Math.min(offset + length, (at + 1) * CHUNK, isData ? size : Infinity)
      const [from, to] = [start - at * CHUNK, next - at * CHUNK]
      yield { data: isData ? READ_AS_PIECE : null, key, at, from, to }
      start = next
    }
  }

  *#partsOf(piece: number, offset: number, length: number): Generator<Part> {
    if (this.loaded.readPiece) {
      yield* this.#chunksOf(piece, offset, length)
      return
    }
    let start = piece * this.metainfo.pieceLength + offset
    const end = start + length
    for (let file = this.#fileAt(start); start < end; file++) {
      const first = this.#starts[file] ?? 0
      const fileEnd = Math.min(end, this.#starts[file + 1] ?? this.#size)
      const [data, key] = [this.loaded.files[file] ?? null, `${this.#id}.${file}`]
      while (start < fileEnd) {
        const at = Math.floor((start - first) / CHUNK)
        const chunk = first + at * CHUNK
        const next = Math.min(fileEnd, chunk + CHUNK)
        yield { data, key, at, from: start - chunk, to: next - chunk }
        start = next
      }
    }
  }

  /** The last file that begins at or before a byte. */
  #fileAt(byte: number): number {
    let [low, high] = [0, this.#starts.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#starts[middle] ?? 0) <= byte) low = middle
      else high = middle - 1
    }
    return low
  }
}
