import type { Budget } from '../../server/admission/memory.js'
import { Refusal } from '../../server/headers/refusal.js'

/** A pattern for the names in one directory. */
export interface SimpleGlob {
  /**
   * Whether a name matches. The compared characters are charged.
   * @throws Refusal if the budget is spent
   */
  readonly matches: (name: string, budget: Charged) => boolean
}

/** The budget that the work with patterns is charged to. */
type Charged = Pick<Budget, 'charge'>

/** Whether a path component is a pattern; otherwise it is a name. */
export function isGlob(component: string): boolean {
  return /[*?[]/.test(component)
}

/** A part of a pattern: any run of characters, any character, one character, or a class. */
type Token = '*' | '?' | number | CharacterClass

/**
 * Compiles a pattern of `*`, `?` and `[…]` (with ranges, and `!` first for the opposite).
 * Characters are those of Unicode. A leading dot is matched only by a dot.
 *
 * The time is at most proportional to the product of the lengths of name and pattern; a regular
 * expression could take much longer.
 * @throws Refusal if the budget is spent
 */
export function compileSimpleGlob(pattern: string, budget: Charged): SimpleGlob {
  budget.charge('steps', pattern.length)
  const tokens = tokenize(Array.from(pattern))
  const takesHidden = pattern.startsWith('.')
  const matches: SimpleGlob['matches'] = (name, charged) => {
    return (takesHidden || !name.startsWith('.')) && isMatch(tokens, name, charged)
  }
  return { matches }
}

/**
 * Goes back only to the last run if a token does not fit: going back further would gain nothing.
 */
function isMatch(tokens: readonly Token[], name: string, charged: Charged): boolean {
  let steps = 1
  let token = 0
  let run = -1
  let runEnd = 0
  let isFitting = true
  for (let at = 0; at < name.length && isFitting; steps++) {
    const code = name.codePointAt(at) ?? 0
    const test = tokens[token]
    if (test === '*') {
      run = token++
      runEnd = at
    } else if (test !== undefined && fits(test, code)) {
      token++
      at += lengthOf(code)
    } else if (run >= 0) {
      token = run + 1
      runEnd += lengthOf(name.codePointAt(runEnd) ?? 0)
      at = runEnd
    } else {
      isFitting = false
    }
  }
  charged.charge('steps', steps)
  return isFitting && isAllRuns(tokens, token)
}

function fits(test: Exclude<Token, '*'>, code: number): boolean {
  if (test === '?') return true
  return typeof test === 'number' ? test === code : test.has(code)
}

function isAllRuns(tokens: readonly Token[], from: number): boolean {
  for (let at = from; at < tokens.length; at++) if (tokens[at] !== '*') return false
  return true
}

/** UTF-16 units of a character. */
function lengthOf(code: number): number {
  return code > 0xffff ? 2 : 1
}

function tokenize(pattern: readonly string[]): Token[] {
  const tokens: Token[] = []
  const lastClose = pattern.lastIndexOf(']')
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? ''
    // Without this check, each unclosed class would be searched to the end
    const end = character === '[' && at < lastClose ? endOfClass(pattern, at) : -1
    if (end > 0) {
      tokens.push(new CharacterClass(pattern.slice(at + 1, end)))
      at = end
    } else if (character === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*')
    } else {
      tokens.push(character === '?' ? '?' : (character.codePointAt(0) ?? 0))
    }
  }
  return tokens
}

/**
 * The end of the class that begins at `[`, or -1. A `]` at its very beginning belongs to the class.
 */
function endOfClass(pattern: readonly string[], start: number): number {
  const first = pattern[start + 1] === '!' ? start + 2 : start + 1
  return pattern.indexOf(']', first + 1)
}

/** Most ranges of a class; Unicode does not have more scripts. */
const MAX_RANGES = 256

type CharacterRange = readonly [from: number, to: number]

/** The characters that `[…]` in a pattern matches. */
class CharacterClass {
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
