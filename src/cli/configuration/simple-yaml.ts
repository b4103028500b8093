import type { Located, LocatedEntry, LocatedValue } from './read-file.js'

/** A line that is neither empty nor a comment. */
interface Line {
  /** From 1. */
  readonly number: number
  /** Number of spaces in front. */
  readonly indent: number
  readonly text: string
}

/** How deep values may lie in each other. */
const MAX_DEPTH = 8

/** The most lines; a longer file is left to the package, too, which counts its values. */
const MAX_LINES = 2000

/**
 * Parses a configuration as most people write it, into the same entries as parseConfiguration().
 * Returns null for everything else, right or wrong: the yaml package then reads it, which takes
 * several milliseconds to load.
 *
 * A simple configuration is ASCII. Each of its lines is `key:`, `key: value` or `- value`. A value
 * is plain, or quoted without escapes, or a list or map in brackets on the same line.
 */
export function parseSimple(text: string, path: string): readonly LocatedEntry[] | null {
  if (!/^[\n -~]*$/.test(text)) return null
  const lines = text.split('\n').flatMap((line, i): Line[] => {
    const indent = line.search(/[^ ]/)
    return indent < 0 || line[indent] === '#'
      ? []
      : [{ number: i + 1, indent, text: line.slice(indent) }]
  })
  if (lines.length > MAX_LINES) return null
  const reader = new BlockReader(lines, path)
  const entries = reader.map(0, 0)
  return reader.isAtEnd ? entries : null
}

/** Reads maps and lists that stand on several lines. It stops at a line that is not simple. */
class BlockReader {
  #at = 0

  constructor(
    private readonly lines: readonly Line[],
    private readonly path: string,
  ) {}

  get isAtEnd(): boolean {
    return this.#at === this.lines.length
  }

  /** The entries whose keys have this indentation; null if one of them is not simple. */
  map(indent: number, depth: number): LocatedEntry[] | null {
    const entries = new Map<string, LocatedEntry>()
    for (let line = this.#lineAt(indent); line; line = this.#lineAt(indent)) {
      const [start, key = ''] = /^(\w[\w./-]{0,99}): */.exec(line.text) ?? []
      const isKey = start?.endsWith(' ') === true || start?.length === line.text.length
      if (start === undefined || !isKey || entries.has(key)) break
      this.#at++
      const place = this.#place(line, 0)
      const item = this.#item(line, start.length, depth + 1)
      if (!item) return null
      entries.set(key, { key, place, item: item.value === null ? emptyAt(place) : item })
    }
    return [...entries.values()]
  }

  #item(line: Line, at: number, depth: number): Located | { readonly value: null } | null {
    if (depth > MAX_DEPTH) return null
    const isInline = at < line.text.length && line.text[at] !== '#'
    if (isInline) return this.#inline(line, at, depth)
    const next = this.lines[this.#at]
    if (!next || next.indent < line.indent) return { value: null }
    const isList = next.text.startsWith('- ')
    if (next.indent === line.indent && !isList) return { value: null }
    const value = isList ? this.#list(next.indent, depth) : this.#nested(next.indent, depth)
    return value && { place: this.#place(next, 0), value }
  }

  #nested(indent: number, depth: number): LocatedValue | null {
    const entries = this.map(indent, depth)
    return entries && { kind: 'map', entries }
  }

  #list(indent: number, depth: number): LocatedValue | null {
    const items: Located[] = []
    for (
      let line = this.#lineAt(indent);
      line?.text.startsWith('- ');
      line = this.#lineAt(indent)
    ) {
      this.#at++
      const item = this.#inline(line, line.text.search(/[^- ]|(?<=- +)-/), depth + 1)
      if (!item) return null
      items.push(item)
    }
    return { kind: 'list', items }
  }

  #inline(line: Line, at: number, depth: number): Located | null {
    const reader = new InlineReader(line.text, at, (offset) => this.#place(line, offset))
    const item = reader.value(PLAIN, depth)
    return item && reader.isAtEnd ? item : null
  }

  #lineAt(indent: number): Line | undefined {
    const line = this.lines[this.#at]
    return line?.indent === indent ? line : undefined
  }

  #place({ number, indent }: Line, offset: number): string {
    return `${this.path}:${number}:${indent + offset + 1}`
  }
}

function emptyAt(place: string): Located {
  return { place, value: { kind: 'text', text: '', isPlain: true } }
}

/** Text without quotes. It ends before ` #`, `: ` and a last colon. */
const PLAIN = /[\w./~+$(=\\](?:(?! #|: |:$).)*/y

/** Text without quotes in brackets, where commas and brackets end it, too. */
const PLAIN_IN_BRACKETS = /[\w./~+$(=\\](?:(?! #|:[ ,[\]{}]|:$)[^,[\]{}])*/y

/** Reads a value that stands on one line. */
class InlineReader {
  constructor(
    private readonly text: string,
    private at: number,
    private readonly placeAt: (offset: number) => string,
  ) {}

  /** Whether only spaces or a comment follow. */
  get isAtEnd(): boolean {
    return this.#take(/(?: +#.*| *)$/y) !== null
  }

  /** The value that begins here; null if it is not simple. */
  value(plain: RegExp, depth: number): Located | null {
    if (depth > MAX_DEPTH) return null
    const place = this.placeAt(this.at)
    const value = this.#unplaced(plain, depth)
    return value && { place, value }
  }

  #unplaced(plain: RegExp, depth: number): LocatedValue | null {
    switch (this.text[this.at]) {
      case '[':
        return this.#list(depth)
      case '{':
        return this.#map(depth)
      case "'":
        return this.#quoted(/'([^']*)'(?!')/y)
      case '"':
        return this.#quoted(/"([^"\\]*)"/y)
      default:
        return this.#plain(plain)
    }
  }

  #list(depth: number): LocatedValue | null {
    const items: Located[] = []
    const isRead = this.#inBrackets(/\[ */y, / *\]/y, () => {
      const item = this.value(PLAIN_IN_BRACKETS, depth + 1)
      if (item) items.push(item)
      return item !== null
    })
    return isRead ? { kind: 'list', items } : null
  }

  #map(depth: number): LocatedValue | null {
    const entries = new Map<string, LocatedEntry>()
    const isRead = this.#inBrackets(/\{ */y, / *\}/y, () => {
      const place = this.placeAt(this.at)
      const key = this.#take(/(\w[\w./-]{0,99}): +/y)?.[1]
      if (key === undefined || entries.has(key)) return false
      const item = this.value(PLAIN_IN_BRACKETS, depth + 1)
      if (item) entries.set(key, { key, place, item })
      return item !== null
    })
    return isRead ? { kind: 'map', entries: [...entries.values()] } : null
  }

  #inBrackets(open: RegExp, close: RegExp, read: () => boolean): boolean {
    if (!this.#take(open)) return false
    if (this.#take(close)) return true
    do if (!read()) return false
    while (this.#take(/ *, */y))
    return this.#take(close) !== null
  }

  #quoted(quotes: RegExp): LocatedValue | null {
    const text = this.#take(quotes)?.[1]
    return text === undefined ? null : { kind: 'text', text, isPlain: false }
  }

  #plain(plain: RegExp): LocatedValue | null {
    const [text] = this.#take(plain) ?? []
    return text === undefined ? null : { kind: 'text', text: text.trimEnd(), isPlain: true }
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found) this.at = pattern.lastIndex
    return found
  }
}
