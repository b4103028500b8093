/** Milliseconds that work may keep the event loop before all other work has its turn. */
const SLICE = 4

/** Milliseconds after which the next work goes on in any case. */
const PRESSED = 12

/**
 * Shares the event loop among works that take much of its time. In each turn, one of them goes on
 * for a few milliseconds; requests are answered in between.
 */
export class TimeSlices {
  readonly #waiting: (() => void)[] = []
  #began = 0

  /**
   * `now` is a clock in milliseconds that only goes forward. `isPressed` says whether clients wait
   * for their connections to be accepted, one per turn; these then get most of the time.
   */
  constructor(
    private readonly now: () => number,
    private readonly isPressed = () => false,
  ) {}

  /** When a slice that begins now is over. */
  endOfSlice(): number {
    return this.now() + SLICE
  }

  isOver(end: number): boolean {
    return this.now() >= end
  }

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(this.#wake)
    })
  }

  /** Continues one work, and the next one after a turn of the event loop. */
  readonly #wake = (): void => {
    if (!this.isPressed() || this.now() - this.#began >= PRESSED) {
      this.#began = this.now()
      this.#waiting.shift()?.()
    }
    if (this.#waiting.length > 0) setImmediate(this.#wake)
  }
}
