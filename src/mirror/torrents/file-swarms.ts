import { LRUCache } from 'lru-cache'
import type { KnownCounts } from '../../clients/scrape/swarm-counts.js'
import type { OwnTracker } from '../options.js'
import type { Fingerprint } from '../../files/fingerprint.js'
import type { InfoHash } from '../../metainfo/values.js'
import { swarmHashesOf, type KnownTorrent } from './known-torrent.js'

/** Most files whose torrents are remembered; each takes some 500 bytes. */
const MOST_FILES = 10_000

/** Most torrents of one file that are remembered, such as those of each version. */
const MOST_TORRENTS = 6

/** The torrents of a file in a state. */
interface FileTorrents {
  readonly size: number
  /** Seconds since 1970. */
  readonly modified: number
  readonly infoHashes: readonly InfoHash[]
}

/** The files that are hashed ahead, with their torrents once they were made. */
interface MadeAhead {
  readonly get: (path: readonly string[]) =>
    | {
        readonly fingerprint: Fingerprint
        readonly torrent: { readonly infoHash: InfoHash } | null
      }
    | undefined
}

/** A swarm of a file, with its current counts. */
interface FileSwarm {
  readonly infoHash: InfoHash
  readonly counts: KnownCounts
}

/** A listed file; `modified` is in milliseconds since 1970. */
type ListedFile = Pick<FileTorrents, 'size' | 'modified'>

/** Finds the swarms of files whose torrents were sent since the start, or were made ahead. */
export class FileSwarms {
  readonly #files = new LRUCache<string, FileTorrents>({ max: MOST_FILES })

  /** Null stands for no tracker or seed in this process, and for no files that are hashed ahead. */
  constructor(
    private readonly tracker: Pick<OwnTracker, 'countsOf'> | null,
    private readonly warm: MadeAhead | null,
  ) {}

  /** Whether swarms are known at all. */
  get isUsed(): boolean {
    return this.tracker !== null
  }

  /** Remembers the torrent of a single file. */
  note(torrent: Pick<KnownTorrent, 'title' | 'modified' | 'infoHashes'>): void {
    const { modified } = torrent
    const { path, size } = torrent.title
    if (path === null) return
    const key = path.join('/')
    const before = this.#files.get(key)
    const isSame = before?.size === size && before.modified === modified
    const others = isSame ? before.infoHashes : []
    const all = [...new Set([...swarmHashesOf(torrent), ...others])].slice(0, MOST_TORRENTS)
    this.#files.set(key, { size, modified, infoHashes: all })
  }

  /** The counts of a file's largest swarm; null if there is none. */
  countsOf(path: readonly string[], file: ListedFile): KnownCounts | null {
    return this.largest(path, file)?.counts ?? null
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

  #hashesOf(path: readonly string[], { size, modified }: ListedFile): readonly InfoHash[] {
    const sent = this.#files.get(path.join('/'))
    const isSent = sent?.size === size && sent.modified === Math.floor(modified / 1000)
    const ahead = this.warm?.get(path)
    const isAhead =
      ahead?.fingerprint.size === size &&
      Number(ahead.fingerprint.mtimeNs / 1_000_000n) === modified
    const warm = isAhead && ahead.torrent ? [ahead.torrent.infoHash] : []
    return [...(isSent ? sent.infoHashes : []), ...warm]
  }
}

function peersOf(counts: KnownCounts | null): number {
  return counts === null ? 0 : counts.seeds + counts.leechers
}
