import { LRUCache } from 'lru-cache'
import { BtkitError } from '../../errors.js'
import { readRegular, type RegularFile } from '../../files/read-regular.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/read.js'
import type { TorrentSummary } from '../allowed/known-torrent.js'

/** Bytes of memory for files that were sent. */
const MEMORY = 32 * 1024 * 1024

/**
 * Reads .torrent files to send them. All clients of a file share its bytes; otherwise slow readers
 * of one large torrent would fill the memory with copies.
 */
export class TorrentBytes {
  readonly #kept = new LRUCache<string, RegularFile>({
    maxSize: MEMORY,
    sizeCalculation: ({ bytes }, path) => bytes.length + path.length + 1,
  })
  readonly #reading = new Map<string, Promise<RegularFile | null>>()

  /** The bytes of a torrent's file; null if it is gone or changed since the torrent was read. */
  async of({ path, state }: Pick<TorrentSummary, 'path' | 'state'>): Promise<Uint8Array | null> {
    if (path === null) return null
    const reading = this.#reading.get(path) ?? this.#read(path)
    this.#reading.set(path, reading)
    try {
      const file = await reading
      return file?.state === state ? file.bytes : null
    } finally {
      this.#reading.delete(path)
    }
  }

  async #read(path: string): Promise<RegularFile | null> {
    const kept = this.#kept.get(path) ?? null
    try {
      const file = (await readRegular(path, DEFAULT_MAX_SIZE, kept?.state ?? null)) ?? kept
      if (file) this.#kept.set(path, file)
      return file
    } catch (error) {
      this.#kept.delete(path)
      if (error instanceof BtkitError) return null
      throw error
    }
  }
}
