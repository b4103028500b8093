const FREE = 0
const HELD = 1
const AWAITED = 2

/** How often a thread looks before it goes to sleep: what is done under a lock takes microseconds. */
const SPINS = 200

/** One number of shared memory by which threads take turns. */
export class Lock {
  readonly #state: Int32Array

  constructor(state: Int32Array) {
    this.#state = state
  }

  /** Does something while no other thread does anything under this lock. */
  hold<T>(act: () => T): T {
    this.take()
    try {
      return act()
    } finally {
      this.release()
    }
  }

  take(): void {
    for (let spin = 0; spin < SPINS; spin += 1) {
      if (Atomics.compareExchange(this.#state, 0, FREE, HELD) === FREE) return
    }
    while (Atomics.exchange(this.#state, 0, AWAITED) !== FREE) {
      Atomics.wait(this.#state, 0, AWAITED)
    }
  }

  release(): void {
    if (Atomics.exchange(this.#state, 0, FREE) === AWAITED) Atomics.notify(this.#state, 0, 1)
  }
}
