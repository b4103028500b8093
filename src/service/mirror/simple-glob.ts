/** A pattern for the names in one directory. */
export interface SimpleGlob {
  readonly matches: (name: string) => boolean
}

/** Whether a path component is a pattern rather than a name. */
export function isGlob(component: string): boolean {
  return /[*?[]/.test(component)
}

/** What one place of a pattern stands for: any run of characters, or one that passes a test. */
type Token = 'run' | ((character: string) => boolean)

/**
 * Compiles a pattern of `*`, `?` and `[…]` (with ranges, and `!` first for the opposite). Characters
 * are those of Unicode. A leading dot is matched by a dot alone.
 *
 * The time is bounded by the lengths of name and pattern multiplied, whatever the pattern, which
 * it would not be for a regular expression.
 */
export function compileSimpleGlob(pattern: string): SimpleGlob {
  const tokens = tokenize(Array.from(pattern))
  const takesHidden = pattern.startsWith('.')
  const matches = (name: string) => {
    return (takesHidden || !name.startsWith('.')) && isMatch(tokens, Array.from(name))
  }
  return { matches }
}

/** Goes back to the last run alone when a place does not fit: earlier ones would gain nothing. */
function isMatch(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0
  let run = -1
  let runEnd = 0
  for (let at = 0; at < name.length;) {
    const test = tokens[token]
    if (test === 'run') {
      run = token++
      runEnd = at
    } else if (test?.(name[at] ?? '')) {
      token++
      at++
    } else if (run >= 0) {
      token = run + 1
      at = ++runEnd
    } else {
      return false
    }
  }
  return tokens.slice(token).every((rest) => rest === 'run')
}

function tokenize(pattern: readonly string[]): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? ''
    const end = character === '[' ? endOfClass(pattern, at) : -1
    if (end > 0) {
      tokens.push(classTest(pattern.slice(at + 1, end)))
      at = end
    } else if (character === '*') {
      if (tokens.at(-1) !== 'run') tokens.push('run')
    } else {
      tokens.push(character === '?' ? () => true : (other) => other === character)
    }
  }
  return tokens
}

/** Where the class that begins at `[` ends, or -1: a `]` right at its beginning is one of it. */
function endOfClass(pattern: readonly string[], start: number): number {
  const first = pattern[start + 1] === '!' ? start + 2 : start + 1
  return pattern.indexOf(']', first + 1)
}

function classTest(content: readonly string[]): (character: string) => boolean {
  const isOpposite = content[0] === '!'
  const ranges = toRanges(isOpposite ? content.slice(1) : content)
  return (character) => {
    const code = codeOf(character)
    return ranges.some(([from, to]) => from <= code && code <= to) !== isOpposite
  }
}

function toRanges(content: readonly string[]): [from: number, to: number][] {
  const ranges: [number, number][] = []
  for (let at = 0; at < content.length; at++) {
    const from = codeOf(content[at])
    const isRange = content[at + 1] === '-' && at + 2 < content.length
    ranges.push([from, isRange ? codeOf(content[at + 2]) : from])
    if (isRange) at += 2
  }
  return ranges
}

function codeOf(character: string | undefined): number {
  return character?.codePointAt(0) ?? -1
}
