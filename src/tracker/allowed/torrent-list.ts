import { LRUCache } from 'lru-cache'
import { type AllowedTorrent, describeTorrent } from './known-torrent.js'
import { LinesFile, ProblemReports } from './lines-file.js'
import { TorrentDirectory } from './torrent-directory.js'

export interface TorrentListParts {
  /** Directories whose torrents are tracked. */
  readonly directories: readonly string[]
  /** A file of info hashes that are tracked; null for none. */
  readonly listFile: string | null
  /** A file of info hashes that are refused; null for none. */
  readonly bannedFile?: string | null | undefined
  /** Whether another part of the program, such as the mirror, adds torrents. */
  readonly isFed: boolean
  /** Whether `failure reason` and `warning message` inside torrents are obeyed. */
  readonly controls: boolean
  /** Receives problems with directories and lists; the tracker continues. */
  readonly report: (message: string) => void
}

/** The most added torrents that are kept. The oldest are forgotten first. */
const MAX_ADDED = 100_000

/**
 * The torrents that are tracked: all, or those in directories, in a list and added by the program.
 */
export class TorrentList {
  readonly #directories: readonly TorrentDirectory[]
  readonly #listFile: LinesFile<string> | null
  readonly #bannedFile: LinesFile<string> | null
  readonly #isFed: boolean
  readonly #copies: ProblemReports
  readonly #added = new LRUCache<string, AllowedTorrent>({ max: MAX_ADDED })
  #torrents = new Map<string, AllowedTorrent>()
  #banned: ReadonlySet<string> = new Set()
  #version = ''
  #additions = 0
  #refreshing: Promise<void> | null = null

  constructor(given: TorrentListParts) {
    const { directories, listFile, bannedFile = null, isFed, controls, report } = given
    this.#isFed = isFed
    // A file that is moved during a scan may be found twice
    this.#copies = new ProblemReports(report, { isPatient: true })
    this.#directories = directories.map((root) => new TorrentDirectory({ root, controls, report }))
    const parts = { parseLine: parseHash, expected: 'info hash', report }
    const open = (path: string | null) => (path === null ? null : new LinesFile({ path, ...parts }))
    this.#listFile = open(listFile)
    this.#bannedFile = open(bannedFile)
  }

  /** Whether any torrent may be announced. */
  get isOpen(): boolean {
    return this.#directories.length === 0 && this.#listFile === null && !this.#isFed
  }

  /** Whether another part of the program, such as the mirror, adds torrents. */
  get isFed(): boolean {
    return this.#isFed
  }

  /** Whether a torrent was added, or is refused; `infoHash` has 40 hexadecimal digits. */
  has(infoHash: string): boolean {
    return this.#added.get(infoHash) !== undefined || this.#banned.has(infoHash)
  }

  /** Adds a torrent, given as the bytes of its .torrent file. */
  add(bytes: Uint8Array): void {
    for (const torrent of describeTorrent(bytes, null, false)) {
      if (this.has(torrent.infoHash)) continue
      this.#added.set(torrent.infoHash, torrent)
      // Any file wins, as in a scan
      const isInFile = (this.#torrents.get(torrent.infoHash)?.metainfo?.path ?? null) !== null
      if (isInFile) continue
      this.#torrents.set(torrent.infoHash, torrent)
      this.#additions += 1
    }
  }

  /** Changes with the torrents. */
  get version(): string {
    return `${this.#version} ${this.#additions}`
  }

  /** The known torrents by info hash, 40 hexadecimal digits. */
  get torrents(): ReadonlyMap<string, AllowedTorrent> {
    return this.#torrents
  }

  /** The info hashes that are refused, 40 hexadecimal digits each. */
  get banned(): ReadonlySet<string> {
    return this.#banned
  }

  /** All directories that are searched for torrents. */
  get watched(): string[] {
    return this.#directories.flatMap(({ directories }) => directories)
  }

  /**
   * Scans for changes. A call during a scan resolves after a further scan that begins later.
   * @throws BtkitError if a directory or the list has never been readable
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
        // If several files hold the same torrent, the first wins. Any file wins over a bare hash.
        if (inFiles.has(torrent.infoHash)) this.#addCopy(torrent, torrents.get(torrent.infoHash))
        else torrents.set(torrent.infoHash, torrent)
        inFiles.add(torrent.infoHash)
      }
    }
    this.#copies.tell()
    await this.#bannedFile?.refresh()
    const banned = new Set(this.#bannedFile?.values)
    for (const infoHash of banned) torrents.delete(infoHash)
    this.#torrents = torrents
    this.#banned = banned
    const versions = this.#directories.map(({ version }) => version)
    this.#version = [...versions, ...banned].join(' ')
  }

  #addCopy({ metainfo: copy }: AllowedTorrent, listed: AllowedTorrent | undefined): void {
    const [path, other] = [copy?.path ?? '', listed?.metainfo?.path ?? '']
    this.#copies.add(`${path}: the same torrent as ${other}; only that one is listed`)
  }
}

/**
 * Reads the info hash at the start of a line; null if there is none. The hash of a v2 torrent is cut to 40 digits, as in
 * announces.
 */
export function parseHash(line: string): string | null {
  const [hash = ''] = line.split(/\s/)
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(hash) ? hash.slice(0, 40).toLowerCase() : null
}
