import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { otherNames } from './old-names.js'
import { optionKeys, type SectionKeys } from '../command-list.js'
import { type CommandOption, type OptionEntry, traitsOf } from './option.js'

/** The options of a command by key, in the order of declaration. Later ones are not found. */
export function optionEntries(command: CommandUnknownOpts): ReadonlyMap<string, OptionEntry> {
  const known = found.get(command)
  if (known) return known
  const byAttribute = new Map<string, CommandOption[]>()
  for (const option of command.options) {
    // Neither is useful in a configuration
    if (option.long === '--version' || option.long === '--config') continue
    const attribute = option.attributeName()
    byAttribute.set(attribute, [...(byAttribute.get(attribute) ?? []), option])
  }
  const entries = [...byAttribute].map(([attribute, options]) => entryOf(attribute, options))
  const byKey = new Map(entries.map((entry) => [entry.key, entry]))
  found.set(command, byKey)
  return byKey
}

/** `config` asks three times for the options of all commands. */
const found = new WeakMap<CommandUnknownOpts, ReadonlyMap<string, OptionEntry>>()

function entryOf(attribute: string, options: readonly CommandOption[]): OptionEntry {
  const on = options.find(({ negate }) => !negate) ?? null
  const off = options.find(({ negate }) => negate) ?? null
  const option = on ?? off
  const long = (option?.long ?? '').slice('--'.length)
  return {
    traits: { ...traitsOf(off), ...traitsOf(on) },
    key: on ? long : long.slice('no-'.length),
    attribute,
    kind: on ? kindOf(on) : 'switch',
    on,
    off,
    isHidden: options.every(({ hidden }) => hidden),
    choices: on?.argChoices ?? null,
  }
}

function kindOf(option: CommandOption): OptionEntry['kind'] {
  const { form } = traitsOf(option)
  if (option.isBoolean()) return 'switch'
  if (form) return form === 'json-map' ? 'map' : form
  return Array.isArray(option.defaultValue) ? 'list' : 'value'
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

/** Whether the weaker of two options does not count beside the stronger one. */
export function displaces(stronger: OptionEntry, weaker: OptionEntry): boolean {
  const replaced = ({ traits }: OptionEntry) => [
    ...(traits.excludes ?? []),
    ...(traits.replaces ?? []),
  ]
  return (
    stronger.attribute === weaker.attribute ||
    replaced(stronger).includes(weaker.attribute) ||
    replaced(weaker).includes(stronger.attribute)
  )
}

/** Whether a command accepts an option from `defaults:`. */
export function takesDefault(section: string, key: string): boolean {
  return optionKeys()[section]?.own.includes(key) === false
}

/** The section whose options apply to each command that has them. */
export const DEFAULTS = 'defaults'

/** The section of all presets: they have the options of the commands that have presets. */
export const PRESETS = 'presets'

/** The sections that a configuration may have. */
export function knownSections(): string[] {
  return [DEFAULTS, ...Object.keys(optionKeys())]
}

/** The keys that a section may have, without `no-…` forms and names of other programs. */
export function knownKeys(section: string): string[] {
  return sectionsFor(section).flatMap(([name, { values, switches }]) =>
    [...values, ...switches].filter((key) => section !== DEFAULTS || takesDefault(name, key)),
  )
}

/**
 * Whether a section may have a key, in any of its forms; null asks for the section of any command.
 */
export function isKnownKey(key: string, section: string | null): boolean {
  const names = [key, ...otherNames(key)]
  const opposite = key.startsWith('no-') ? key.slice('no-'.length) : ''
  return sectionsFor(section).some(([command, { values, switches }]) => {
    const found =
      names.find((name) => values.includes(name) || switches.includes(name)) ??
      (switches.includes(opposite) ? opposite : undefined)
    return found !== undefined && (section !== DEFAULTS || takesDefault(command, found))
  })
}

function sectionsFor(section: string | null): (readonly [command: string, keys: SectionKeys])[] {
  const all = optionKeys()
  if (section === null || section === DEFAULTS) return Object.entries(all)
  if (section === PRESETS) return Object.entries(all).flatMap(inPresets)
  const own = all[section]
  return own ? [[section, own]] : []
}

/** The options of a command in presets; a preset cannot name presets. */
function inPresets([command, { values, ...others }]: [string, SectionKeys]): [
  string,
  SectionKeys,
][] {
  const own = values.filter((key) => key !== 'preset')
  return own.length < values.length ? [[command, { ...others, values: own }]] : []
}
