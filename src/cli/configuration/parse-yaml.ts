import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type Document,
} from 'yaml'
import { optimizeAsUsual, optimizeLate } from '../../base/optimize-late.js'
import {
  isEmpty,
  Place,
  type Located,
  type LocatedEntry,
  type LocatedValue,
} from '../options/given.js'

/** How deep values may lie in each other: a section, its option, a map, its values. */
const MAX_DEPTH = 16

/** The same for the parser, to which a key with its value may be several levels. */
const MAX_PARSER_DEPTH = 64

/** The most values in a file, including those repeated by aliases. */
const MAX_VALUES = 20_000

/** Length of a text, such as a batch of many jobs, whose parser runs longer than it loads. */
const LONG = 16 * 1024

/**
 * Parses the text of a configuration file into its top-level entries. Tags are refused, keys must
 * be unique, and aliases are limited.
 * @throws BtkitError `usage` with file, line and column
 */
export function parseConfiguration(text: string, path: string): readonly LocatedEntry[] {
  const lines = new LineCounter()
  const isLong = text.length > LONG
  if (isLong) optimizeLate()
  const document = parse(text, path, lines)
  // The command may run for long
  if (isLong) optimizeAsUsual()
  const reader = new Reader(document, path, lines)
  if (document.contents === null) return []
  const { place, value } = reader.read(document.contents, 0)
  if (value.kind === 'map') return value.entries
  // An empty file, or one with comments only
  if (isEmpty({ place, value })) return []
  throw place.error('not a map of sections such as defaults:')
}

/**
 * The tokens of documents. Refuses deep nesting: the package builds nodes recursively, and V8 can
 * end the process when the stack is full, instead of throwing an error. Its parser of tokens does
 * not recurse, and yields a document when that has ended.
 */
function* tokensOf(text: string, path: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  for (const word of new Lexer().lex(text)) {
    yield* parser.next(word)
    if (parser.stack.length <= MAX_PARSER_DEPTH) continue
    throw placeOf(path, lines, parser.offset).error('nested too deeply')
  }
  yield* parser.end()
}

function parse(text: string, path: string, lines: LineCounter): Document {
  // The composer's own check compares all keys with each other, which is slow for many
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false })
  const documents = composer.compose(tokensOf(text, path, lines), true, text.length)
  const document = documents.next().value as Document
  const { value: second } = documents.next()
  const [error] = [...document.errors, ...document.warnings]
  if (error) throw placeOf(path, lines, error.pos[0]).error(said(error.message))
  if (!second) return document
  const place = placeOf(path, lines, (second as Document).range?.[0] ?? 0)
  throw place.error('a second document; a file has only one')
}

function said(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replaceAll('\n', ' ')
}

function placeOf(path: string, lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset)
  return new Place(path, { line: Math.max(line, 1), column: Math.max(col, 1) })
}

/** The most aliases in a file. Resolving each one searches the whole file. */
const MAX_ALIASES = 100

/** Reads nodes and counts them. */
class Reader {
  #count = 0
  #aliases = 0

  constructor(
    private readonly document: Document,
    private readonly path: string,
    private readonly lines: LineCounter,
  ) {}

  read(node: unknown, depth: number): Located {
    const place = this.#place(node)
    if (++this.#count > MAX_VALUES) throw place.error('too many values')
    if (depth > MAX_DEPTH) throw place.error('nested too deeply')
    if (isAlias(node)) {
      if (++this.#aliases > MAX_ALIASES) throw place.error('too many aliases')
      const target = node.resolve(this.document)
      if (target) return { place, value: this.read(target, depth + 1).value }
      throw place.error(`*${node.source} is not defined before`)
    }
    if (isNode(node) && node.tag !== undefined)
      throw place.error(`${node.tag}: tags are not supported`)
    return { place, value: this.#value(node, depth) }
  }

  #value(node: unknown, depth: number): LocatedValue {
    if (isSeq(node))
      return { kind: 'list', items: node.items.map((item) => this.read(item, depth + 1)) }
    if (isMap(node)) return { kind: 'map', entries: this.#entries(node.items, depth) }
    if (!isScalar(node)) return { kind: 'text', text: '', isPlain: true }
    const isPlain = node.type === undefined || node.type === 'PLAIN'
    return { kind: 'text', text: typeof node.value === 'string' ? node.value : '', isPlain }
  }

  #entries(
    pairs: readonly { readonly key: unknown; readonly value: unknown }[],
    depth: number,
  ): LocatedEntry[] {
    const keys = new Set<string>()
    return pairs.map(({ key: node, value }) => {
      const { place, value: read } = this.read(node, depth + 1)
      if (read.kind !== 'text') throw place.error('a key must be a name')
      const { text: key } = read
      if (keys.has(key)) throw place.error(`${key} is given twice`)
      keys.add(key)
      const item = this.read(value, depth + 1)
      // An empty value gets the position of its key
      return { key, place, item: isEmpty(item) ? { ...item, place } : item }
    })
  }

  #place(node: unknown): Place {
    const offset = isNode(node) ? node.range?.[0] : undefined
    return placeOf(this.path, this.lines, offset ?? 0)
  }
}
