/** Names that a lookup may pass over. */
const AHEAD = 4

/**
 * Names with their numbers. Lookups in about the order of the names are answered without a map,
 * which for very many names takes more time and memory than all lookups.
 */
export class NumberedNames {
  /** The number of the name that is asked for next if all are asked for in order. */
  #next = 0
  #numbers: Map<string, number> | undefined

  constructor(readonly names: readonly string[]) {}

  /** Returns the number of a name; undefined if it is not one of them. */
  numberOf(name: string): number | undefined {
    const first = this.#next
    for (let number = first; number < first + AHEAD; number++) {
      if (this.names[number] !== name) continue
      this.#next = number + 1
      return number
    }
    // The same name once more
    if (this.names[first - 1] === name) return first - 1
    this.#numbers ??= new Map(this.names.map((each, i) => [each, i]))
    const number = this.#numbers.get(name)
    if (number !== undefined) this.#next = number + 1
    return number
  }
}
