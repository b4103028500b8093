import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { CommandOption } from './table.js'

/** A command line in its parts: an option with its value, an operand, or what is unknown. */
export interface Part {
  readonly args: readonly string[]
  /** Several letters in one argument are several options. */
  readonly options: readonly CommandOption[]
  /** The value of the last option; null if it takes none. */
  readonly value: string | null
  readonly operand: string | null
}

/** The content of a command line. */
export interface GivenOptions {
  /** All except each `--no-x` that only repeats the default. */
  readonly parts: readonly Part[]
  /** The options that it has, by the names that commander gives them. */
  readonly attributes: ReadonlySet<string>
  readonly operands: readonly string[]
  /** The file of `--config`, if given. */
  readonly config: string | undefined
  readonly isHelp: boolean
}

/**
 * Separates the options of a command line from its operands. Options must have their declared
 * names.
 */
export function givenOptions(args: readonly string[], command: CommandUnknownOpts): GivenOptions {
  const attributes = new Set<string>()
  const kept: Part[] = []
  const operands: string[] = []
  let config: string | undefined
  let isHelp = false
  for (const part of partsOf(args, command)) {
    const again = part.options.length === 0 ? saysAgain(part.args[0] ?? '', command) : null
    if (again) attributes.add(again.attributeName())
    else kept.push(part)
    for (const option of part.options) attributes.add(option.attributeName())
    if (part.operand !== null) operands.push(part.operand)
    isHelp ||= part.operand === null && /^(-h|--help)$/.test(part.args[0] ?? '')
    if (part.options.some(({ long }) => long === '--config')) {
      config = part.value ?? undefined
    }
  }
  return { parts: kept, attributes, operands, config, isHelp }
}

/**
 * The option whose default an argument confirms: `--no-x` for a switch `--x`, or `--x` if only
 * `--no-x` exists. Such an argument overrides a configuration.
 */
function saysAgain(arg: string, { options }: CommandUnknownOpts): CommandOption | undefined {
  const opposite = arg.startsWith('--no-')
    ? `--${arg.slice('--no-'.length)}`
    : `--no-${arg.slice(2)}`
  if (!arg.startsWith('--')) return undefined
  return options.find((option) => option.long === opposite && !option.required)
}

function partsOf(args: readonly string[], command: CommandUnknownOpts): Part[] {
  const parts: Part[] = []
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    if (arg === '--') {
      const rest = args.slice(at + 1)
      const operands = rest.map((operand) => ({
        args: [operand],
        options: [],
        value: null,
        operand,
      }))
      return [...parts, { args: [arg], options: [], value: null, operand: null }, ...operands]
    }
    if (!arg.startsWith('-') || arg === '-') {
      parts.push({ args: [arg], options: [], value: null, operand: arg })
      continue
    }
    const { options, takesNext, value } = arg.startsWith('--')
      ? longOf(arg, command)
      : lettersOf(arg, command)
    const next = takesNext && at + 1 < args.length ? [args[++at] ?? ''] : []
    parts.push({ args: [arg, ...next], options, value: next[0] ?? value, operand: null })
  }
  return parts
}

interface Found {
  readonly options: readonly CommandOption[]
  /** Whether the next argument is the value of the last option. */
  readonly takesNext: boolean
  /** Its value in the same argument; null if it is not there. */
  readonly value: string | null
}

function longOf(arg: string, { options }: CommandUnknownOpts): Found {
  const [name, ...rest] = arg.split('=')
  const option = options.find(({ long }) => long === name)
  const value = rest.length > 0 ? rest.join('=') : null
  return { options: option ? [option] : [], takesNext: !!option?.required && value === null, value }
}

/** Parses short options, which may be combined. The last may take a value: `-pc TEXT`, `-p80`. */
function lettersOf(arg: string, { options }: CommandUnknownOpts): Found {
  const found: CommandOption[] = []
  for (let at = 1; at < arg.length; at++) {
    const option = options.find(({ short }) => short === `-${arg[at] ?? ''}`)
    if (!option) break
    found.push(option)
    if (!option.required) continue
    const value = at === arg.length - 1 ? null : arg.slice(at + 1)
    return { options: found, takesNext: value === null, value }
  }
  return { options: found, takesNext: false, value: null }
}

/** The trackers in a value, or in an option with its value: `URL,URL|URL`. */
export function trackersIn(text: string): string[] {
  const value = text.replace(/^--[\w-]+=/, '')
  return value.split(/[|,]/).map((url) => url.trim())
}
