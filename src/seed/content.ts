import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { asBtkitError, BtkitError } from '../errors.js'
import {
  fingerprintOf,
  readFingerprintIfThere,
  sameFingerprint,
  type Fingerprint,
} from '../files/fingerprint.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import { streamedFiles } from '../core/verify/v2-side.js'

/** Bytes that are read at once. */
const CHUNK = 256 * 1024

/** Bytes of recent chunks in memory, for peers that ask for the same pieces. */
const MEMORY = 32 * 1024 * 1024

/** Most files that are open. */
const MOST_OPEN = 128

/** A file, in the state for which the hashes of a torrent are known. */
export interface DataFile {
  /** Absolute. */
  readonly path: string
  readonly fingerprint: Fingerprint
}

/** Whether a file is still in its state; null stands for no file. */
export function isUnchanged(file: DataFile | null): boolean {
  if (file === null) return true
  const now = readFingerprintIfThere(file.path)
  return now !== null && sameFingerprint(now, file.fingerprint)
}

/** A torrent and where its content is. */
export interface LoadedTorrent {
  readonly metainfo: Metainfo
  /** The torrent's files in the order of `streamedFiles`; null for pad files and empty ones. */
  readonly files: readonly (DataFile | null)[]
}

/**
 * Reads files while they have the fingerprints under which their hashes are known. That is looked at
 * after each read, through the same descriptor: what was read may leave.
 */
export class FileReader {
  readonly #chunks = new LRUCache<string, Buffer>({
    maxSize: MEMORY,
    sizeCalculation: ({ length }) => length,
  })
  readonly #loading = new Map<string, Promise<Buffer>>()
  readonly #open = new LRUCache<string, Promise<FileHandle>>({
    max: MOST_OPEN,
    dispose: (handle) => {
      // It closes when its reads are done
      handle.then((opened) => opened.close()).catch(() => undefined)
    },
  })

  /** A chunk in memory, if it is there. */
  peek(key: string, at: number): Buffer | undefined {
    return this.#chunks.get(`${key}:${at}`)
  }

  /**
   * Reads a chunk.
   * @throws BtkitError `changed`, or if the file cannot be read
   */
  async load(key: string, file: DataFile, at: number): Promise<Buffer> {
    const name = `${key}:${at}`
    const known = this.#chunks.get(name) ?? this.#loading.get(name)
    if (known) return known
    const loading = this.#read(key, file, at)
    this.#loading.set(name, loading)
    try {
      const chunk = await loading
      this.#chunks.set(name, chunk)
      return chunk
    } finally {
      this.#loading.delete(name)
    }
  }

  /** Closes all files. */
  close(): void {
    this.#open.clear()
    this.#chunks.clear()
  }

  async #read(key: string, file: DataFile, at: number): Promise<Buffer> {
    const { path, fingerprint } = file
    try {
      const handle = await this.#openFile(key, file)
      const start = at * CHUNK
      const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, fingerprint.size - start))
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, start)
      const now = fingerprintOf(await handle.stat({ bigint: true }))
      if (bytesRead === chunk.length && sameFingerprint(now, fingerprint)) return chunk
    } catch (error) {
      this.#open.delete(key)
      throw asBtkitError(error, path)
    }
    this.#open.delete(key)
    throw changed(path)
  }

  #openFile(key: string, { path, fingerprint }: DataFile): Promise<FileHandle> {
    const known = this.#open.get(key)
    if (known) return known
    // A pipe in the file's place must not make the program wait
    const opening = open(path, constants.O_RDONLY | constants.O_NONBLOCK).then(async (handle) => {
      if (sameFingerprint(fingerprintOf(await handle.stat({ bigint: true })), fingerprint))
        return handle
      await handle.close()
      throw changed(path)
    })
    this.#open.set(key, opening)
    return opening
  }
}

function changed(path: string): BtkitError {
  return new BtkitError('changed', `${path}: changed since its hashes were computed`)
}

/** A part of a block: a range of bytes within one chunk of a file. */
interface Part {
  /** Null for a pad file, whose bytes are zeros. */
  readonly data: DataFile | null
  /** Identifies the file. */
  readonly key: string
  /** The number of the chunk, and the range within it. */
  readonly at: number
  readonly from: number
  readonly to: number
}

let contents = 0

/** The content of a torrent as one stream of pieces. */
export class Content {
  /** Where each file begins in the stream. */
  readonly #starts: number[] = []
  readonly #size: number
  readonly #id = ++contents
  readonly metainfo: Metainfo
  readonly info: Uint8Array
  readonly pieceCount: number

  constructor(
    private readonly loaded: LoadedTorrent,
    private readonly reader: FileReader,
  ) {
    const { metainfo } = loaded
    const { bytes, infoSpan, pieceLength } = metainfo
    this.metainfo = metainfo
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
   * @throws BtkitError `changed` if a file is not the one whose hashes are known
   */
  async load(piece: number, offset: number, length: number): Promise<void> {
    for (const { data, key, at } of this.#partsOf(piece, offset, length)) {
      if (data) await this.reader.load(key, data, at)
    }
  }

  *#partsOf(piece: number, offset: number, length: number): Generator<Part> {
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
