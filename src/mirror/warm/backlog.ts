import { keyOf, type WarmFile } from './warm-file.js'
import type { ServerContext } from '../../server/context.js'

/** How urgent a file is: one that has just changed comes before all older ones. */
export type Urgency = 'new' | 'old'

/** Milliseconds that a file waits if it is open for writing or has just changed. */
const DELAY = 1000

/** Milliseconds between checks for due files, and the most files per check. */
const TICK = 250
const MOST_AT_ONCE = 2000

/** A file that waits until it is due. */
interface Delayed {
  readonly file: WarmFile
  readonly urgency: Urgency
  /** Milliseconds of the monotonic clock. */
  readonly dueAt: number
}

/** The files to prepare, each once, in the order of their arrival. */
export class Backlog {
  readonly #onDue: () => void
  readonly #monotonic: () => number
  readonly #due: Readonly<Record<Urgency, Map<string, WarmFile>>> = {
    new: new Map(),
    old: new Map(),
  }
  readonly #delayed = new Map<string, Delayed>()
  #timer: NodeJS.Timeout | null = null

  /** Calls `onDue` when there is work. */
  constructor(onDue: () => void, { monotonic }: Pick<ServerContext, 'monotonic'>) {
    this.#onDue = onDue
    this.#monotonic = monotonic
  }

  /** Adds a file; it replaces an older state of the same path. */
  add(file: WarmFile, urgency: Urgency): void {
    this.remove(file)
    this.#due[urgency].set(keyOf(file.path), file)
    this.#onDue()
  }

  /** Adds a file that must wait for a while. */
  addLater(file: WarmFile, urgency: Urgency): void {
    this.remove(file)
    const dueAt = this.#monotonic() + DELAY
    this.#delayed.set(keyOf(file.path), { file, urgency, dueAt })
    this.#timer ??= setInterval(this.#tick, TICK).unref()
  }

  /** Removes and returns the next file of that urgency; undefined if none is due. */
  next(urgency: Urgency): WarmFile | undefined {
    const [file] = this.#due[urgency].values()
    if (file) this.#due[urgency].delete(keyOf(file.path))
    return file
  }

  /** Removes a path from all queues. */
  remove({ path }: Pick<WarmFile, 'path'>): void {
    const key = keyOf(path)
    this.#due.new.delete(key)
    this.#due.old.delete(key)
    this.#delayed.delete(key)
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer)
    for (const files of [this.#due.new, this.#due.old, this.#delayed]) files.clear()
  }

  readonly #tick = (): void => {
    const now = this.#monotonic()
    let count = 0
    // In the order in which they become due
    for (const { file, urgency, dueAt } of this.#delayed.values()) {
      if (dueAt > now || ++count > MOST_AT_ONCE) break
      this.add(file, urgency)
    }
    if (this.#delayed.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }
}
