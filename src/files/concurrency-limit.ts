/** Runs work in the order in which it is given, and never more of it at a time than the limit. */
export class ConcurrencyLimit {
  readonly #waiting: (() => void)[] = []
  readonly #unfinished = new Set<Promise<unknown>>()
  #free: number

  constructor(limit: number) {
    this.#free = limit
  }

  /** Does the work in its turn, and resolves or rejects as it does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#takeTurn().then(() => this.#work(work))
    return this.#note(running)
  }

  /** Begins the work in its turn, and resolves when it has begun. The work must not fail. */
  async begin(work: () => Promise<void>): Promise<void> {
    await this.#takeTurn()
    void this.#note(this.#work(work))
  }

  /** Resolves when nothing is running or waiting any more, be it done or failed. */
  async drain(): Promise<void> {
    while (this.#unfinished.size > 0) await Promise.allSettled(this.#unfinished)
  }

  async #takeTurn(): Promise<void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #work<T>(work: () => Promise<T>): Promise<T> {
    return work().finally(() => {
      // Whoever waits longest inherits the turn
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    })
  }

  #note<T>(running: Promise<T>): Promise<T> {
    const noted = running.finally(() => this.#unfinished.delete(noted))
    this.#unfinished.add(noted)
    return noted
  }
}
