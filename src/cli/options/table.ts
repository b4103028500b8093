import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { createRequire } from 'node:module'

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

// Properties of options that their declarations do not contain, by commander's names.

/** The separator of options that take a whole list in one argument. */
export const SEPARATORS: Readonly<Record<string, string>> = { checksums: ',' }

/** Options that take tiers of trackers in one argument. */
export const TIERED: ReadonlySet<string> = new Set(['announceList'])

/** Repeatable options without a default. */
export const REPEATABLE = /^(tracker|webSeed|httpSeed)$/

/** Repeatable options that take `KEY=VALUE`. */
export const MAPS: ReadonlySet<string> = new Set(['set', 'dataPrefix', 'replace'])

/** Options of edit, reannounce and serve that take one tracker each time. */
const ONE_TRACKER = /^(add|remove|(add|remove)Tracker|tracker)$/

/** Whether an option takes one tracker each time. */
export function takesOneTracker(attribute: string): boolean {
  return ONE_TRACKER.test(attribute)
}

/** Whether an option takes trackers, and therefore their aliases. */
export function takesTrackers(attribute: string): boolean {
  return TRACKERS.has(attribute) || takesOneTracker(attribute)
}

/** Whether an option removes trackers, whose text may be wrong in any way. */
export function removesTrackers(attribute: string): boolean {
  return takesOneTracker(attribute) && attribute.startsWith('remove')
}

/** Whether values are often secret. They can be read from a file or a variable. */
export function isSecret(attribute: string): boolean {
  return SECRETS.has(attribute) || takesOneTracker(attribute)
}

const SECRETS: ReadonlySet<string> = new Set([
  'announce',
  'announceList',
  'replace',
  'track',
  'client',
  'publish',
  'store',
  'cacheUrl',
  'queue',
])

/** Options that cannot be used together, as the commands themselves check. */
const ALTERNATIVES: readonly (readonly string[])[] = [
  ['announce', 'announceList', 'trackerless', 'tracker', 'trackers'],
  ['followSymlinks', 'symlinks', 'storeSymlinks'],
  ['v2', 'hybrid', 'v1'],
  ['sortBy', 'v2'],
  ['sortBy', 'hybrid'],
  ['track', 'trackerless'],
  ['adopt', 'force'],
  ['clobber', 'force'],
  ['prune', 'pruneAll'],
  ['output', 'saveTo'],
  ['open', 'allowedDir'],
  ['open', 'allowedList'],
]

/** Whether two options exclude each other. Names are commander's. */
export function areAlternatives(one: string, other: string): boolean {
  return ALTERNATIVES.some((group) => group.includes(one) && group.includes(other))
}

/** Commands that edit what the defaults are for in new torrents. */
const EDITORS: readonly string[] = ['edit', 'reannounce', 'setwebseeds', 'sethttpseeds']

/** Options of these that may be defaults, because they do not say what to change. */
const HOW_TO_EDIT: ReadonlySet<string> = new Set([
  'force',
  'dry-run',
  'json',
  'quiet',
  'max-torrent-size',
])

/**
 * Options of a tracker's administration. `serve` refuses them without a tracker, so its own section
 * must have them.
 */
const OF_ADMINISTRATION: ReadonlySet<string> = new Set([
  'admin-users',
  'admin-listen',
  'admin-url',
  'make-from',
])

/** The commands that have presets. */
export const MAKERS: readonly string[] = ['makemetafile', 'completedir']

/** Whether a command accepts an option from `defaults:`. */
export function takesDefault(section: string, key: string): boolean {
  if (EDITORS.includes(section)) return HOW_TO_EDIT.has(key)
  // The default trackers are for new torrents
  if (section === 'scrape' && key === 'announce') return false
  // Elsewhere it names no directory of torrents
  if (key === 'output') return MAKERS.includes(section)
  if (section === 'serve' && OF_ADMINISTRATION.has(key)) return false
  // It is a switch of those that make torrents
  if (key === 'padding') return false
  // For these commands the option affects the piece length; for others it limits reading
  return key !== 'max-torrent-size' || !MAKERS.includes(section)
}

/** Options that the legacy names accept from a configuration: none changes a torrent. */
export const LEGACY_KEYS: ReadonlySet<string> = new Set([
  'cache',
  'cache-dir',
  'cache-trust',
  'cache-max-size',
  'state',
  'state-dir',
  'threads',
])

/** Variables that commands read themselves if an option is not given. */
export const OWN_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['cache-dir', 'BTKIT_CACHE_DIR'],
  ['cache-url', 'BTKIT_CACHE_URL'],
  ['state-dir', 'BTKIT_STATE_DIR'],
  ['client', 'BTKIT_CLIENT'],
])

/** Options that name trackers, of which a tracker's rule is about. */
export const TRACKERS: ReadonlySet<string> = new Set(['announce', 'announceList', 'tracker'])

/** The options of a command, or of all commands of a group, by their keys. */
export interface SectionKeys {
  readonly values: readonly string[]
  /** These have a `no-…` form each. */
  readonly switches: readonly string[]
}

/** The section whose options apply to each command that has them. */
export const DEFAULTS = 'defaults'

/**
 * The options of all commands by section. The build writes them to a file, because loading all
 * commands takes longer than most of them run.
 */
function allKeys(): Readonly<Record<string, SectionKeys>> {
  return createRequire(import.meta.url)('#option-keys') as Record<string, SectionKeys>
}

/** The sections that a configuration may have. */
export function knownSections(): string[] {
  return [DEFAULTS, ...Object.keys(allKeys())]
}

/** The keys that a section may have, without `no-…` forms and names of other programs. */
export function knownKeys(section: string): string[] {
  return sectionsFor(section).flatMap(([name, { values, switches }]) =>
    [...values, ...switches].filter((key) => section !== DEFAULTS || takesDefault(name, key)),
  )
}

/** Whether a section may have a key, in any of its forms; null asks for the section of any command. */
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
  const all = allKeys()
  if (section === null || section === DEFAULTS) return Object.entries(all)
  const own = all[section]
  return own ? [[section, own]] : []
}

/** Option names of other commands and programs, with btkit's names for them. */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['--target', ['--output']],
  ['--output-dir', ['--output']],
  ['--saveas', ['--output']],
  ['--tracker', ['--announce']],
  ['--announce', ['--tracker']],
  ['--httpseeds', ['--http-seed']],
  ['--http-seeds', ['--http-seed']],
  ['--add-tracker', ['--add']],
  ['--remove-tracker', ['--remove']],
  ['--all', ['--hidden']],
  ['--pad-files', ['--padding']],
  ['--piece-size', ['--piece-length']],
  ['--max-piece-length', ['--max-piece-size']],
  ['--min-piece-length', ['--min-piece-size']],
  ['--target-piece-count', ['--target-pieces']],
  // Names of bttrack
  ['--bind', ['--host']],
  ['--dfile', ['--state']],
  ['--logfile', ['--log-file']],
  ['--reannounce-interval', ['--interval']],
  ['--timeout-downloaders-interval', ['--timeout']],
  ['--timeout-downloaders', ['--timeout']],
  ['--save-dfile-interval', ['--save-interval']],
])

/** The long names of options in other commands and programs. Names have no leading hyphens. */
export const NAMES_ELSEWHERE: readonly string[] = [...OTHER_NAMES.keys()].map((name) => {
  return name.slice('--'.length)
})

/** btkit's possible names for another program's option. Names have no leading hyphens. */
export function otherNames(key: string): string[] {
  const names = OTHER_NAMES.get(`--${key}`) ?? []
  return names.map((name) => name.slice('--'.length))
}

/** Switches that take 0 or 1 in BitTornado. */
const SWITCHES: ReadonlySet<string> = new Set([
  '--check-hashes',
  '--allowed-controls',
  '--compact-reqd',
  '--keep-dead',
  '--show-infopage',
  '--show-names',
  '--allow-get',
  '--hupmonitor',
])

/** Whether a switch takes 0 or 1 in BitTornado. `name` has its hyphens. */
export function takesTruth(name: string): boolean {
  return SWITCHES.has(name)
}
