/** How long work may keep the event loop before all else gets its turn, in milliseconds. */
const SLICE = 4

/** After how long the next work goes on in any case, in milliseconds. */
const PRESSED = 12

/**
 * Shares the time of the event loop among works that take much of it: in each of its turns one of
 * them goes on, for a few milliseconds, and requests are answered in between.
 */
export class TimeSlices {
  readonly #waiting: (() => void)[] = []
  readonly #now: () => number
  readonly #isPressed: () => boolean
  #began = 0

  /**
   * `now` is a clock in milliseconds that only goes forward. While `isPressed`, as clients wait for
   * their connections to be accepted, one in each turn, these have most of the time.
   */
  constructor(now: () => number, isPressed = () => false) {
    this.#now = now
    this.#isPressed = isPressed
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
    if (!this.#isPressed() || this.#now() - this.#began >= PRESSED) {
      this.#began = this.#now()
      this.#waiting.shift()?.()
    }
    if (this.#waiting.length > 0) setImmediate(this.#wake)
  }
}
