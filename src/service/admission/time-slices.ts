/** How long work may keep the event loop before all else gets its turn, in milliseconds. */
const SLICE = 4

/**
 * Shares the time of the event loop among works that take much of it: in each of its turns one of
 * them goes on, for a few milliseconds, and requests are answered in between.
 */
export class TimeSlices {
  readonly #waiting: (() => void)[] = []
  readonly #now: () => number

  /** `now` is a clock in milliseconds that only goes forward. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** When the slice of a work that goes on now is over. */
  endOfSlice(): number {
    return this.#now() + SLICE
  }

  isOver(end: number): boolean {
    return this.#now() >= end
  }

  /** Resolves when it is the caller's turn to go on. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(this.#wake)
    })
  }

  /** Lets one work go on, and the next after all that the event loop has to do meanwhile. */
  readonly #wake = (): void => {
    this.#waiting.shift()?.()
    if (this.#waiting.length > 0) setImmediate(this.#wake)
  }
}
