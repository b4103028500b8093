import { Refusal } from '../../server/answers/refusal.js'

/** Most ranges of a class; Unicode does not have more scripts. */
const MAX_RANGES = 256

type CharacterRange = readonly [from: number, to: number]

/** The characters that `[…]` in a pattern matches. */
export class CharacterClass {
  readonly #isOpposite: boolean
  /** Sorted, with gaps in between. */
  readonly #ranges: readonly CharacterRange[]

  /**
   * `content` is the list of characters between the brackets.
   * @throws Refusal if it has too many ranges
   */
  constructor(content: readonly string[]) {
    this.#isOpposite = content[0] === '!'
    this.#ranges = merge(toRanges(this.#isOpposite ? content.slice(1) : content))
    if (this.#ranges.length <= MAX_RANGES) return
    throw new Refusal(
      'too-many',
      `a class in a pattern has more than ${MAX_RANGES} ranges; use fewer`,
    )
  }

  /** Whether the class contains a character, by bisection. */
  has(code: number): boolean {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ranges[middle]?.[1] ?? 0) < code) low = middle + 1
      else high = middle
    }
    const isInside = (this.#ranges[low]?.[0] ?? Infinity) <= code
    return isInside !== this.#isOpposite
  }
}

function toRanges(content: readonly string[]): CharacterRange[] {
  const ranges: CharacterRange[] = []
  for (let at = 0; at < content.length; at++) {
    const from = codeOf(content[at])
    const isRange = content[at + 1] === '-' && at + 2 < content.length
    const to = isRange ? codeOf(content[at + 2]) : from
    if (from <= to) ranges.push([from, to])
    if (isRange) at += 2
  }
  return ranges
}

/** Sorts ranges and joins those that touch. */
function merge(ranges: CharacterRange[]): CharacterRange[] {
  const merged: CharacterRange[] = []
  for (const range of ranges.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1)
    if (last && range[0] <= last[1] + 1) {
      merged[merged.length - 1] = [last[0], Math.max(last[1], range[1])]
    } else {
      merged.push(range)
    }
  }
  return merged
}

function codeOf(character: string | undefined): number {
  return character?.codePointAt(0) ?? -1
}
