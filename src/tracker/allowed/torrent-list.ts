import { LRUCache } from 'lru-cache'
import { LinesFile } from './lines-file.js'
import { describeTorrent, type AllowedTorrent } from './known-torrent.js'
import { TorrentDirectory } from './torrent-directory.js'

export interface TorrentListParts {
  /** Whose torrents are tracked. */
  readonly directories: readonly string[]
  /** Whose info hashes are tracked; null for no such file. */
  readonly listFile: string | null
  /** Whether torrents are added by whoever makes them. */
  readonly isFed: boolean
  /** Whether `failure reason` and `warning message` inside torrents are obeyed. */
  readonly controls: boolean
  /** Hears what is wrong; work goes on. */
  readonly report: (message: string) => void
}

/** Torrents that were added, at most; those added longest ago are forgotten. */
const MAX_ADDED = 100_000

/** The torrents that are tracked: all, or those of directories and of a list. */
export class TorrentList {
  readonly #directories: readonly TorrentDirectory[]
  readonly #listFile: LinesFile<string> | null
  readonly #isFed: boolean
  readonly #added = new LRUCache<string, AllowedTorrent>({ max: MAX_ADDED })
  #torrents = new Map<string, AllowedTorrent>()
  #refreshing: Promise<void> | null = null

  constructor({ directories, listFile, isFed, controls, report }: TorrentListParts) {
    this.#isFed = isFed
    this.#directories = directories.map((root) => new TorrentDirectory({ root, controls, report }))
    const parts = { parseLine: parseHash, expected: 'info hash', report }
    this.#listFile = listFile === null ? null : new LinesFile({ path: listFile, ...parts })
  }

  /** Whether any torrent may be announced. */
  get isOpen(): boolean {
    return this.#directories.length === 0 && this.#listFile === null && !this.#isFed
  }

  /** Whether torrents are added by whoever makes them. */
  get isFed(): boolean {
    return this.#isFed
  }

  /** Adds a torrent that has just been made. */
  add(bytes: Uint8Array): void {
    for (const torrent of describeTorrent(bytes, null, false)) {
      this.#added.set(torrent.infoHash, torrent)
      this.#torrents.set(torrent.infoHash, torrent)
    }
  }

  /** Those that are known, by their info hashes in hexadecimal. */
  get torrents(): ReadonlyMap<string, AllowedTorrent> {
    return this.#torrents
  }

  /** All directories that torrents are looked for in. */
  get watched(): string[] {
    return this.#directories.flatMap(({ directories }) => directories)
  }

  /**
   * Looks for what changed. Who asks while a look is under way gets one that begins after it.
   * @throws BtkitError when a directory or the list could not be read to begin with
   */
  async refresh(): Promise<void> {
    await this.#refreshing?.catch(() => undefined)
    this.#refreshing ??= this.#look().finally(() => {
      this.#refreshing = null
    })
    await this.#refreshing
  }

  async #look(): Promise<void> {
    const torrents = new Map<string, AllowedTorrent>()
    await this.#listFile?.refresh()
    for (const infoHash of this.#listFile?.values ?? []) {
      torrents.set(infoHash, {
        ...{ infoHash, metainfo: null, failure: null, warning: null },
        trackers: [],
      })
    }
    for (const [infoHash, torrent] of this.#added.entries()) torrents.set(infoHash, torrent)
    const inFiles = new Set<string>()
    for (const directory of this.#directories) {
      await directory.refresh()
      for (const torrent of directory.torrents()) {
        // Of files with the same content the first counts, a bare hash less than any file
        if (!inFiles.has(torrent.infoHash)) torrents.set(torrent.infoHash, torrent)
        inFiles.add(torrent.infoHash)
      }
    }
    this.#torrents = torrents
  }
}

/** An info hash in hexadecimal at the start of a line; of one of v2 what announces have. */
function parseHash(line: string): string | null {
  const [hash = ''] = line.split(/\s/)
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(hash) ? hash.slice(0, 40).toLowerCase() : null
}
