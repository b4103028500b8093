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

/** An option as it was typed: a word, or a letter of a word with several. */
interface Flag {
  readonly typed: string
  /** The text that is stuck to the name; null for none. */
  readonly value: string | null
  /** The rest of the word, if that has options, too. */
  readonly rest: string | null
}

/**
 * Splits the words behind a command, or behind an old name of one, by all names of its options:
 * also those of other commands and programs, and the BitTornado spelling `--announce_list`.
 *
 * The words are passed once. Behind `--`, all are operands. A word with a hyphen is a flag: a name,
 * with the value or the letters that are stuck to it. If the command has the name, the flag takes
 * its value from the word or from the next one, and letters that are left are flags of their own.
 * A name that only an old program had is skipped with its value. Others are unknown.
 * @throws BtkitError `usage` for an option without its value, and for `-comment`, of which `-c`
 *   would take `omment`
 */
export function splitLine(
  command: CommandUnknownOpts,
  words: readonly string[],
  oldNameOf: string | null = null,
): TypedLine {
  const [operands, unknown, skipped]: [string[], string[], string[]] = [[], [], []]
  const given = new Map<string, Located[]>()
  let config: string | undefined
  let at = 0
  /** Takes the next word for a value. */
  const take = () => words[++at] ?? null
  const readFlag = ({ typed, value, rest }: Flag, word: string): void => {
    const name = named(typed, command)
    const next = words[at + 1]
    if (!name || (value !== null && !mayHaveValue(name) && !isTruth(name, typed))) {
      if (oldNameOf === null || !isSkipped(oldNameOf, longName(typed))) {
        // Of several letters behind a hyphen, the first ones may be known
        unknown.push(typed.startsWith('--') ? word : `${typed}${value ?? ''}${rest ?? ''}`)
        return
      }
      const text = value ?? (next?.startsWith('--') === false ? take() : null)
      if (text && isOperand(oldNameOf, longName(typed))) operands.push(text)
      else skipped.push(longName(typed))
      return
    }
    if (isTruth(name, typed) && (value !== null || truthBehind(command).test(next ?? '-'))) {
      const truth = value ?? take() ?? ''
      if (!/^[01]$/.test(truth)) throw usageError(`${longName(typed)} '${truth}': not 1 or 0`)
      const meant = truth === '1' ? typed : `--no-${longName(typed).slice(2)}`
      add(meant, named(meant, command) ?? name, null)
      return
    }
    const { option, isOpposite } = name
    const mustTake = option.required && !isOpposite
    const mayTake = mayHaveValue(name) && next !== undefined && !isFlag(next)
    const text = value ?? (mustTake || mayTake ? take() : null)
    const isMissing = text === null || (text === '' && option.long === '--config')
    if (isMissing && mustTake)
      throw usageError(`${nameBeside(typed, option)}: its value is missing`)
    if (option.long === '--config') config = text ?? undefined
    add(typed, name, text)
    if (rest !== null) readFlag(flagOf(`-${rest}`, command), word)
  }
  const add = (typed: string, name: Name, text: string | null) => {
    const attribute = name.option.attributeName()
    given.set(attribute, [...(given.get(attribute) ?? []), useOf(typed, name, text)])
  }
  for (; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') {
      operands.push(...words.slice(at + 1))
      break
    }
    if (isFlag(word)) readFlag(flagOf(word, command), word)
    else operands.push(word)
  }
  const entries = [...optionEntries(command).values()]
  return {
    operands,
    given: [...given].flatMap(([attribute, own]): Given[] => {
      const entry = entries.find((each) => each.attribute === attribute)
      return entry ? [givenAs('line', entry, own)] : []
    }),
    config,
    unknown,
    skipped,
  }
}

function isFlag(word: string): boolean {
  return /^-./.test(word) && !NUMBER.test(word)
}

/**
 * @throws BtkitError `usage` for a long name with one hyphen
 */
function flagOf(word: string, command: CommandUnknownOpts): Flag {
  const [typed = '', ...own] = word.split('=')
  const value = own.length > 0 ? own.join('=') : null
  if (word.startsWith('--')) return { typed, value, rest: null }
  if (/^-[a-z][a-z_-]{3,}$/.test(typed)) {
    const { long } = findOption(`-${typed}`, command) ?? {}
    if (long) throw usageError(`${typed}: has one hyphen; type ${long}`)
  }
  const letter = word.slice(0, 2)
  const stuck = word.slice(2)
  const isValue = stuck !== '' && findOption(letter, command)?.required === true
  return {
    typed: letter,
    value: isValue ? stuck : null,
    rest: isValue || stuck === '' ? null : stuck,
  }
}

/** Whether BitTornado gives a switch 0 or 1. */
function isTruth({ option }: Name, typed: string): boolean {
  return !option.required && TRUTHS.has(longName(typed))
}

/** A truth in a word of its own; behind a space it may be an operand. */
function truthBehind({ registeredArguments }: CommandUnknownOpts): RegExp {
  return registeredArguments.length === 0 ? /^(?!-)/ : /^\d+$/
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
  const isOff = option.negate !== (isOpposite ?? false)
  const use = text === null ? textAt(name, String(!isOff), true) : textAt(name, text)
  return noteOldName(long.slice(2), option.long?.slice(2) ?? '', use)
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

const longName = (arg: string) => (arg.startsWith('--') ? arg.replaceAll('_', '-') : arg)
