/** The clocks of a service, which run as clocks do, and jump when they are told to. */
export class Clock {
  #elapsedMs = 0

  /** Ahead by default, so that files written just now count as settled. */
  constructor(private aheadMs = 5_000) {}

  readonly now = (): number => Date.now() + this.aheadMs + this.#elapsedMs

  readonly monotonic = (): number => performance.now() + this.#elapsedMs

  /** Has time pass: by default more than the second for which what was seen of files counts. */
  jump(byMs = 1_500): void {
    this.#elapsedMs += byMs
  }

  /** Sets the time of day back. */
  setBack(byMs: number): void {
    this.aheadMs -= byMs
  }
}
