import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { MAPS, REPEATABLE, SEPARATORS, TIERED } from './traits.js'

export type CommandOption = CommandUnknownOpts['options'][number]

/**
 * What a configuration gives for an option: a boolean, one value, values, tiers of values, or values
 * by key.
 */
export type OptionKind = 'switch' | 'value' | 'list' | 'tiers' | 'map'

/** An option of a command: what the command declares, and what follows from it. */
export interface OptionEntry {
  /** The long name without hyphens in front; `cache` for a lone `--no-cache`. */
  readonly key: string
  /** As commander calls it. */
  readonly attribute: string
  readonly kind: OptionKind
  /** What turns it on or gives its value; null for a lone `--no-cache`. */
  readonly on: CommandOption | null
  /** `--no-…`; null if there is none. */
  readonly off: CommandOption | null
  /** Whether it is left out of the help, as a name that old programs had. */
  readonly isHidden: boolean
  /** Values that it takes, if only some. */
  readonly choices: readonly string[] | null
  /** Whether it is a switch that takes 0 or 1, as BitTornado's do. */
  readonly isZeroOrOne: boolean
}

/** The options of a command by their keys, in the order of its declarations. */
export function optionEntries(command: CommandUnknownOpts): Map<string, OptionEntry> {
  const byAttribute = new Map<string, CommandOption[]>()
  for (const option of command.options) {
    // Neither makes sense in a configuration
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
  /** Its key in a configuration: `cache`. */
  readonly section: string
  readonly path: string
  readonly command: CommandUnknownOpts
}

/** The commands that do something: a group of commands gives those in it. */
export function leafCommands(commands: readonly CommandUnknownOpts[]): NamedCommand[] {
  return commands.flatMap((command) => {
    const section = command.name()
    if (command.commands.length === 0) return [{ section, path: section, command }]
    return command.commands.map((leaf) => {
      return { section, path: `${section} ${leaf.name()}`, command: leaf }
    })
  })
}
