import { openCacheIfThere } from '../../../core/cache/access.js'
import type { TreeSource } from '../../../core/verify/bad-blocks.js'
import { cachePlace } from '../../arguments/cache-options.js'
import type { Io } from '../../io.js'

/**
 * The piece cache as a source of Merkle trees, opened when a piece is bad. It need not be trusted
 * for that: of a tree that leads to a torrent's root all digests are right.
 */
export class TreeCache {
  readonly #cacheDir: string | undefined
  readonly #io: Io
  #opened: ReturnType<typeof openCacheIfThere> | null = null

  constructor(cacheDir: string | undefined, io: Io) {
    this.#cacheDir = cacheDir
    this.#io = io
  }

  open(): Promise<TreeSource> {
    this.#opened ??= openCacheIfThere(cachePlace(this.#cacheDir, this.#io))
    return this.#opened
  }

  async close(): Promise<void> {
    const cache = await this.#opened
    await cache?.close()
  }
}
