import { LRUCache } from 'lru-cache'
import { BtkitError } from '../../base/errors.js'
import { attempt } from './files.js'
import { stampOfLog, TorrentLog } from './torrent-log.js'

/** The most directories whose lists are kept in memory. */
const MAX_KEPT = 64

/** Tells which torrents `btkit completedir` keeps: it would undo changes to them. */
export class HeldTorrents {
  readonly #logs = new LRUCache<string, { readonly stamp: string; readonly log: TorrentLog }>({
    max: MAX_KEPT,
    dispose: ({ log }) => void log.close(),
  })

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
      const stamp = stampOfLog(stateDirectory, target)
      const key = `${stateDirectory}\0${target}`
      const known = this.#logs.get(key)
      if (stamp === null) return null
      if (known?.stamp === stamp) return known.log
      const quiet = { isReadOnly: true, now: () => 0, warn: () => undefined }
      const log = new TorrentLog({ stateDirectory, target, ...quiet })
      this.#logs.set(key, { stamp, log })
      return log
    })
  }
}

/** Why such a torrent is read-only. */
export const HELD =
  'btkit completedir maintains this torrent and would undo the change; change the options of completedir instead'
