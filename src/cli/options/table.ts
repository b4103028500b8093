import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { MAPS, REPEATABLE, SEPARATORS, TIERED } from './traits.js'

export type CommandOption = CommandUnknownOpts['options'][number]

/**
 * The form of an option's value in a configuration: a boolean, one value, values, tiers of values,
 * or values by key.
 */
export type OptionKind = 'switch' | 'value' | 'list' | 'tiers' | 'map'

/** An option of a command, with properties derived from its declaration. */
export interface OptionEntry {
  /** The long name without leading hyphens; `cache` if only `--no-cache` exists. */
  readonly key: string
  /** Commander's name. */
  readonly attribute: string
  readonly kind: OptionKind
  /** The option that turns it on or gives its value; null if only `--no-…` exists. */
  readonly on: CommandOption | null
  /** The option `--no-…`; null if there is none. */
  readonly off: CommandOption | null
  /** Whether the help omits it, like names from old programs. */
  readonly isHidden: boolean
  /** The accepted values, if they are limited. */
  readonly choices: readonly string[] | null
  /** Whether it is a switch that takes 0 or 1, like BitTornado's. */
  readonly isZeroOrOne: boolean
}

/** The options of a command by key, in the order of declaration. */
export function optionEntries(command: CommandUnknownOpts): Map<string, OptionEntry> {
  const byAttribute = new Map<string, CommandOption[]>()
  for (const option of command.options) {
    // Neither is useful in a configuration
    if (option.long === '--version' || option.long === '--config') continue
    const attribute = option.attributeName()
    byAttribute.set(attribute, [...(byAttribute.get(attribute) ?? []), option])
  }
  const entries = [...byAttribute].map(([attribute, options]) => entryOf(attribute, options))
  return new Map(entries.map((entry) => [entry.key, entry]))
}

function entryOf(attribute: string, options: readonly CommandOption[]): OptionEntry {
  const on = options.find(({ negate }) => !negate) ?? null
  const off = options.find(({ negate }) => negate) ?? null
  const option = on ?? off
  const long = (option?.long ?? '').slice('--'.length)
  return {
    key: on ? long : long.slice('no-'.length),
    attribute,
    kind: on ? kindOf(on) : 'switch',
    on,
    off,
    isHidden: options.every(({ hidden }) => hidden),
    choices: on?.argChoices ?? null,
    isZeroOrOne: on?.flags.includes('<0|1') ?? false,
  }
}

function kindOf(option: CommandOption): OptionKind {
  const attribute = option.attributeName()
  if (option.isBoolean()) return 'switch'
  if (MAPS.has(attribute)) return 'map'
  if (TIERED.has(attribute)) return 'tiers'
  const isList = Array.isArray(option.defaultValue) || attribute in SEPARATORS
  return isList || REPEATABLE.test(attribute) ? 'list' : 'value'
}

/** The default of an option as text; null if it has none. */
export function defaultText({ on, off }: OptionEntry): string | null {
  if (!on) return 'true'
  const value: unknown = on.defaultValue
  if (Array.isArray(value)) return null
  if (on.defaultValueDescription !== undefined) return on.defaultValueDescription
  if (value === undefined) return off || !on.isBoolean() ? null : 'false'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A command with its path below `btkit`: `cache prune`. */
export interface NamedCommand {
  /** Its section in a configuration: `cache`. */
  readonly section: string
  readonly path: string
  readonly command: CommandUnknownOpts
}

/** The commands that do work. For a group of commands these are its members. */
export function leafCommands(commands: readonly CommandUnknownOpts[]): NamedCommand[] {
  return commands.flatMap((command) => {
    const section = command.name()
    if (command.commands.length === 0) return [{ section, path: section, command }]
    return command.commands.map((leaf) => {
      return { section, path: `${section} ${leaf.name()}`, command: leaf }
    })
  })
}
