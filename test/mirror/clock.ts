/** The clocks of a service: they run normally, and jump when the test says so. */
export class Clock {
  #elapsedMs = 0

  /** Ahead by default, so that new files count as settled. */
  constructor(private aheadMs = 5_000) {}

  readonly now = (): number => Date.now() + this.aheadMs + this.#elapsedMs

  readonly monotonic = (): number => performance.now() + this.#elapsedMs

  /** Lets time pass; by default more than the second for which a lookup of files counts. */
  jump(byMs = 1_500): void {
    this.#elapsedMs += byMs
  }

  /** Sets the time of day back. */
  setBack(byMs: number): void {
    this.aheadMs -= byMs
  }
}
