/** Pages a second that are made, whoever asks: announces must not wait for them. */
const RATE = 50

/** Pages that may be asked for at once after a pause. */
const BURST = 100

/** Bounds how many pages are made. */
export class RenderBudget {
  readonly #monotonic: () => number
  #credit = BURST
  #at: number

  /** `monotonic` tells milliseconds on a clock that is never set. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
    this.#at = monotonic()
  }

  /** Whether another page may be made now. */
  spend(): boolean {
    const at = this.#monotonic()
    this.#credit = Math.min(BURST, this.#credit + ((at - this.#at) * RATE) / 1000)
    this.#at = at
    if (this.#credit < 1) return false
    this.#credit--
    return true
  }
}
