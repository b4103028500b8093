import { BtkitError } from '../../errors.js'
import { stampOfLog } from '../../state/torrents/file.js'
import { TorrentLog } from '../../state/torrents/log.js'
import type { TorrentPlace } from './places.js'

/** The most directories whose lists are kept in memory. */
const MAX_KEPT = 64

/** Tells which torrents `btkit completedir` keeps: it would undo changes to them. */
export class HeldTorrents {
  readonly #logs = new Map<string, { readonly stamp: string; readonly log: TorrentLog }>()

  /** `stateDirectory` is that of completedir. */
  constructor(private readonly stateDirectory: string) {}

  /**
   * Whether completedir keeps the torrent of a name in a directory, given by its real path.
   * @throws BtkitError if its list cannot be read
   */
  holds(directory: string, name: string): boolean {
    return this.#logOf(directory)?.has(name) ?? false
  }

  /**
   * Refuses to change a torrent that completedir keeps.
   * @throws BtkitError `not-permitted`
   */
  refuse({ category, name }: TorrentPlace): void {
    if (!this.holds(category.path, name)) return
    throw new BtkitError('not-permitted', `${name}: ${HELD}`)
  }

  #logOf(target: string): TorrentLog | null {
    const { stateDirectory } = this
    const stamp = stampOfLog(stateDirectory, target)
    if (stamp === null) return null
    const known = this.#logs.get(target)
    if (known?.stamp === stamp) return known.log
    const quiet = { isReadOnly: true, now: () => 0, warn: () => undefined }
    const log = TorrentLog.open({ stateDirectory, target, ...quiet })
    this.#logs.delete(target)
    this.#logs.set(target, { stamp, log })
    for (const oldest of this.#logs.keys()) {
      if (this.#logs.size <= MAX_KEPT) break
      this.#logs.delete(oldest)
    }
    return log
  }
}

/** Why such a torrent is read-only. */
export const HELD =
  'btkit completedir keeps it and would write it again; change its options or its files'
