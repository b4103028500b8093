import { join } from 'node:path'
import { pathsOf, type DirectoryEntry } from './directories.js'
import type { InfoHashes } from '../../metainfo/info-hashes.js'
import type { PieceFacts } from '../make/piece-choice.js'
import type { Change, ListPaths, WrittenList } from './complete-report.js'

/** The facts about a written torrent. */
export interface ChangeFacts {
  readonly hashes: InfoHashes | null
  readonly oldHashes: InfoHashes | null
  /** Only in a dry run. */
  readonly pieces: PieceFacts | null
}

/** A torrent that was written. Its paths are computed on demand, because there may be very many. */
export class EntryChange implements Change {
  readonly #entry: DirectoryEntry
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  readonly oldInfoHash: string | null
  readonly oldInfoHashV2: string | null

  readonly pieces: PieceFacts | null

  constructor(entry: DirectoryEntry, { hashes, oldHashes, pieces }: ChangeFacts) {
    this.#entry = entry
    this.pieces = pieces
    this.infoHash = hashes?.infoHash ?? null
    this.infoHashV2 = hashes?.infoHashV2 ?? null
    this.oldInfoHash = oldHashes?.infoHash ?? null
    this.oldInfoHashV2 = oldHashes?.infoHashV2 ?? null
  }

  get source(): string {
    return join(this.#entry.directory.directory, this.#entry.name)
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

  /** Called by JSON.stringify. */
  toJSON(): Change {
    const { infoHash, infoHashV2, oldInfoHash, oldInfoHashV2 } = this
    return { ...this.#paths, infoHash, infoHashV2, oldInfoHash, oldInfoHashV2 }
  }

  get #paths() {
    return pathsOf(this.#entry.name, this.#entry.directory)
  }
}

/** A list of checksums that was written. Its paths are computed on demand, too. */
export class ListChange implements WrittenList {
  readonly #entry: DirectoryEntry
  readonly #file: string
  readonly isUnread: boolean

  /** `file` is the name of the list in the target. */
  constructor(entry: DirectoryEntry, file: string, isUnread: boolean) {
    this.#entry = entry
    this.#file = file
    this.isUnread = isUnread
  }

  get source(): string {
    return join(this.#entry.directory.directory, this.#entry.name)
  }

  get sourcePath(): string {
    return join(this.#entry.directory.realDirectory, this.#entry.name)
  }

  get list(): string {
    return join(this.#entry.directory.target, this.#file)
  }

  get listPath(): string {
    return join(this.#entry.directory.targetDirectory.realPath, this.#file)
  }

  /** Called by JSON.stringify. */
  toJSON(): ListPaths {
    const { source, sourcePath, list, listPath } = this
    return { source, sourcePath, list, listPath }
  }
}
