import { monotonicNow } from '../../base/process.js'
import type { Mirror } from '../tree/mirror.js'
import { NameIndex } from './name-index.js'

/** Milliseconds that names count as current, and how many times as long as reading them took. */
const FRESH = 60_000
const REST = 20

/** The index of the names of a mirror, for searches. Nothing is read before the first one. */
export class NameSearch {
  #index: NameIndex | null = null
  #reading: Promise<NameIndex> | null = null
  #until = -Infinity
  readonly #stopping = new AbortController()

  constructor(
    private readonly mirror: Mirror,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** The number of names; null before the first search, or if there are too many. */
  get names(): number | null {
    return this.#index && !this.#index.isTooLarge ? this.#index.length : null
  }

  /**
   * The names as they were a while ago; those of now are read meanwhile. The first search waits for
   * them.
   */
  async get(): Promise<NameIndex> {
    if (monotonicNow() >= this.#until) this.#reading ??= this.#read()
    return this.#index ?? (await this.#reading) ?? new NameIndex()
  }

  /** Never rejects: a mirror that cannot be read has no names. */
  async #read(): Promise<NameIndex> {
    const begun = monotonicNow()
    try {
      this.#index = await NameIndex.read(this.mirror, this.#stopping.signal)
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.onError(error)
    } finally {
      this.#reading = null
      this.#until = monotonicNow() + Math.max(FRESH, REST * (monotonicNow() - begun))
    }
    return (this.#index ??= new NameIndex())
  }

  stop(): void {
    this.#stopping.abort()
  }
}
