import { LRUCache } from 'lru-cache'
import { BtkitError } from '../../base/errors.js'
import { attempt } from './files.js'
import { rootOf, stampOfLog } from './roots.js'
import { TorrentRecords, type TorrentLog } from './torrent-log.js'

/** The most roots whose records are kept in memory. */
const MAX_KEPT = 64

/** Tells which torrents `btkit completedir` keeps: it would undo changes to them. */
export class HeldTorrents {
  readonly #kept = new LRUCache<
    string,
    { readonly stamp: string; readonly records: TorrentRecords }
  >({ max: MAX_KEPT, dispose: ({ records }) => void records.close() })

  /** The state directories that completedir may use; those that cannot be read are ignored. */
  constructor(private readonly stateDirectories: readonly string[]) {}

  /** Whether completedir keeps the torrent of a name in a directory, given by its real path. */
  holds(directory: string, name: string): boolean {
    return this.stateDirectories.some((state) => this.#logOf(state, directory)?.has(name))
  }

  /**
   * Refuses to change a torrent that completedir keeps.
   * @throws BtkitError `not-permitted`
   */
  refuse(directory: string, name: string): void {
    if (!this.holds(directory, name)) return
    throw new BtkitError('not-permitted', `${name}: ${HELD}`)
  }

  /** Returns the content of which completedir made such a torrent; null if that is not known. */
  sourceOf(directory: string, name: string): string | null {
    for (const state of this.stateDirectories) {
      const record = this.#logOf(state, directory)?.get(name)
      if (record) return record.source
    }
    return null
  }

  #logOf(stateDirectory: string, target: string): TorrentLog | null {
    return attempt(() => {
      const { root, place } = rootOf(stateDirectory, target)
      const stamp = stampOfLog(stateDirectory, root)
      const key = `${stateDirectory}\0${root}`
      const known = this.#kept.get(key)
      if (stamp === null) return null
      if (known?.stamp === stamp) return known.records.in(place)
      const quiet = { isReadOnly: true, now: () => 0, warn: () => undefined }
      const records = new TorrentRecords({ stateDirectory, root, ...quiet })
      this.#kept.set(key, { stamp, records })
      return records.in(place)
    })
  }
}

/** Why such a torrent is read-only. */
export const HELD =
  'btkit completedir maintains this torrent and would undo the change; change the options of completedir instead'
