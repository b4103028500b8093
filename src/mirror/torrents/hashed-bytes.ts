/** Hashing that is under way. */
interface UnderWay {
  readonly bytesDone: () => number
  readonly isAhead: boolean
}

/** Counts hashed bytes; no count ever falls. */
export class HashedBytes {
  readonly #underWay = new Set<UnderWay>()
  #ended = 0
  #endedAhead = 0

  /** Bytes hashed since the start. */
  get total(): number {
    return this.#ended + this.#count(() => true)
  }

  /** Bytes of these that were hashed before anybody asked for them. */
  get ahead(): number {
    return this.#endedAhead + this.#count(({ isAhead }) => isAhead)
  }

  /**
   * Counts hashing that begins. Call the returned function once at the end with the final number of
   * bytes, because `bytesDone` may lag behind.
   */
  begin(bytesDone: () => number, isAhead: boolean): (bytes: number) => void {
    const hashing = { bytesDone, isAhead }
    this.#underWay.add(hashing)
    return (bytes) => {
      this.#underWay.delete(hashing)
      const count = Math.max(bytes, bytesDone())
      this.#ended += count
      if (isAhead) this.#endedAhead += count
    }
  }

  #count(isCounted: (hashing: UnderWay) => boolean): number {
    let sum = 0
    for (const each of this.#underWay) if (isCounted(each)) sum += each.bytesDone()
    return sum
  }
}
