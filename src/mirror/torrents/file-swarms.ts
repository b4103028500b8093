import { LRUCache } from 'lru-cache'
import type { KnownCounts } from '../../metainfo/swarm-counts.js'
import type { OwnTracker } from '../options.js'
import type { Fingerprint } from '../../disk/file-lists/fingerprint.js'
import type { InfoHash } from '../../metainfo/values.js'
import { swarmHashes } from '../../metainfo/info-hash.js'
import type { ServedTorrent } from './served-torrent.js'

/** Most files whose torrents are remembered; each takes some 500 bytes. */
const MOST_FILES = 10_000

/** Most directories whose changes are counted. */
const MOST_DIRECTORIES = 1000

/** Most torrents of one file that are remembered, such as those of each version. */
const MOST_TORRENTS = 6

/** The torrents of a file in a state. */
interface FileTorrents {
  readonly size: number
  /** Seconds since 1970. */
  readonly modified: number
  readonly infoHashes: readonly InfoHash[]
  /** The info hash of version 1, made here; null if nobody asked for it. */
  readonly own: InfoHash | null
}

/** The files that are hashed ahead, with their torrents once they were made. */
interface MadeAhead {
  readonly get: (path: readonly string[]) =>
    | {
        readonly fingerprint: Fingerprint
        readonly torrent: { readonly infoHash: InfoHash; readonly isOwn: boolean } | null
      }
    | undefined
}

/** The tracker, or else a seed, which refuses no torrent. */
type SwarmSource = Pick<OwnTracker, 'countsOf'> & Partial<Pick<OwnTracker, 'banned'>>

/** A swarm of a file, with its current counts. */
interface FileSwarm {
  readonly infoHash: InfoHash
  readonly counts: KnownCounts
}

/** A listed file; `modified` is in milliseconds since 1970. */
type ListedFile = Pick<FileTorrents, 'size' | 'modified'>

/**
 * Finds the swarms of files whose torrents were sent since the start, or were made ahead. It is a
 * register and no cache: which info hash a file has, only its torrent tells.
 */
export class FileSwarms {
  readonly #files = new LRUCache<string, FileTorrents>({ max: MOST_FILES })
  /** How often torrents of files in a directory became known. */
  readonly #noted = new LRUCache<string, number>({ max: MOST_DIRECTORIES })
  /** The info hashes that the tracker refuses, and how often they have changed. */
  #banned: ReadonlySet<InfoHash> | undefined
  #bans = 0

  /** Null stands for no tracker or seed in this process, and for no files that are hashed ahead. */
  constructor(
    private readonly tracker: SwarmSource | null,
    private readonly warm: MadeAhead | null,
  ) {}

  /** Whether swarms are known at all. */
  get isUsed(): boolean {
    return this.tracker !== null
  }

  /**
   * Distinguishes what is known of the files in a directory from what was known before; it changes
   * with each ban, and each minute if counts are known. Null stands for a page without magnet
   * links.
   */
  stateAt(directory: readonly string[] | null, ms: number): string {
    const minute = this.isUsed || this.warm ? Math.floor(ms / 60_000) : 0
    const noted = (directory && this.#noted.get(directory.join('/'))) ?? 0
    const banned = this.tracker?.banned?.()
    if (banned !== this.#banned) this.#bans++
    this.#banned = banned
    return [minute, noted, this.#bans].map((each) => each.toString(36)).join('.')
  }

  /** Remembers the torrent of a single file. */
  note(torrent: Pick<ServedTorrent, 'title' | 'modified' | 'infoHashes' | 'given'>): void {
    const { modified, infoHashes, given } = torrent
    const { path, size } = torrent.title
    if (path === null) return
    const key = path.join('/')
    const before = this.#files.get(key)
    const isSame = before?.size === size && before.modified === modified
    const others = isSame ? before.infoHashes : []
    const all = [...new Set([...swarmHashes(infoHashes), ...others])].slice(0, MOST_TORRENTS)
    const isOwn = infoHashes.infoHashV2 === null && !given
    const own = isOwn ? infoHashes.infoHash : isSame ? before.own : null
    if (!isSame || all.length > others.length || own !== before.own) {
      const directory = path.slice(0, -1).join('/')
      this.#noted.set(directory, 1 + (this.#noted.get(directory) ?? 0))
    }
    this.#files.set(key, { size, modified, infoHashes: all, own })
  }

  /** The largest swarm of a file; null if there is none. */
  largest(path: readonly string[], file: ListedFile): FileSwarm | null {
    const { tracker } = this
    if (!tracker) return null
    return this.#hashesOf(path, file).reduce<FileSwarm | null>((largest, infoHash) => {
      const counts = tracker.countsOf(infoHash)
      if (counts === null || peersOf(counts) <= peersOf(largest?.counts ?? null)) return largest
      return { infoHash, counts }
    }, null)
  }

  /**
   * The info hash of a file's torrent of version 1; null if it is not known without reading the
   * file, the operator has a torrent of the file, or the tracker here refuses it.
   */
  infoHashOf(path: readonly string[], file: ListedFile): InfoHash | null {
    const { torrent } = this.#ahead(path, file) ?? {}
    const infoHash = torrent ? torrent.isOwn && torrent.infoHash : this.#sent(path, file)?.own
    return infoHash && !this.#isBanned(infoHash) ? infoHash : null
  }

  #isBanned(infoHash: InfoHash): boolean {
    return this.tracker?.banned?.().has(infoHash) === true
  }

  #hashesOf(path: readonly string[], file: ListedFile): readonly InfoHash[] {
    const warm = this.#ahead(path, file)?.torrent
    const all = [...(this.#sent(path, file)?.infoHashes ?? []), ...(warm ? [warm.infoHash] : [])]
    return all.filter((infoHash) => !this.#isBanned(infoHash))
  }

  /** The torrents of a file that were sent; undefined if the file changed since. */
  #sent(path: readonly string[], { size, modified }: ListedFile): FileTorrents | undefined {
    const sent = this.#files.get(path.join('/'))
    return sent?.size === size && sent.modified === Math.floor(modified / 1000) ? sent : undefined
  }

  /** The same of those that were made ahead. */
  #ahead(path: readonly string[], { size, modified }: ListedFile) {
    const ahead = this.warm?.get(path)
    const isSame =
      ahead?.fingerprint.size === size &&
      Number(ahead.fingerprint.mtimeNs / 1_000_000n) === modified
    return isSame ? ahead : undefined
  }
}

function peersOf(counts: KnownCounts | null): number {
  return counts === null ? 0 : counts.seeds + counts.leechers
}
