import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readTorrent } from '../../core/read-torrent.js'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/read.js'
import { lintMetainfo } from '../../metainfo/lint/metainfo.js'
import type { Finding } from '../../metainfo/lint/finding.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { makeDirectory } from '../../state/own-directory.js'
import { escapeText } from '../../text/escape.js'
import { torrentName } from './names.js'
import { lastName, refuseLarge, Room, writeTorrent, type UploadedFile } from './upload.js'

/** Milliseconds that a torrent waits to be kept. */
export const WAIT_MS = 86_400_000

/** An uploaded torrent that was not kept yet. */
export interface Waiting {
  readonly name: string
  /** Bytes of the .torrent. */
  readonly length: number
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly digest: string
  readonly metainfo: Metainfo
  readonly findings: readonly Finding[]
}

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
      makeDirectory(directory)
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
    const names = [...named].map(([path, name]) => this.#place(user, path, name))
    return { names, refused }
  }

  /** Gives a file a free name among the uploads of a user; the same torrent is not stored twice. */
  #place(user: string, path: string, name: string): string {
    const directory = this.#directoryOf(user)
    const digest = digestOf(readBoundedRegular(path, DEFAULT_MAX_SIZE))
    for (let count = 1; ; count++) {
      const free = count === 1 ? name : name.replace(/\.torrent$/, ` (${count}).torrent`)
      const known = readIfThere(join(directory, free))
      if (known !== null && digestOf(known) !== digest) continue
      renameSync(path, join(directory, free))
      return free
    }
  }

  /**
   * The torrents that wait for a user, by name.
   * @throws BtkitError `not-permitted` or `io`
   */
  list(user: string): Waiting[] {
    return this.#names(user).flatMap((name) => {
      try {
        return [this.get(user, name)]
      } catch (error) {
        if (error instanceof BtkitError) return []
        throw error
      }
    })
  }

  /**
   * Returns a torrent that waits for a user.
   * @throws BtkitError `not-found`
   */
  get(user: string, name: string): Waiting {
    if (!this.#names(user).includes(name))
      throw new BtkitError('not-found', `${escapeText(name)}: waits no longer; upload it again`)
    const metainfo = readTorrent(join(this.#directoryOf(user), name), DEFAULT_MAX_SIZE)
    const { length } = metainfo.bytes
    const digest = digestOf(metainfo.bytes)
    return { name, length, digest, metainfo, findings: lintMetainfo(metainfo) }
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

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function readIfThere(path: string): Uint8Array | null {
  try {
    return readBoundedRegular(path, DEFAULT_MAX_SIZE)
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
