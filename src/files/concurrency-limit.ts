/** Runs tasks in order, with a limit on how many run at a time. */
export class ConcurrencyLimit {
  readonly #waiting: (() => void)[] = []
  readonly #draining: (() => void)[] = []
  #unfinished = 0
  #free: number

  constructor(limit: number) {
    this.#free = limit
  }

  /** Number of tasks that are running or waiting. */
  get unfinished(): number {
    return this.#unfinished
  }

  /** Runs a task in its turn, and settles as the task does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    this.#unfinished++
    const running = this.#takeTurn().then(work)
    void running.then(this.#end, this.#end)
    return running
  }

  /** Starts a task in its turn, and resolves when it has started. The task must not fail. */
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

  /** Resolves when no task is running or waiting, whether tasks succeeded or failed. */
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
    // The task that has waited longest gets the turn
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

/** Shared, because there may be very many tasks. */
const NOW = Promise.resolve()
