/** Knows who has most of something, without a look at all who have any. */
export class Greediest<Holder> {
  readonly #counts = new Map<Holder, number>()
  /** Those who have so many, by how many. */
  readonly #byCount = new Map<number, Set<Holder>>()
  #most = 0

  /** One of those who have most; undefined when nobody has any. */
  get first(): Holder | undefined {
    const [holder] = this.#byCount.get(this.#most) ?? []
    return holder
  }

  /** Notes how many a holder has now. Takes as many steps as that are fewer than before, at most. */
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
