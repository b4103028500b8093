import { readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { BtkitError, asBtkitError, osCodeOf } from '../../errors.js'
import { type RegularFile, lookAtState, readRegular } from '../../files/read-regular.js'
import { statFiles } from '../../files/stat-files.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/read.js'
import { type AllowedTorrent, describeTorrent } from './known-torrent.js'
import { ProblemReports } from './lines-file.js'

/** Number of files that are examined before announces get their turn. */
const BATCH = 1000

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

/** The torrents in a directory and below it. The directory may change at any time. */
export class TorrentDirectory {
  readonly #problems: ProblemReports
  #files = new Map<string, SeenFile>()
  #directories: readonly string[] = []
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
    const tree = await findTorrents(this.parts.root)
    const rootError = tree.unreadable.get(this.parts.root)
    if (rootError && this.#directories.length === 0) throw rootError
    const files = new Map<string, SeenFile>()
    for (const [directory, error] of tree.unreadable) {
      this.#keepBelow(directory, files)
      this.#problems.add(`${error.message}; the torrents found there before stay tracked`)
    }
    for (const [directory, names] of tree.names) await this.#look(directory, names, files)
    const isSame =
      files.size === this.#files.size &&
      [...files].every(([path, seen]) => this.#files.get(path) === seen)
    if (!isSame) this.#version += 1
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
      const batch = names.slice(start, start + BATCH)
      const fingerprints = statFiles(directory, batch)
      for (const [i, name] of batch.entries()) {
        const path = join(directory, name)
        const fingerprint = fingerprints.at(i)
        const state = fingerprint ? Buffer.from(fingerprint).toString('latin1') : await follow(path)
        const seen = this.#files.get(path)
        files.set(path, seen?.state === state ? seen : await this.#read(path, state))
      }
      // Answers announces meanwhile
      await setImmediate()
    }
  }

  async #read(path: string, state: string): Promise<SeenFile> {
    let file: RegularFile | null = null
    try {
      file = await readRegular(path, DEFAULT_MAX_SIZE, null)
      const origin = file && { path, state: file.state, mtimeMs: file.mtimeMs }
      const torrents = file ? describeTorrent(file.bytes, origin, this.parts.controls) : []
      return { state, torrents }
    } catch (error) {
      const now = await lookAtState(path)
      const isGone = now === null && error instanceof BtkitError && error.code === 'not-found'
      // Moved away since it was found
      if (isGone) return { state: '', torrents: [] }
      // A user who can make links here must not see files quoted that only the tracker can read
      const isLinked = file !== null && file.state !== now
      const problem = isLinked ? `${path}: not a torrent` : describe(error)
      this.#problems.add(`${problem}; not tracked`)
      return { state, torrents: [] }
    }
  }
}

/** The state of the file that a link points to; empty if there is none. */
async function follow(path: string): Promise<string> {
  return stat(path).then(
    ({ dev, ino, size, mtimeMs, ctimeMs }) => [dev, ino, size, mtimeMs, ctimeMs].join(' '),
    () => '',
  )
}

function describe(error: unknown): string {
  if (error instanceof BtkitError) return error.message
  throw error
}

/** The deepest level of directories that is searched. */
const MAX_DEPTH = 32

/** The torrents in a directory tree. */
interface TorrentTree {
  /** The names of .torrent entries, by the path of their directory. */
  readonly names: ReadonlyMap<string, readonly string[]>
  /** Directories that could not be read; their content is unknown. */
  readonly unreadable: ReadonlyMap<string, BtkitError>
}

/**
 * Finds .torrent files in a directory and below it. Hidden entries and links to directories are
 * skipped.
 */
export async function findTorrents(root: string): Promise<TorrentTree> {
  const names = new Map<string, string[]>()
  const unreadable = new Map<string, BtkitError>()
  const waiting = [{ directory: root, depth: 0 }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { directory, depth } = next
    try {
      const entries = await readdir(directory, { withFileTypes: true })
      const seen = entries.filter(({ name }) => !name.startsWith('.'))
      const torrents = seen.filter((entry) => !entry.isDirectory() && isTorrent(entry.name))
      names.set(directory, torrents.map(({ name }) => name).sort())
      if (depth === MAX_DEPTH) continue
      for (const entry of seen.filter((each) => each.isDirectory())) {
        waiting.push({ directory: join(directory, entry.name), depth: depth + 1 })
      }
    } catch (error) {
      // A directory below the root may be removed during the search; that is no error
      const isGone = directory !== root && osCodeOf(error) === 'ENOENT'
      if (!isGone) unreadable.set(directory, systemError(error, directory))
    }
  }
  return { names, unreadable }
}

function systemError(error: unknown, directory: string): BtkitError {
  const told = asBtkitError(error, directory)
  if (told instanceof BtkitError) return told
  throw told
}

function isTorrent(name: string): boolean {
  return name.endsWith('.torrent')
}
