import { watch, type FSWatcher } from 'node:fs'

/** Milliseconds between an event and its scan, because one copied file causes many events. */
const DELAY = 250

/** After a scan, the next waits this many times as long as the scan took, to spare the disk. */
const REST = 10

/** The most directories that are watched. The others are only scanned at intervals. */
const MAX_WATCHED = 1000

export interface DirectoryEventsParts {
  /** The directories to watch now. */
  readonly directories: () => readonly string[]
  /** Scans for changes; must not fail. */
  readonly look: () => Promise<void>
}

/** Starts a scan when a directory changes. Does nothing if the system cannot watch directories. */
export class DirectoryEvents {
  readonly #watchers = new Map<string, FSWatcher>()
  #timer: NodeJS.Timeout | null = null
  #rest = 0
  #isClosed = false

  constructor(private readonly parts: DirectoryEventsParts) {}

  /** Starts watching new directories and stops watching removed ones. */
  update(): void {
    if (this.#isClosed) return
    const wanted = new Set(this.parts.directories().slice(0, MAX_WATCHED))
    for (const [directory, watcher] of this.#watchers) {
      if (wanted.has(directory)) continue
      watcher.close()
      this.#watchers.delete(directory)
    }
    for (const directory of wanted) if (!this.#watchers.has(directory)) this.#watch(directory)
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer) clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => {
        this.#timer ??= setTimeout(() => void this.#look(), DELAY + this.#rest).unref()
      })
      watcher.on('error', () => {
        this.#drop(directory)
      })
      this.#watchers.set(directory, watcher)
    } catch {
      // No watch is available, or the directory is gone: the next periodic scan finds the changes
    }
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close()
    this.#watchers.delete(directory)
  }

  async #look(): Promise<void> {
    // This scan may miss later changes, so they must start another one
    this.#timer = null
    const begun = performance.now()
    await this.parts.look()
    this.#rest = REST * (performance.now() - begun)
    this.update()
  }
}
