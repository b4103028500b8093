import { join, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { doInTurns, each } from '../../base/steps.js'
import { warnOnce } from '../../base/warn-once.js'
import { formatNumber } from '../../base/text/quantity.js'
import { walkTorrents } from '../../core/find-torrents.js'
import { BtkitError } from '../../base/errors.js'
import { type RegularFile, readRegular, readSmallFiles } from '../../disk/look/read-bounded.js'
import { ownStampOf, stampsOf } from '../../disk/look/stat-files.js'
import { unlimitedBudget } from '../../server/admission/memory.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/check.js'
import { readSwarmHash } from '../../metainfo/info-hash.js'
import type { InfoHash, MirroredTorrent } from '../../metainfo/values.js'
import { type AllowedTorrent, allowedTorrents, describeTorrent } from './allowed-torrent.js'
import { LinesFile, ProblemReports } from './lines-file.js'

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
  readonly #listFile: LinesFile<InfoHash> | null
  readonly #bannedFile: LinesFile<InfoHash> | null
  readonly #isFed: boolean
  readonly #copies: ProblemReports
  readonly #added: LRUCache<InfoHash, AllowedTorrent>
  #torrents = new Map<InfoHash, AllowedTorrent>()
  #banned: ReadonlySet<InfoHash> = new Set()
  #bannedPaths: ReadonlyMap<string, AllowedTorrent> = new Map()
  /** How often the banned hashes have changed. */
  #bans = 0
  #version = ''
  #additions = 0
  #refreshing: Promise<void> | null = null
  #first: Promise<void> | null = null

  constructor(given: TorrentListParts) {
    const { directories, listFile, bannedFile = null, isFed, controls, report } = given
    this.#isFed = isFed
    const warn = warnOnce(report, 2)
    const full = `--track: ${formatNumber(MAX_ADDED)} torrents are tracked; the oldest give way`
    this.#added = new LRUCache({
      // With `max`, room for all is made at once, for 15 ms
      maxSize: MAX_ADDED,
      sizeCalculation: () => 1,
      dispose: (_torrent, _hash, reason) => {
        if (reason === 'evict') warn('full', full)
      },
    })
    // A file that is moved during a scan may be found twice
    this.#copies = new ProblemReports(report, { isPatient: true })
    this.#directories = directories.map((root) => new TorrentDirectory({ root, controls, report }))
    const line = { parse: parseHash, expected: 'info hash' }
    const open = (path: string | null) => (path === null ? null : new LinesFile(path, line, report))
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

  /** Whether the first scan is under way, so that torrents of directories may be unknown still. */
  get isStarting(): boolean {
    return this.#version === '' && this.#first !== null
  }

  /** Resolves as soon as the first scan is over, or rejects as that. */
  async started(): Promise<void> {
    await this.#first
  }

  /** Whether a torrent was added, or is refused. */
  has(infoHash: InfoHash): boolean {
    return this.#added.get(infoHash) !== undefined || this.#banned.has(infoHash)
  }

  /** Adds a torrent that was made here. */
  add(made: MirroredTorrent): void {
    for (const torrent of allowedTorrents(made, null, { failure: null, warning: null })) {
      if (this.has(torrent.infoHash)) continue
      this.#added.set(torrent.infoHash, torrent)
      // Any file wins, as in a scan
      const isInFile = (this.#torrents.get(torrent.infoHash)?.metainfo?.path ?? null) !== null
      if (isInFile) continue
      this.#torrents.set(torrent.infoHash, torrent)
      this.#additions += 1
    }
  }

  /** Lists an added torrent no longer. */
  remove(infoHash: InfoHash): void {
    const torrent = this.#added.get(infoHash)
    if (!torrent) return
    this.#added.delete(infoHash)
    if (this.#torrents.get(infoHash) !== torrent) return
    this.#torrents.delete(infoHash)
    this.#additions += 1
  }

  /** Changes with the torrents. */
  get version(): string {
    return `${this.#version} ${this.#additions}`
  }

  /** The known torrents by info hash. */
  get torrents(): ReadonlyMap<InfoHash, AllowedTorrent> {
    return this.#torrents
  }

  /** The info hashes that are refused. */
  get banned(): ReadonlySet<InfoHash> {
    return this.#banned
  }

  /** The torrents that are refused, by the paths of their files. */
  get bannedPaths(): ReadonlyMap<string, AllowedTorrent> {
    return this.#bannedPaths
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
    this.#first ??= this.#refreshing
    await this.#refreshing
  }

  /**
   * Reads the lists only, so that their torrents are known during the first scan.
   * @throws BtkitError if one cannot be read
   */
  async readLists(): Promise<void> {
    const { torrents, banned } = await this.#readLists()
    for (const infoHash of banned) torrents.delete(infoHash)
    this.#torrents = torrents
    this.#banned = banned
  }

  async #readLists() {
    await this.#listFile?.refresh()
    await this.#bannedFile?.refresh()
    const torrents = new Map<InfoHash, AllowedTorrent>()
    for (const infoHash of this.#listFile?.values ?? []) {
      torrents.set(infoHash, {
        infoHash,
        metainfo: null,
        failure: null,
        warning: null,
        trackers: [],
        webSeeds: [],
      })
    }
    return { torrents, banned: new Set(this.#bannedFile?.values) }
  }

  async #look(): Promise<void> {
    const { torrents, banned } = await this.#readLists()
    const inFiles = new Set<InfoHash>()
    for (const directory of this.#directories) {
      await directory.refresh()
      const take = (torrent: AllowedTorrent) => {
        // If several files hold the same torrent, the first wins. Any file wins over a bare hash.
        if (inFiles.has(torrent.infoHash)) this.#addCopy(torrent, torrents.get(torrent.infoHash))
        else torrents.set(torrent.infoHash, torrent)
        inFiles.add(torrent.infoHash)
      }
      await doInTurns(each(directory.torrents(), take), unlimitedBudget())
    }
    this.#copies.tell()
    for (const [infoHash, torrent] of this.#added.entries()) {
      if (!inFiles.has(infoHash)) torrents.set(infoHash, torrent)
    }
    const bannedPaths = new Map<string, AllowedTorrent>()
    for (const infoHash of banned) {
      const torrent = torrents.get(infoHash)
      if (torrent?.metainfo?.path != null) bannedPaths.set(torrent.metainfo.path, torrent)
      torrents.delete(infoHash)
    }
    this.#bannedPaths = bannedPaths
    this.#torrents = torrents
    const isSame =
      banned.size === this.#banned.size && [...banned].every((hash) => this.#banned.has(hash))
    if (!isSame) {
      this.#bans++
      this.#banned = banned
    }
    const versions = this.#directories.map(({ version }) => version)
    this.#version = [...versions, this.#bans].join(' ')
  }

  #addCopy({ metainfo: copy }: AllowedTorrent, listed: AllowedTorrent | undefined): void {
    const [path, other] = [copy?.path ?? '', listed?.metainfo?.path ?? '']
    this.#copies.add(`${path}: the same torrent as ${other}; only that one is listed`)
  }
}

/**
 * Reads the info hash at the start of a line; null if there is none. The hash of a v2 torrent is
 * cut to 40 digits, as in announces.
 */
export function parseHash(line: string): InfoHash | null {
  const [hash = ''] = line.split(/\s/)
  return readSwarmHash(hash)
}

/** Number of files that are examined before announces get their turn. */
const BATCH = 100

interface TorrentDirectoryParts {
  readonly root: string
  /** Whether `failure reason` and `warning message` inside torrents are obeyed. */
  readonly controls: boolean
  /** Receives problems with the files; the tracker continues. */
  readonly report: (message: string) => void
}

/** A file as it was when last read. `torrents` is empty if it is not a torrent. */
interface SeenFile {
  readonly state: string
  readonly torrents: readonly AllowedTorrent[]
}

const NOTHING: SeenFile = { state: '', torrents: [] }

/** The torrents in a directory and below it. The directory may change at any time. */
export class TorrentDirectory {
  readonly #problems: ProblemReports
  #files = new Map<string, SeenFile>()
  #directories: readonly string[] = []
  /** Whether the scan has found a file that is new or changed. */
  #isChanged = false
  #version = 0

  constructor(private readonly parts: TorrentDirectoryParts) {
    this.#problems = new ProblemReports(parts.report)
  }

  /** The torrents found by the last scan. A hybrid torrent appears twice, once for each hash. */
  *torrents(): Generator<AllowedTorrent> {
    for (const { torrents } of this.#files.values()) yield* torrents
  }

  /** Changes when a scan finds other torrents than the one before. */
  get version(): number {
    return this.#version
  }

  /** The directories read by the last scan. */
  get directories(): readonly string[] {
    return this.#directories
  }

  /**
   * Scans for new, changed and removed torrents. If a directory cannot be read, its torrents are
   * kept, because its disk may be away for a moment.
   * @throws BtkitError if the root has never been readable
   */
  async refresh(): Promise<void> {
    const tree = await walkTorrents(this.parts.root, unlimitedBudget())
    const rootError = tree.unreadable.get(this.parts.root)
    if (rootError && this.#directories.length === 0) throw rootError
    const files = new Map<string, SeenFile>()
    for (const [directory, error] of tree.unreadable) {
      this.#keepBelow(directory, files)
      this.#problems.add(`${error.message}; the torrents found there before stay tracked`)
    }
    for (const [directory, names] of tree.names) await this.#look(directory, names, files)
    if (this.#isChanged || files.size !== this.#files.size) this.#version += 1
    this.#isChanged = false
    this.#files = files
    this.#directories = rootError ? this.#directories : [...tree.names.keys()]
    this.#problems.tell()
  }

  #keepBelow(directory: string, files: Map<string, SeenFile>): void {
    for (const [path, seen] of this.#files) {
      if (path.startsWith(directory + sep)) files.set(path, seen)
    }
  }

  async #look(directory: string, names: readonly string[], files: Map<string, SeenFile>) {
    for (let start = 0; start < names.length; start += BATCH) {
      const paths = names.slice(start, start + BATCH).map((name) => join(directory, name))
      const states = this.#files.size === 0 ? [] : await stampsOf(paths)
      const unread: string[] = []
      for (const [i, path] of paths.entries()) {
        const seen = this.#files.get(path)
        const same = seen?.state === (states[i] ?? '') ? seen : null
        if (!same) unread.push(path)
        this.#isChanged ||= !same
        // Keeps the order
        files.set(path, same ?? NOTHING)
      }
      for await (const read of readSmallFiles(unread))
        for (const [path, file] of read) files.set(path, await this.#read(path, file))
      // Answers announces meanwhile
      await setImmediate()
    }
  }

  async #read(path: string, small: RegularFile | null): Promise<SeenFile> {
    let file = small
    try {
      file ??= await readRegular(path, DEFAULT_MAX_SIZE, null)
      if (!file) return NOTHING
      const { state, mtimeMs } = file
      const { controls } = this.parts
      return { state, torrents: describeTorrent(file.bytes, { path, state, mtimeMs }, controls) }
    } catch (error) {
      const state = await ownStampOf(path)
      const isGone = state === null && error instanceof BtkitError && error.code === 'not-found'
      // Moved away since it was found
      if (isGone) return NOTHING
      // A user who can make links here must not see files quoted that only the tracker can read
      const isLinked = file !== null && file.state !== state
      const problem = isLinked ? `${path}: not a torrent` : describe(error)
      this.#problems.add(`${problem}; not tracked`)
      return { state: file?.state ?? (await stampsOf([path]))[0] ?? '', torrents: [] }
    }
  }
}

function describe(error: unknown): string {
  if (error instanceof BtkitError) return error.message
  throw error
}
