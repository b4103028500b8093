import { setTimeout } from 'node:timers/promises'
import { monotonicNow } from '../../base/process.js'
import type { Mirror } from '../tree/mirror.js'
import { NameIndex, withoutNames } from './name-index.js'

/** Milliseconds that names count as current, and how many times as long as reading them took. */
const FRESH = 60_000
const REST = 20

/** Milliseconds that the first searches wait for all names. */
const FIRST_WAIT = 1000

/** The index of the names of a mirror, for searches. Nothing is read before the first one. */
export class NameSearch {
  #index = new NameIndex()
  #reading: Promise<void> | null = null
  #until = -Infinity
  readonly #stopping = new AbortController()

  constructor(
    private readonly mirror: Mirror,
    private readonly onError: (error: unknown) => void,
    private readonly firstWait = FIRST_WAIT,
  ) {}

  /** The number of names; null before the first search, or if there are too many. */
  get names(): number | null {
    const { isReading, isTooLarge, length } = this.#index
    return isReading || isTooLarge ? null : length
  }

  /**
   * The names as they were a while ago; those of now are read meanwhile. The first searches wait
   * for them a moment, and then have those read so far.
   */
  async get(): Promise<NameIndex> {
    if (monotonicNow() >= this.#until) this.#reading ??= this.#read()
    if (this.#index.isReading)
      await Promise.race([this.#reading, setTimeout(this.firstWait, null, { ref: false })])
    return this.#index
  }

  /** Never rejects: a mirror that cannot be read has no names. */
  async #read(): Promise<void> {
    const begun = monotonicNow()
    // The first names can be searched while they are read
    const next = this.#index.isReading ? this.#index : new NameIndex()
    try {
      this.#index = await next.read(this.mirror, this.#stopping.signal)
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.onError(error)
      if (this.#index.isReading) this.#index = withoutNames(false)
    } finally {
      this.#reading = null
      this.#until = monotonicNow() + Math.max(FRESH, REST * (monotonicNow() - begun))
    }
  }

  stop(): void {
    this.#stopping.abort()
  }
}
