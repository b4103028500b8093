/** Runs work in the order in which it is given, and never more of it at a time than the limit. */
export class ConcurrencyLimit {
  readonly #waiting: (() => void)[] = []
  readonly #draining: (() => void)[] = []
  /** Work that is running or waiting. */
  #unfinished = 0
  #free: number

  constructor(limit: number) {
    this.#free = limit
  }

  /** Does the work in its turn, and resolves or rejects as it does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    this.#unfinished++
    const running = this.#takeTurn().then(work)
    void running.then(this.#end, this.#end)
    return running
  }

  /** Begins the work in its turn, and resolves when it has begun. The work must not fail. */
  begin(work: () => Promise<void>): Promise<void> {
    this.#unfinished++
    const begin = () => {
      void work().then(this.#end, this.#endFailed)
    }
    if (this.#free === 0) return this.#takeTurn().then(begin)
    this.#free--
    begin()
    return NOW
  }

  /** Resolves when nothing is running or waiting any more, be it done or failed. */
  async drain(): Promise<void> {
    while (this.#unfinished > 0) {
      await new Promise<void>((resolve) => this.#draining.push(resolve))
    }
  }

  #takeTurn(): Promise<void> {
    if (this.#free === 0) return new Promise((resolve) => this.#waiting.push(resolve))
    this.#free--
    return NOW
  }

  readonly #end = (): void => {
    this.#unfinished--
    // Whoever waits longest inherits the turn
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
    if (this.#unfinished === 0) for (const resolve of this.#draining.splice(0)) resolve()
  }

  readonly #endFailed = (error: unknown): never => {
    this.#end()
    throw error
  }
}

/** One for all, as there may be very many. */
const NOW = Promise.resolve()
