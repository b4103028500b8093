import { BtkitError } from '../../base/errors.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import { changesOf } from '../../disk/scan/look-again.js'
import { swarmHashes } from '../../metainfo/info-hash.js'
import type { InfoHash, InfoHashes } from '../../metainfo/values.js'
import { maxDescriptors } from '../../server/connections/connection-limits.js'
import { SeededContent, FileReader, type LoadedTorrent } from './content.js'

/** Milliseconds that a torrent is kept in memory after its last peer. */
const KEPT = 5 * 60_000

/** Most bytes of torrents in memory: peers may ask for each that there is. */
const MOST_LOADED = 96 * 1024 * 1024

/** A torrent to seed. */
export interface SeedTorrent extends InfoHashes {
  /** The path of its .torrent file; null for one that is only in memory. */
  readonly path: string | null
  readonly name: string
  readonly private: boolean
  /** Bytes of the content. */
  readonly size: number
  /** Trackers in tiers (BEP 12). */
  readonly trackers: readonly (readonly string[])[]
  readonly files: LoadedTorrent['files']
  /**
   * Reads the torrent, with the files in the state for which its hashes are known.
   * @throws BtkitError if it is not there any more
   */
  readonly load: () => Promise<LoadedTorrent>
}

/** How a torrent is seeded. */
export interface SeededState {
  readonly torrent: SeedTorrent
  readonly peers: number
  /** Bytes sent to peers. */
  readonly uploaded: number
  /** Bytes a second. */
  readonly rate: number
}

export function stateOf({ torrent, peers, uploaded, rate }: Seeded): SeededState {
  return { torrent, peers, uploaded, rate: Math.round(rate) }
}

let torrents = 0

/** A torrent with its figures. There may be very many: it holds nothing that it rarely needs. */
export class Seeded {
  readonly id = ++torrents
  loaded: Promise<SeededContent> | null = null
  /** The content, when it has been read. */
  content: SeededContent | null = null
  /** Whether it is not seeded any more. */
  isRemoved = false
  /** When a peer was last there, by the monotonic clock. */
  usedAt = 0
  /** The number of its peers. */
  peers = 0
  /** Peers that are called now. */
  dialling = 0
  /** Bytes that they got. */
  uploaded = 0
  rate = 0
  /** Bytes sent when the rate was computed last. */
  uploadedBefore = 0

  constructor(readonly torrent: SeedTorrent) {}

  /** By these, peers ask for it. */
  get hashes(): readonly InfoHash[] {
    return swarmHashes(this.torrent)
  }
}

/** The torrents in memory: those of peers, and those that had peers a moment ago. */
export class LoadedTorrents {
  readonly #reader = new FileReader(maxDescriptors())
  /** The longest unused first. */
  readonly #loaded = new Set<Seeded>()

  constructor(private readonly monotonic: () => number) {}

  /**
   * Returns the content of a torrent.
   * @throws BtkitError `busy` if too many are in use, or as `SeedTorrent.load` says
   */
  load(seeded: Seeded): Promise<SeededContent> {
    seeded.usedAt = this.monotonic()
    if (this.#loaded.delete(seeded)) this.#loaded.add(seeded)
    seeded.loaded ??= this.#read(seeded)
    return seeded.loaded
  }

  /** Forgets a torrent that is not seeded any more. */
  unload(seeded: Seeded): void {
    seeded.isRemoved = true
    this.#forget(seeded)
  }

  /** Forgets torrents whose peers left long ago. Call it every second or so. */
  look(): void {
    const now = this.monotonic()
    for (const seeded of this.#loaded) {
      if (seeded.peers > 0) seeded.usedAt = now
      else if (now - seeded.usedAt > KEPT) this.#forget(seeded)
    }
  }

  /** Closes all files. */
  close(): void {
    this.#reader.close()
  }

  async #read(seeded: Seeded): Promise<SeededContent> {
    try {
      const content = new SeededContent(await seeded.torrent.load(), this.#reader)
      if (seeded.isRemoved) throw new BtkitError('busy', 'the torrent is not seeded any more')
      seeded.content = content
      this.#loaded.add(seeded)
      this.#makeRoom(seeded)
      return content
    } catch (error) {
      seeded.loaded = null
      throw error
    }
  }

  /**
   * Forgets torrents of which no peer is there, if all together take too much memory.
   * @throws BtkitError `busy` if the newest one must go, because all others are in use
   */
  #makeRoom(newest: Seeded): void {
    let sum = 0
    for (const { content } of this.#loaded) sum += content?.weight ?? 0
    for (const each of this.#loaded) {
      if (sum <= MOST_LOADED) return
      if (each.peers > 0 || each === newest) continue
      sum -= each.content?.weight ?? 0
      this.#forget(each)
    }
    if (sum <= MOST_LOADED || this.#loaded.size === 1) return
    this.#forget(newest)
    throw new BtkitError('busy', `${newest.torrent.name}: too many torrents are in use`)
  }

  #forget(seeded: Seeded): void {
    seeded.content?.close()
    seeded.content = seeded.loaded = null
    this.#loaded.delete(seeded)
  }
}

/** About how many files are looked at in one round. */
const LOOKED_AT = 10_000

/**
 * Finds torrents whose data changed, before a peer asks for it. Each call looks at some of them: a
 * million files take seconds.
 */
export class DataRounds {
  /** The torrents of this round, the next one last. */
  #left: Seeded[] = []

  /** Calls `drop` for torrents whose data changed; one may have been removed meanwhile. */
  async look(all: Iterable<Seeded>, drop: (seeded: Seeded) => void): Promise<void> {
    if (this.#left.length === 0) this.#left = [...all].reverse()
    const some: Seeded[] = []
    for (let left = LOOKED_AT; left > 0;) {
      const seeded = this.#left.pop()
      if (!seeded) break
      left -= 1 + seeded.torrent.files.length
      if (!seeded.isRemoved) some.push(seeded)
    }
    for await (const changed of changedOf(some)) drop(changed)
  }
}

/** Most torrents whose files are looked at together: their states are in memory meanwhile. */
const TOGETHER = 1000

/**
 * Yields the torrents whose data changed. Looks at many together, and at each only to find them.
 */
async function* changedOf(some: readonly Seeded[]): AsyncGenerator<Seeded> {
  const [first] = some
  if (!first || (some.length <= TOGETHER && !(await hasChanged(some)))) return
  if (some.length === 1) {
    yield first
    return
  }
  const half = Math.ceil(some.length / 2)
  yield* changedOf(some.slice(0, half))
  yield* changedOf(some.slice(half))
}

async function hasChanged(some: readonly Seeded[]): Promise<boolean> {
  const files = some.flatMap(({ torrent }) => torrent.files.filter((file) => file !== null))
  const [changed] = await changesOf(FileColumns.ofStates(files))
  return changed !== undefined
}
