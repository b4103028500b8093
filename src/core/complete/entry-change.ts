import { pathsOf, type SourceDirectory } from './directories.js'
import type { Change } from './report.js'

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string
  readonly directory: SourceDirectory
}

/** A torrent that was written. There may be very many, so its paths are made when asked for. */
export class EntryChange implements Change {
  readonly #entry: DirectoryEntry

  constructor(
    entry: DirectoryEntry,
    readonly infoHash: string | null,
    readonly oldInfoHash: string | null,
  ) {
    this.#entry = entry
  }

  get source(): string {
    return this.#paths.source
  }

  get sourcePath(): string {
    return this.#paths.sourcePath
  }

  get torrent(): string {
    return this.#paths.torrent
  }

  get torrentPath(): string {
    return this.#paths.torrentPath
  }

  /** What JSON.stringify writes. */
  toJSON(): Change {
    const { infoHash, oldInfoHash } = this
    return { ...this.#paths, infoHash, oldInfoHash }
  }

  get #paths() {
    return pathsOf(this.#entry.name, this.#entry.directory)
  }
}
