/** Ways to bring new files to the disk: each by itself, or all that its file system has to write. */
export type SyncWay = 'files' | 'file system'

/** Batches of fewer files say nothing about which way is faster. */
const MIN_FILES = 32

/** So many batches after a way was found to be slower, it is tried again, unless it was far slower. */
const RETRY_AFTER = 32
const FAR_SLOWER = 8

/** Of the whole file system, in microseconds a file: no other way can save much then. */
const FAST_ENOUGH = 250

/** A first use of the file system that took no longer than this, in microseconds, is no measure. */
const BACKLOG = 2_000_000

/**
 * Finds the faster way to bring files to a disk by using both. That of the file system takes a single
 * write of its journal, but waits for what other programs wrote.
 */
export class FasterSync {
  /** What a file took when a way was last used, in microseconds. */
  readonly #cost = new Map<SyncWay, number>()
  #sinceOther = 0
  #hasSynced = false

  /** The way to use for a batch of so many files. */
  choose(files: number): SyncWay {
    if (files < MIN_FILES) return 'files'
    const byFile = this.#cost.get('files')
    const bySystem = this.#cost.get('file system')
    if (bySystem === undefined) return 'file system'
    if (bySystem <= FAST_ENOUGH) return 'file system'
    if (byFile === undefined) return 'files'
    const [way, other] =
      bySystem < byFile ? (['file system', 'files'] as const) : (['files', 'file system'] as const)
    const isFar = Math.max(byFile, bySystem) > FAR_SLOWER * Math.min(byFile, bySystem)
    if (isFar || ++this.#sinceOther < RETRY_AFTER) return way
    this.#sinceOther = 0
    return other
  }

  /** Notes how long a batch took, in microseconds. */
  note(way: SyncWay, files: number, duration: number): void {
    if (files < MIN_FILES) return
    const isFirst = way === 'file system' && !this.#hasSynced
    this.#hasSynced ||= isFirst
    // The first also brings to the disk what was written before it
    const isBacklog = isFirst && duration / files > FAST_ENOUGH && duration <= BACKLOG
    if (!isBacklog) this.#cost.set(way, duration / files)
  }
}
