import type { Budget } from '../admission/budget.js'
import { CharacterClass } from './character-class.js'

/** A pattern for the names in one directory. */
export interface SimpleGlob {
  /**
   * Whether a name matches. The compared characters are charged.
   * @throws Refusal if the budget is spent
   */
  readonly matches: (name: string, budget: Charged) => boolean
}

/** The budget that the work with patterns is charged to. */
export type Charged = Pick<Budget, 'charge'>

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
