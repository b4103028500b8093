/** Work under way, of which there is never more than a limit. It must not fail. */
export class InFlight {
  readonly #running = new Set<Promise<void>>()

  constructor(readonly limit: number) {}

  /** Begins work as soon as there is room for it, and resolves when it has begun. */
  async begin(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.limit) await Promise.race(this.#running)
    const running = work().finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when all that was begun is done. */
  async drain(): Promise<void> {
    await Promise.all(this.#running)
  }
}
