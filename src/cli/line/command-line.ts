import {
  InvalidArgumentError,
  type Argument,
  type CommandUnknownOpts,
} from '@commander-js/extra-typings'
import { usageError } from '../../errors.js'
import { looksLikeUrl, parseTrackers } from '../../metainfo/trackers.js'
import type { UsedOption } from '../options/exclusions.js'
import type { CommandOption } from '../options/option.js'
import { otherNames, TRUTHS } from '../options/bittornado.js'

type Parser = (text: string, previous: unknown) => unknown

/** A use of an option on the command line. */
export interface TypedOption {
  readonly option: CommandOption
  /** The name as it was typed: another program's, the short one, or its own. */
  readonly name: string
  /** Null for a switch. */
  readonly text: string | null
}

/**
 * The command line of a command. commander parses it once; the values of options stay texts until
 * configuration and environment are known, because an alias of a tracker is none of its own types.
 */
export class CommandLine {
  readonly #parsers = new Map<CommandOption, Parser | undefined>()
  readonly #required = new Set<CommandOption>()
  #options: TypedOption[] = []
  /** The options that it has, by commander's names, also a `--no-x` that only repeats the default. */
  readonly attributes = new Set<string>()
  /** How options were typed, in their order. */
  readonly #names = new Map<CommandOption, string[]>()

  /** Prepares a command, whose options are not parsed yet. */
  constructor(readonly command: CommandUnknownOpts) {
    for (const option of command.options) {
      this.#parsers.set(option, option.parseArg)
      setParser(option, undefined)
      if (option.mandatory) this.#required.add(option)
      option.mandatory = false
      command.on(`option:${option.name()}`, (text: string | undefined) => {
        this.attributes.add(option.attributeName())
        const name = this.#names.get(option)?.shift() ?? option.short ?? ''
        this.#options.push({ option, name, text: text ?? null })
      })
    }
    for (const argument of command.registeredArguments) nameInErrors(argument)
    const parse = command.parseOptions.bind(command)
    command.parseOptions = (args) => parse(this.#spell(args))
  }

  get options(): readonly TypedOption[] {
    return this.#options
  }

  get operands(): readonly string[] {
    return this.command.args
  }

  /** The values that an option was given; null if it was not. */
  valuesOf(attribute: string): string[] | null {
    if (!this.attributes.has(attribute)) return null
    const own = this.#options.filter(({ option }) => option.attributeName() === attribute)
    return own.flatMap(({ text }) => text ?? [])
  }

  /** Puts other options and operands in the place of those that were typed. */
  replace(options: readonly TypedOption[], operands: readonly string[]): void {
    for (const { option } of options) this.attributes.add(option.attributeName())
    this.#options = [...options]
    if (
      operands.length === this.operands.length &&
      operands.every((each, i) => each === this.operands[i])
    )
      return
    this.command.args = [...operands]
    this.command.processedArgs = processed(this.command)
  }

  /** Makes the options able to parse values again. */
  restore(): void {
    for (const [option, parser] of this.#parsers) setParser(option, parser)
    for (const option of this.#required) option.mandatory = true
  }

  /**
   * Gives the command the values of its typed options.
   * @throws BtkitError `usage` for a wrong value
   */
  apply(): void {
    const values = new Map<string, unknown>()
    for (const { option, name, text } of this.#options) {
      const attribute = option.attributeName()
      if (text === null) values.set(attribute, !option.negate)
      else {
        const before = values.get(attribute)
        const previous = typeof before === 'boolean' ? undefined : before
        const parse = (option.parseArg as Parser | undefined) ?? ((each: string) => each)
        const value = nameValue(`${name} '${text}'`, () => {
          return parse(text, previous ?? option.defaultValue)
        })
        values.set(attribute, value)
      }
    }
    for (const [attribute, value] of values)
      this.command.setOptionValueWithSource(attribute, value, 'cli')
  }

  /** The typed options with their values. A tracker among the operands is one of `--announce`. */
  get used(): UsedOption[] {
    const { command } = this
    const typed = [...new Set(this.#options.map(({ option }) => option))].map((option) => {
      const value: unknown = command.getOptionValue(option.attributeName())
      const own = option.negate ? false : value === false ? true : value
      return { option, name: option.long ?? '', value: own }
    })
    const takesTracker = command.registeredArguments.some((argument) => {
      return /tracker|announce/.test(argument.name())
    })
    const announce = command.options.find(({ long }) => long === '--announce')
    const url = takesTracker ? this.operands.find(looksLikeUrl) : undefined
    if (!announce || url === undefined) return typed
    return [...typed, { option: announce, name: url, value: parseTrackers(url) }]
  }

  /** Reports missing options, as commander does. */
  check(): void {
    const { command } = this
    for (const option of command.options) {
      if (option.mandatory && command.getOptionValue(option.attributeName()) === undefined)
        command.error(`error: required option '${option.flags}' not specified`)
    }
  }

  /** BitTornado's spelling `--announce_list`, and names in other commands and programs, count, too. */
  #find(arg: string): CommandOption | undefined {
    const long = longName(arg)
    const others = long.startsWith('--') ? otherNames(long.slice(2)) : []
    const names = [arg, long, ...others.map((name) => `--${name}`)]
    return names.flatMap(
      (name) =>
        this.command.options.find(({ short, long }) => short === name || long === name) ?? [],
    )[0]
  }

  /**
   * `--no-x` for a switch `--x`, or `--x` if only `--no-x` exists, repeats the default and overrides a
   * configuration. Returns whether it does.
   */
  #repeats(long: string): boolean {
    if (!long.startsWith('--')) return false
    const opposite = long.startsWith('--no-') ? `--${long.slice(5)}` : `--no-${long.slice(2)}`
    const option = this.command.options.find((each) => each.long === opposite && !each.required)
    if (option) this.attributes.add(option.attributeName())
    return option !== undefined
  }

  /**
   * Spells options by their own names, notes how they were typed, and spells BitTornado's
   * `--switch 0` as `--no-switch`.
   */
  #spell(args: readonly string[]): string[] {
    let isOver = false
    let isValue = false
    let mayBeTruth = false
    return args.flatMap((arg, at) => {
      const isTruth = mayBeTruth && /^[01]$/.test(arg)
      mayBeTruth = false
      if (isTruth) return []
      isOver ||= arg === '--' && !isValue
      if (isValue || isOver) {
        isValue = false
        return [arg]
      }
      const [typed = '', ...rest] = arg.split('=')
      this.#requireHyphens(typed)
      const name = longName(typed)
      if (!this.#isTruth(name)) {
        isValue = this.#awaitsValue(arg)
        return this.#spellName(arg)
      }
      mayBeTruth = rest.length === 0
      const value = mayBeTruth ? args[at + 1] : rest.join('=')
      return this.#spellName(this.#spellTruth(name, value, !mayBeTruth))
    })
  }

  /** @throws BtkitError `usage` for `-comment`, of which commander reads `-c omment` */
  #requireHyphens(typed: string): void {
    const option = /^-[a-z][a-z_-]{3,}$/.test(typed) ? this.#find(longName(`-${typed}`)) : undefined
    if (option?.long) throw usageError(`${typed}: has one hyphen; type ${option.long}`)
  }

  /** Whether the next argument is its value, as after `--name`, `-n`, or the last of several letters. */
  #awaitsValue(arg: string): boolean {
    if (arg.startsWith('--')) return this.#find(arg)?.required ?? false
    for (let at = 1; arg.startsWith('-') && at < arg.length; at++) {
      const option = this.#find(`-${arg.charAt(at)}`)
      if (!option || option.required) return option !== undefined && at === arg.length - 1
    }
    return false
  }

  /** An argument with the option's own name; nothing for one that repeats a default. */
  #spellName(arg: string): string[] {
    const [typed = ''] = arg.startsWith('--') ? arg.split('=') : [arg.slice(0, 2)]
    const option = this.#find(typed)
    const long = longName(typed)
    if (!option) return arg === typed && this.#repeats(long) ? [] : [arg]
    const name = option.long === long ? long : typed
    this.#names.set(option, [...(this.#names.get(option) ?? []), name])
    return arg.startsWith('--') ? [(option.long ?? typed) + arg.slice(typed.length)] : [arg]
  }

  /** @throws BtkitError `usage` for a value other than 0 and 1 */
  #spellTruth(name: string, value: string | undefined, isWithin: boolean): string {
    if (value === '0') return `--no-${name.slice(2)}`
    if (value === undefined || value === '1') return name
    // Behind a space it may be an operand
    const isOwn = isWithin || this.command.registeredArguments.length === 0
    if (isOwn ? value.startsWith('-') : !/^\d+$/.test(value)) return name
    throw usageError(`${name} '${value}': not 1 or 0`)
  }

  #isTruth(name: string): boolean {
    if (!TRUTHS.has(name)) return false
    const names = [name, `--no-${name.slice(2)}`]
    return this.command.options.some(
      ({ long, required }) => !required && names.includes(long ?? ''),
    )
  }
}

/** The values of a command's operands, for its action. */
function processed({ args, registeredArguments }: CommandUnknownOpts): unknown[] {
  return registeredArguments.map((argument, at) => {
    const parse = argument.parseArg as Parser | undefined
    const values = argument.variadic ? args.slice(at) : args.slice(at, at + 1)
    const standard: unknown = argument.defaultValue
    if (values.length === 0) return standard ?? (argument.variadic ? [] : undefined)
    if (parse) return values.reduce<unknown>((previous, each) => parse(each, previous), standard)
    return argument.variadic ? values : values[0]
  })
}

const longName = (arg: string) => (arg.startsWith('--') ? arg.replaceAll('_', '-') : arg)

function setParser(option: CommandOption, parser: Parser | undefined): void {
  Object.assign(option, { parseArg: parser })
}

/**
 * Names the value that `parse` refuses.
 * @throws BtkitError `usage` in the form `--option 'value': why`. Shorter than commander's message.
 */
function nameValue<T>(what: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    throw usageError(`${what}: ${asReason(error.message)}`)
  }
}

function nameInErrors(argument: Argument): void {
  const { parseArg } = argument
  if (!parseArg) return
  argument.parseArg = <T>(value: string, previous: T): T =>
    nameValue(`<${argument.name()}> '${value}'`, () => parseArg(value, previous))
}

/** A sentence in the form that follows a colon. */
export function asReason(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}
