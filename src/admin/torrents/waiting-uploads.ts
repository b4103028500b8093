import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { readTorrent } from '../../core/read-torrent.js'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { lintMetainfo } from '../../metainfo/lint/metainfo.js'
import type { Finding } from '../../metainfo/lint/finding.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { makeDirectory } from '../../directories.js'
import { clipText, escapeText } from '../../text/escape.js'
import { torrentName } from './names.js'
import {
  lastName,
  MAX_TORRENT,
  refuseLarge,
  Room,
  writeTorrent,
  type UploadedFile,
} from './upload.js'

/** Milliseconds that a torrent waits to be kept. */
export const WAIT_MS = 86_400_000

/** An uploaded torrent that was not kept yet. */
export interface Waiting {
  readonly name: string
  /** Bytes of the .torrent. */
  readonly length: number
  /** The name of its content, the number of files, and their bytes. */
  readonly title: string
  readonly files: number
  readonly size: number
  /** The beginning of its comment, and the first trackers and findings. */
  readonly comment: string | null
  readonly trackers: readonly string[]
  readonly findings: readonly Finding[]
}

/** The most trackers and findings of a torrent that are shown, and the longest text. */
const MOST_SHOWN = 10
const LONGEST_TEXT = 500

/** Torrents whose facts are kept in memory: what thousands of torrents tell takes some MB. */
const MOST_KEPT = 2000

/** An upload: the torrents that wait now, and why others were refused. */
export interface Received {
  readonly names: readonly string[]
  readonly refused: readonly BtkitError[]
}

/**
 * The uploaded torrents of each user, which wait until the user keeps them. Nothing in here is
 * tracked. A torrent that nobody kept is removed after a day.
 */
export class WaitingUploads {
  readonly #directory: string
  /** Users whose uploads are under way. */
  readonly #arriving = new Set<string>()
  /** Facts of waiting torrents, by path and change. */
  readonly #facts = new LRUCache<string, Waiting>({ max: MOST_KEPT })

  constructor(
    stateDirectory: string,
    private readonly now: () => number,
  ) {
    this.#directory = join(stateDirectory, 'uploads')
  }

  /**
   * Receives an upload. `length` is its size as far as known. If it has too much, nothing of it is
   * stored.
   * @throws BtkitError `too-large`, `too-many`, `busy`, `not-permitted` or `io`
   */
  async receive(
    user: string,
    files: AsyncIterable<UploadedFile>,
    length: number,
  ): Promise<Received> {
    refuseLarge(length)
    if (this.#arriving.has(user))
      throw new BtkitError('busy', 'another upload of yours has not ended yet; wait for it')
    this.#arriving.add(user)
    const directory = join(this.#directoryOf(user), `.${randomBytes(8).toString('hex')}`)
    try {
      this.sweep()
      makeDirectory(directory, 0o700)
      return await this.#store(user, { directory, files, room: new Room(this.#waiting(user)) })
    } catch (error) {
      throw asBtkitError(error, 'uploads')
    } finally {
      this.#arriving.delete(user)
      rmSync(directory, { recursive: true, force: true })
    }
  }

  async #store(user: string, { directory, files, room }: Arrival): Promise<Received> {
    const [named, refused] = [new Map<string, string>(), [] as BtkitError[]]
    for await (const file of files) {
      room.takeFile()
      const path = join(directory, String(named.size + refused.length))
      const fault = await writeTorrent(file, path, room)
      if (fault === null) named.set(path, torrentName(lastName(file.name)))
      else refused.push(fault)
    }
    const names: string[] = []
    const digests = new Map<string, string | null>()
    for (const [path, name] of named) {
      names.push(this.#place(user, { path, name, digests }))
      await setImmediate()
    }
    return { names, refused }
  }

  /** Gives a file a free name among the uploads of a user; the same torrent is not stored twice. */
  #place(user: string, { path, name, digests }: Placing): string {
    const directory = this.#directoryOf(user)
    const digest = digestIfThere(path)
    for (let count = 1; ; count++) {
      const free = count === 1 ? name : name.replace(/\.torrent$/, ` (${count}).torrent`)
      const known = digests.get(free) ?? digestIfThere(join(directory, free))
      digests.set(free, known ?? digest)
      if (known !== null && known !== digest) continue
      renameSync(path, join(directory, free))
      return free
    }
  }

  /**
   * The torrents that wait for a user, by name.
   * @throws BtkitError `not-permitted` or `io`
   */
  async list(user: string): Promise<Waiting[]> {
    const waiting: Waiting[] = []
    for (const name of this.#names(user)) {
      try {
        waiting.push(await this.#describe(join(this.#directoryOf(user), name), name))
      } catch (error) {
        if (!(error instanceof BtkitError)) throw error
      }
    }
    return waiting
  }

  async #describe(path: string, name: string): Promise<Waiting> {
    const stats = statSync(path, { throwIfNoEntry: false })
    const state = [path, stats?.ino, stats?.size, stats?.mtimeMs].join('\0')
    const known = this.#facts.get(state)
    if (known) return known
    const facts = factsOf(readTorrent(path, MAX_TORRENT), name)
    this.#facts.set(state, facts)
    await setImmediate()
    return facts
  }

  /**
   * Returns the bytes of a torrent that waits for a user.
   * @throws BtkitError `not-found`
   */
  bytesOf(user: string, name: string): Uint8Array {
    if (!this.#names(user).includes(name))
      throw new BtkitError('not-found', `${escapeText(name)}: waits no longer; upload it again`)
    return readBoundedRegular(join(this.#directoryOf(user), name), MAX_TORRENT)
  }

  /** Removes torrents that wait for a user. */
  discard(user: string, names: readonly string[]): void {
    const there = new Set(this.#names(user))
    for (const name of names) {
      if (there.has(name)) rmSync(join(this.#directoryOf(user), name), { force: true })
    }
  }

  /** Removes what waited for a day. */
  sweep(): void {
    for (const user of namesIn(this.#directory)) {
      const directory = join(this.#directory, user)
      for (const name of namesIn(directory)) {
        const path = join(directory, name)
        const stats = statSync(path, { throwIfNoEntry: false })
        if (stats && this.now() - stats.mtimeMs > WAIT_MS)
          rmSync(path, { recursive: true, force: true })
      }
    }
  }

  #names(user: string): string[] {
    const names = namesIn(this.#directoryOf(user))
    return names.filter((name) => !name.startsWith('.')).sort()
  }

  /** The sizes of the torrents that wait for a user, in bytes. */
  #waiting(user: string): number[] {
    const paths = this.#names(user).map((name) => join(this.#directoryOf(user), name))
    return paths.map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0)
  }

  #directoryOf(user: string): string {
    return join(this.#directory, createHash('sha256').update(user).digest('hex').slice(0, 32))
  }
}

interface Arrival {
  /** A directory for the files of this upload. */
  readonly directory: string
  readonly files: AsyncIterable<UploadedFile>
  readonly room: Room
}

/** A file of an upload, its name, and the digests of torrents under the names that were tried. */
interface Placing {
  readonly path: string
  readonly name: string
  readonly digests: Map<string, string | null>
}

function factsOf(metainfo: Metainfo, name: string): Waiting {
  const { announce, announceList, comment, files, size } = metainfo
  const trackers = announceList?.flat() ?? (announce === null ? [] : [announce])
  return {
    name,
    length: metainfo.bytes.length,
    title: clipText(metainfo.name, LONGEST_TEXT),
    files: files.length,
    size,
    comment: comment === null ? null : clipText(comment, LONGEST_TEXT),
    trackers: trackers.slice(0, MOST_SHOWN).map((url) => clipText(url, LONGEST_TEXT)),
    findings: lintMetainfo(metainfo)
      .slice(0, MOST_SHOWN)
      .map((each) => ({ ...each, message: clipText(each.message, LONGEST_TEXT) })),
  }
}

/** SHA-256 of a file in hexadecimal; null if it is not there. */
function digestIfThere(path: string): string | null {
  try {
    return createHash('sha256').update(readBoundedRegular(path, MAX_TORRENT)).digest('hex')
  } catch (error) {
    if (error instanceof BtkitError && error.code === 'not-found') return null
    throw error
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (osCodeOf(error) === 'ENOENT') return []
    throw asBtkitError(error, directory)
  }
}
