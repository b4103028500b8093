import { BtkitError, usageError } from '../../base/errors.js'
import { hidePasswords } from '../../base/text/secrets.js'
import type { OptionEntry } from './option.js'

/**
 * Where a value is from: typed as an option, a tracker among the operands, a file, a variable, or a
 * variable that the command reads itself. It decides how the value is read, and a mistake worded.
 */
type Source = 'line' | 'operand' | 'file' | 'variable' | 'command'

/** An option that is given somewhere. All sources have this form until one of them counts. */
export interface Given {
  readonly entry: OptionEntry
  readonly source: Source
  /**
   * Its values in their order. Only the command line and variables have several; a file has a list.
   */
  readonly uses: readonly Located[]
  readonly place: Place
  /** Whether it is as strong as a typed option, like those of a job. */
  readonly isTyped: boolean
}

/** An option with its uses at the place of the last one. */
export function givenAs(source: Source, entry: OptionEntry, uses: readonly Located[]): Given {
  const isTyped = source === 'line' || source === 'operand'
  const { place } = uses.at(-1) ?? textAt('', '')
  return { entry, source, uses, place, isTyped }
}

/** Options of the same strength. */
export interface Layer {
  /** Where they are from: a section, a preset, a tracker, the environment, a job, or the line. */
  readonly name: string
  readonly given: readonly Given[]
}

/** Where a value is set: a position in a file, an environment variable, or an option as typed. */
export class Place {
  constructor(
    /** The path of a file, or the name of a variable or option. */
    readonly source: string,
    private readonly position: { readonly line: number; readonly column: number } | null = null,
  ) {}

  get isInFile(): boolean {
    return this.position !== null
  }

  /** `FILE:LINE:COLUMN`, or a name. */
  get text(): string {
    return this.position ? `${this.lineText}:${this.position.column}` : this.source
  }

  /** `FILE:LINE`, or a name. */
  get lineText(): string {
    return this.position ? `${this.source}:${this.position.line}` : this.source
  }

  /** An error of what is set here, without passwords. */
  error(message: string): BtkitError {
    return usageError(`${this.text}: ${hidePasswords(message)}`)
  }
}

/** A value with its position. */
export interface Located {
  readonly place: Place
  readonly value: LocatedValue
  /** The name of the last version by which it is given. */
  readonly oldName?: string
}

/** A text at a place with a name: a variable, or an option as it was typed. */
export function textAt(name: string, text: string, isPlain = false): Located {
  return { place: new Place(name), value: { kind: 'text', text, isPlain } }
}

/** Text keeps its spelling. `isPlain` distinguishes `true` from `'true'`. */
export type LocatedValue =
  | { readonly kind: 'text'; readonly text: string; readonly isPlain: boolean }
  | { readonly kind: 'list'; readonly items: readonly Located[] }
  | { readonly kind: 'map'; readonly entries: readonly LocatedEntry[] }

export interface LocatedEntry {
  readonly key: string
  readonly place: Place
  readonly item: Located
}

/** A map with its name: the options of a command, defaults, a preset, or the rule of a tracker. */
export interface Section {
  readonly name: string
  readonly place: Place
  readonly entries: readonly LocatedEntry[]
}

/** The items of a list, or the one value. */
export function itemsOf(item: Located): readonly Located[] {
  return item.value.kind === 'list' ? item.value.items : [item]
}

/** Whether a key has no value. */
export function isEmpty({ value }: Located): boolean {
  return value.kind === 'text' && value.isPlain && value.text === ''
}

/** The boolean that a value is as plain text; null for any other value. */
export function booleanOf({ value }: Located): boolean | null {
  if (value.kind !== 'text' || !value.isPlain) return null
  if (/^(true|True|TRUE)$/.test(value.text)) return true
  return /^(false|False|FALSE)$/.test(value.text) ? false : null
}

/** A value as one line. */
export function shownText({ value }: Located): string {
  if (value.kind === 'text') return value.text === '' ? "''" : value.text
  if (value.kind === 'list') return `[${value.items.map(shownText).join(', ')}]`
  return `{${value.entries.map(({ key, item }) => `${key}: ${shownText(item)}`).join(', ')}}`
}

/** The most characters of a key or value in a message. */
const MOST_SHOWN = 200

/** Cuts a long key or value for a message. */
export function cut(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text
}

/** A sentence in the form that follows a colon. */
export function asReason(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}

/** The mistakes in configuration and environment, each once. */
export class Problems {
  readonly #errors = new Map<string, BtkitError>()
  /** Lines about options that ended, which stop nothing. */
  readonly notes = new Set<string>()

  /** By file, line and column. */
  get errors(): BtkitError[] {
    const key = (error: string) => error.replaceAll(/\d+/g, (digits) => digits.padStart(9, '0'))
    const all = [...this.#errors].sort(([a], [b]) => (key(a) < key(b) ? -1 : 1))
    return all.map(([, error]) => error)
  }

  add(error: BtkitError): void {
    if (!this.#errors.has(error.message)) this.#errors.set(error.message, error)
  }

  /** The result of `act`, or `otherwise` if that finds a mistake, which is added. */
  try<T>(otherwise: T, act: () => T): T {
    try {
      return act()
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      this.add(error)
      return otherwise
    }
  }

  /** @throws BtkitError the first mistake, if there is any */
  throwFirst(): void {
    const [first] = this.errors
    if (first) throw first
  }
}
