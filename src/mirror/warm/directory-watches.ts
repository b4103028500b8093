import { watch, type FSWatcher } from 'node:fs'
import { osCodeOf } from '../../errors.js'
import type { ServerContext } from '../../server/context.js'

/** Most watched directories; each takes about a kilobyte of the kernel's memory. */
const MAX_WATCHES = 100_000

/** Error codes if the system has no more watches or inotify instances. */
const EXHAUSTED = ['ENOSPC', 'EMFILE', 'ENFILE']

/** Receives the key of a directory and a changed name in it; null if any name may have changed. */
type OnEvent = (directory: string, name: string | null) => void

/** A directory that is watched. */
interface Watched {
  readonly realPath: string
  readonly watcher: FSWatcher
}

/**
 * Watches directories by the system's events. If the system has no more watches, further
 * directories are only searched periodically; a warning says so once.
 */
export class DirectoryWatches {
  readonly #onEvent: OnEvent
  readonly #warn: ServerContext['warn']
  readonly #watched = new Map<string, Watched>()
  /** Whether no more watches are available. */
  #isExhausted = false
  #isTold = false

  constructor(onEvent: OnEvent, { warn }: Pick<ServerContext, 'warn'>) {
    this.#onEvent = onEvent
    this.#warn = warn
  }

  get size(): number {
    return this.#watched.size
  }

  /** Watches the directory of that key at its current real path. */
  add(key: string, realPath: string): void {
    const known = this.#watched.get(key)
    if (known?.realPath === realPath) return
    if (known) this.remove(key)
    if (this.#isExhausted) return
    if (this.#watched.size >= MAX_WATCHES) this.#exhaust(`${MAX_WATCHES} directories are watched`)
    else this.#watch(key, realPath)
  }

  remove(key: string): void {
    this.#watched.get(key)?.watcher.close()
    this.#watched.delete(key)
    this.#isExhausted = false
  }

  close(): void {
    for (const { watcher } of this.#watched.values()) watcher.close()
    this.#watched.clear()
  }

  #watch(key: string, realPath: string): void {
    try {
      const watcher = watch(realPath, { persistent: false }, (_event, name) => {
        this.#onEvent(key, name)
      })
      watcher.on('error', () => {
        this.remove(key)
      })
      this.#watched.set(key, { realPath, watcher })
    } catch (error) {
      // The next search notices a directory that is gone or unreadable
      if (!EXHAUSTED.includes(osCodeOf(error) ?? '')) return
      this.#exhaust('no more watches; raise fs.inotify.max_user_watches')
    }
  }

  #exhaust(why: string): void {
    this.#isExhausted = true
    if (this.#isTold) return
    this.#isTold = true
    const rest = 'changes in others are noticed after --warm-interval'
    this.#warn(`--warm: ${why}: ${this.#watched.size} directories are watched; ${rest}`)
  }
}
