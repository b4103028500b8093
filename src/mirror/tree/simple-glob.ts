import type { Budget } from '../admission/budget.js'
import { CharacterClass } from './character-class.js'

/** A pattern for the names in one directory. */
export interface SimpleGlob {
  /**
   * Whether a name matches. Characters that were compared are charged.
   * @throws Refusal when the budget is spent
   */
  readonly matches: (name: string, budget: Charged) => boolean
}

/** What the work with patterns is charged to. */
export type Charged = Pick<Budget, 'charge'>

/** Whether a path component is a pattern rather than a name. */
export function isGlob(component: string): boolean {
  return /[*?[]/.test(component)
}

/** What one place of a pattern stands for: any run of characters, any one, one, or one of some. */
type Token = '*' | '?' | number | CharacterClass

/**
 * Compiles a pattern of `*`, `?` and `[…]` (with ranges, and `!` first for the opposite). Characters
 * are those of Unicode. A leading dot is matched by a dot alone.
 *
 * The time is bounded by the lengths of name and pattern multiplied, whatever the pattern, which
 * it would not be for a regular expression.
 * @throws Refusal when the budget is spent
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

/** Goes back to the last run alone when a place does not fit: earlier ones would gain nothing. */
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
    // Without a look at where the last ends, each that does not would be searched to the end
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

/** Where the class that begins at `[` ends, or -1: a `]` right at its beginning is one of it. */
function endOfClass(pattern: readonly string[], start: number): number {
  const first = pattern[start + 1] === '!' ? start + 2 : start + 1
  return pattern.indexOf(']', first + 1)
}
