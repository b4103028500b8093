import { watch, type FSWatcher } from 'node:fs'

/** Milliseconds between an event and the look that it causes: what is copied comes in many events. */
const DELAY = 250

/** A look follows the one before only after so many times what that took, for little disk work. */
const REST = 10

/** Directories that are watched at most; the others are only looked at now and then. */
const MAX_WATCHED = 1000

export interface DirectoryEventsParts {
  /** The directories to be watched now. */
  readonly directories: () => readonly string[]
  /** Looks at what changed; must not fail. */
  readonly look: () => Promise<void>
}

/** Has a look when something happens in a directory. Where the system can't tell, nothing happens. */
export class DirectoryEvents {
  readonly #parts: DirectoryEventsParts
  readonly #watchers = new Map<string, FSWatcher>()
  #timer: NodeJS.Timeout | null = null
  #rest = 0
  #isClosed = false

  constructor(parts: DirectoryEventsParts) {
    this.#parts = parts
  }

  /** Watches what is to be watched now, and nothing else. */
  update(): void {
    if (this.#isClosed) return
    const wanted = new Set(this.#parts.directories().slice(0, MAX_WATCHED))
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
      // No more watches to be had, or it has gone: the next look at the interval sees what changed
    }
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close()
    this.#watchers.delete(directory)
  }

  async #look(): Promise<void> {
    // What happens from now on may be missed by this look, and causes another
    this.#timer = null
    const begun = performance.now()
    await this.#parts.look()
    this.#rest = REST * (performance.now() - begun)
    this.update()
  }
}
