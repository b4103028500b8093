/** A clock that runs as clocks do, and jumps when it is told to. */
export class Clock {
  /** Ahead by default, so that files written just now count as settled. */
  constructor(private aheadMs = 5_000) {}

  readonly now = (): number => Date.now() + this.aheadMs

  /** By default past the second for which what was seen of files counts. */
  jump(byMs = 1_500): void {
    this.aheadMs += byMs
  }
}
