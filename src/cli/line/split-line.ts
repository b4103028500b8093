import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { usageError } from '../../base/errors.js'
import { isOperand, isSkipped, noteOldName, otherNames, TRUTHS } from '../options/old-names.js'
import { type Given, givenAs, type Located, textAt } from '../options/given.js'
import type { CommandOption } from '../options/option.js'
import { optionEntries } from '../options/table.js'

/** The command line of a command. */
export interface TypedLine {
  readonly operands: readonly string[]
  readonly given: readonly Given[]
  /** The file of `--config`. */
  readonly config: string | undefined
  /** The words before `--` that look like options and are none of the command, such as `--help`. */
  readonly unknown: readonly string[]
  /** The options that an old name skips. */
  readonly skipped: readonly string[]
}

/** The meaning of a typed name. */
interface Name {
  readonly option: CommandOption
  /** Whether it only repeats a default, such as `--no-x` for a switch `--x`. */
  readonly isOpposite?: boolean
}

/** A number is an operand or a value, although it begins with a hyphen. */
const NUMBER = /^-(\d|\d*\.\d+)(e[+-]?\d+)?$/

/**
 * Splits the words behind a command, or behind an old name of one, by all names of its options:
 * also those of other commands and programs, and the BitTornado spelling `--announce_list`.
 * @throws BtkitError `usage` for an option without its value, and for `-comment`, of which `-c`
 *   would take `omment`
 */
export function splitLine(
  command: CommandUnknownOpts,
  words: readonly string[],
  oldNameOf: string | null = null,
): TypedLine {
  requireHyphens(command, words)
  const args = withoutTruths(command, words)
  const options = namesFor(command, args)
  const how = { strict: false, allowPositionals: true, tokens: true } as const
  const { tokens } = parseArgs({ args, options, ...how })
  const uses = new Map<string, Located[]>()
  const [operands, unknown, skipped]: [string[], string[], string[]] = [[], [], []]
  let config: string | undefined
  // The words before it are read
  let next = 0
  for (const [at, token] of tokens.entries()) {
    const { index, kind } = token
    const word = args[index] ?? ''
    if (index < next || kind === 'option-terminator') continue
    if (kind === 'positional' || NUMBER.test(word)) {
      operands.push(word)
      next = index + 1
      continue
    }
    const { rawName: typed, value } = token
    const name = named(typed, command)
    if (!name && oldNameOf !== null && isSkipped(oldNameOf, longName(typed))) {
      const hasNext = value === undefined && args[index + 1]?.startsWith('--') === false
      const text = hasNext ? args[index + 1] : value
      if (text && isOperand(oldNameOf, longName(typed))) operands.push(text)
      else skipped.push(longName(typed))
      next = index + (hasNext ? 2 : 1)
      continue
    }
    if (!name || (value !== undefined && !mayHaveValue(name))) {
      // Of several letters behind a hyphen, the first ones may be known
      const before = at - tokens.findIndex((each) => each.index === index)
      unknown.push(before > 0 ? `-${word.slice(1 + before)}` : word)
      next = index + 1
      continue
    }
    const { option } = name
    const isMissing = value === undefined || (value === '' && option.long === '--config')
    if (isMissing && option.required && !name.isOpposite)
      throw usageError(`${nameBeside(typed, option)}: its value is missing`)
    const follower = args[index + 1] ?? '-?'
    const isOption = /^-./.test(follower) && !NUMBER.test(follower)
    const takesNext = value === undefined && mayHaveValue(name) && !isOption
    if (takesNext) next = index + 2
    const text = takesNext ? follower : value
    if (option.long === '--config') config = text
    const attribute = option.attributeName()
    uses.set(attribute, [...(uses.get(attribute) ?? []), useOf(typed, name, text ?? null)])
  }
  const entries = [...optionEntries(command).values()]
  const given = [...uses].flatMap(([attribute, own]): Given[] => {
    const entry = entries.find((each) => each.attribute === attribute)
    return entry ? [givenAs('line', entry, own)] : []
  })
  return { operands, given, config, unknown, skipped }
}

/** Whether a name may have a value behind it. */
function mayHaveValue({ option, isOpposite }: Name): boolean {
  return !isOpposite && (option.required || option.optional)
}

/** How a message names an option: by its own name, beside another that was typed. */
function nameBeside(typed: string, { long }: CommandOption): string {
  const own = long ?? typed
  return typed === own || !typed.startsWith('--') ? own : `${typed} (${own})`
}

function useOf(typed: string, { option, isOpposite }: Name, text: string | null): Located {
  const long = longName(typed)
  const name = option.long === long ? option.long : typed
  if (text !== null)
    return noteOldName(long.slice(2), option.long?.slice(2) ?? '', textAt(name, text))
  return textAt(name, String(option.negate === (isOpposite ?? false)), true)
}

/**
 * The names of options in any spelling for parseArgs; it takes the next word only where one must
 * follow.
 */
function namesFor(command: CommandUnknownOpts, args: readonly string[]) {
  const own = command.options.flatMap(({ short, long }) => [short, long])
  const typed = args.filter((arg) => arg.startsWith('--')).map((arg) => arg.split('=', 1)[0])
  const names = [...new Set([...own, ...typed])].flatMap((name) => {
    const found = name === undefined ? null : named(name, command)
    if (!name || !found) return []
    const type = found.option.required && !found.isOpposite ? 'string' : 'boolean'
    const short = name.startsWith('--') ? {} : { short: name.slice(1) }
    return [[name.replace(/^--/, ''), { type, ...short }] as const]
  })
  return Object.fromEntries(names) satisfies ParseArgsConfig['options']
}

/**
 * The option of a name in any spelling; for `--no-x` without an option of its own, that of `--x`.
 */
function named(typed: string, command: CommandUnknownOpts): Name | null {
  const option = findOption(typed, command)
  const long = longName(typed)
  // The program answers this one
  if (option) return option.long === '--version' ? null : { option }
  const opposite = long.startsWith('--no-') ? `--${long.slice(5)}` : `--no-${long.slice(2)}`
  const repeated = command.options.find((each) => each.long === opposite && !each.required)
  const isTwice = long.startsWith('--no-no-')
  return repeated && !isTwice ? { option: repeated, isOpposite: true } : null
}

/**
 * A line with `--x` and `--no-x` for `--x 1` and `--x 0`, which BitTornado's switches have.
 * @throws BtkitError `usage` for another value
 */
function withoutTruths(command: CommandUnknownOpts, args: readonly string[]): string[] {
  // Behind a space it may be an operand
  const truth = command.registeredArguments.length === 0 ? /^(?!-)/ : /^\d+$/
  const words: string[] = []
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? ''
    if (word === '--') return [...words, ...args.slice(at)]
    // Of very many words, nearly all are operands
    if (!word.startsWith('-')) {
      words.push(word)
      continue
    }
    const [typed = '', ...own] = word.split('=')
    const { option, isOpposite } = named(typed, command) ?? {}
    const next = own.length === 0 ? args[at + 1] : undefined
    const isTruth = option?.required === false && TRUTHS.has(longName(typed))
    if (isTruth && (own.length > 0 || truth.test(next ?? '-'))) {
      const text = next ?? own.join('=')
      if (!/^[01]$/.test(text)) throw usageError(`${longName(typed)} '${text}': not 1 or 0`)
      words.push(text === '1' ? typed : `--no-${longName(typed).slice(2)}`)
      if (next !== undefined) at += 1
    } else {
      words.push(word)
      if (option?.required && !isOpposite && next !== undefined) words.push(args[++at] ?? '')
    }
  }
  return words
}

/** Finds an option by its name in this or another command or program. */
function findOption(typed: string, { options }: CommandUnknownOpts): CommandOption | null {
  const long = longName(typed)
  const others = long.startsWith('--') ? otherNames(long.slice(2)) : []
  for (const name of [typed, long, ...others.map((each) => `--${each}`)]) {
    const found = options.find((option) => option.short === name || option.long === name)
    if (found) return found
  }
  return null
}

/** @throws BtkitError `usage` for a long name with one hyphen that is no value */
function requireHyphens(command: CommandUnknownOpts, args: readonly string[]): void {
  const end = args.indexOf('--')
  for (const [at, arg] of args.slice(0, end < 0 ? undefined : end).entries()) {
    if (!arg.startsWith('-')) continue
    const [typed = ''] = arg.split('=', 1)
    if (!/^-[a-z][a-z_-]{3,}$/.test(typed)) continue
    const { long } = findOption(`-${typed}`, command) ?? {}
    const before = findOption(args[at - 1] ?? '', command)
    if (long && !before?.required) throw usageError(`${typed}: has one hyphen; type ${long}`)
  }
}

const longName = (arg: string) => (arg.startsWith('--') ? arg.replaceAll('_', '-') : arg)
