/** Finds the holder that has most of something, without a look at all holders. */
export class LargestHolder<Holder> {
  readonly #counts = new Map<Holder, number>()
  /** Holders by their count. */
  readonly #byCount = new Map<number, Set<Holder>>()
  #most = 0

  /** One of the holders with the highest count; undefined if there is none. */
  get first(): Holder | undefined {
    const [holder] = this.#byCount.get(this.#most) ?? []
    return holder
  }

  /** Sets a holder's count. Takes at most as many steps as the count falls. */
  set(holder: Holder, count: number): void {
    this.#leave(holder)
    if (count > 0) {
      this.#counts.set(holder, count)
      this.#most = Math.max(this.#most, count)
      const holders = this.#byCount.get(count)
      if (holders) holders.add(holder)
      else this.#byCount.set(count, new Set([holder]))
    }
    while (this.#most > 0 && !this.#byCount.has(this.#most)) this.#most--
  }

  #leave(holder: Holder): void {
    const count = this.#counts.get(holder)
    if (count === undefined) return
    this.#counts.delete(holder)
    const holders = this.#byCount.get(count)
    holders?.delete(holder)
    if (holders?.size === 0) this.#byCount.delete(count)
  }
}
