import { Option, type CommandUnknownOpts } from '@commander-js/extra-typings'
import type { TrackerRule } from '../../metainfo/lint/tracker-rule.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { normalizeOptionNames } from '../arguments/option-names.js'
import type { Io } from '../io.js'
import { BtkitError } from '../../errors.js'
import { givenOptions, trackersIn, type GivenOptions, type Part } from '../options/given.js'
import { optionEntries, type OptionEntry } from '../options/table.js'
import { LEGACY_KEYS, TRACKERS } from '../options/traits.js'
import { configurationFiles, readConfigurations } from './files.js'
import { aliasesOf, spellAliases } from './aliases.js'
import { settingChanges } from './levels.js'
import type { Configuration } from './sections.js'
import { settle, type Line, type Settled } from './settle.js'
import type { Mistakes, Setting } from './settings.js'
import { rulesToCheck } from './tracker-rules.js'

/** The option `--config`, which each command has. */
export function configOption(): Option {
  const what = 'read only this configuration file; see btkit-config(1)'
  return new Option('--config <file>', what).helpGroup('Options:')
}

/** The command whose settings are to be found. */
export interface Target {
  /** Its section in a configuration. */
  readonly section: string
  readonly command: CommandUnknownOpts
  /** Whether it was called by a BitTornado name. Then few options may come from a configuration. */
  readonly isLegacy: boolean
}

/** A command line with the settings of configuration and environment. */
export interface ConfiguredLine {
  /** The settings as arguments, followed by the typed arguments. */
  readonly args: readonly string[]
  readonly settings: readonly Setting[]
  /** The rules of trackers that count, each with its place. */
  readonly rules: readonly string[]
  /** Rules of trackers that the command line overrides. */
  readonly overridden: readonly string[]
  /**
   * Reads configuration and environment again. Returns a line for each change that needs a restart.
   * @throws BtkitError as configure does
   */
  readonly changes: () => Promise<string[]>
}

/** A command line that nothing is added to. */
export const asTyped = (args: readonly string[]): ConfiguredLine => ({
  args,
  settings: [],
  rules: [],
  overridden: [],
  changes: () => Promise.resolve([]),
})

/**
 * Adds the settings of configuration and environment before a command's arguments (those after its
 * name). Settings that the arguments override are omitted.
 * @throws BtkitError `usage` for an invalid configuration or variable
 */
export async function configure(
  args: readonly string[],
  target: Target,
  io: Io,
): Promise<ConfiguredLine> {
  const { command, isLegacy } = target
  const given = givenOptions(normalizeOptionNames(args, command), command)
  const typedArgs = given.parts.flatMap((part) => part.args)
  if (given.isHelp) return asTyped(typedArgs)
  if (isLegacy && given.attributes.has('preset'))
    throw new BtkitError('usage', '--preset: presets are for btkit makemetafile and completedir')
  const found = await findSettings(target, given, io).catch((error: unknown) => {
    // These have to work in spite of what is wrong
    if (/^(config|completion)$/.test(target.section) && error instanceof BtkitError) return null
    throw error
  })
  if (!found) return asTyped(typedArgs)
  const { parts, settings, rules, overridden } = found
  const changes = async () =>
    settingChanges(settings, (await findSettings(target, given, io)).settings)
  const added = settings.flatMap((setting) => setting.args)
  markOrigins(command, settings)
  const own = parts.flatMap((part) => part.args)
  return { args: [...added, ...own], settings, rules, overridden, changes }
}

interface Given extends Pick<GivenOptions, 'config' | 'parts' | 'attributes'> {
  readonly mistakes?: Mistakes
  /** Reads configuration files (default: readConfigurations). */
  readonly read?: (paths: readonly string[]) => Promise<Configuration[]>
}

/** A command line without anything. */
export const NOTHING_GIVEN: Given = {
  config: undefined,
  parts: [],
  attributes: new Set(),
}

/**
 * The settings of configuration and environment for a command, except those that the command line
 * overrides.
 * @throws BtkitError `usage` for a mistake, unless `given` has a set that mistakes are added to
 */
export async function findSettings(
  { section, command, isLegacy }: Target,
  given: Given,
  io: Io,
): Promise<Settled & { readonly parts: readonly Part[] }> {
  const all = optionEntries(command)
  const entries = isLegacy ? onlyLegacy(all) : all
  const presets = valuesOf('preset', given)
  const { config, mistakes } = given
  const readAll = (paths: readonly string[]) => readConfigurations(paths, io, mistakes)
  const read = given.read ?? readAll
  const own = await read(configurationFiles(config, io))
  const aliases = isLegacy ? new Map<string, never>() : aliasesOf(own, mistakes)
  const parts = spellAliases(given.parts, aliases, { cwd: io.cwd, section })
  const line = lineOf(parts, given.attributes, presets)
  const wanted = { section, entries, isLegacy, line }
  const world = { env: io.env, aliases, ...(mistakes && { mistakes }) }
  return { ...settle(own, wanted, world), parts }
}

/** The values that an option is given; null if it is not given. */
function valuesOf(
  attribute: string,
  { parts, attributes }: Pick<GivenOptions, 'parts' | 'attributes'>,
): string[] | null {
  if (!attributes.has(attribute)) return null
  const own = parts.filter(({ options }) => options.at(-1)?.attributeName() === attribute)
  return own.flatMap(({ value }) => value ?? [])
}

function lineOf(
  parts: readonly Part[],
  attributes: ReadonlySet<string>,
  presets: string[] | null,
): Line {
  const typed = new Set(attributes)
  const operands = parts.flatMap(({ operand }) => operand ?? []).filter(looksLikeUrl)
  // The tracker may be an operand, or an alias that was one
  const isAlias = parts.some(({ args: [arg = ''] }) => arg.startsWith('--announce='))
  if (operands.length > 0 || isAlias) typed.add('announce')
  const named = parts.filter(({ options, args: [arg = ''] }) => {
    return TRACKERS.has(options.at(-1)?.attributeName() ?? '') || arg.startsWith('--announce=')
  })
  const values = named.map(({ value, args }) => value ?? args[0] ?? '')
  return { parts, typed, presets, trackers: [...operands, ...values].flatMap(trackersIn) }
}

function onlyLegacy(entries: ReadonlyMap<string, OptionEntry>): Map<string, OptionEntry> {
  return new Map([...entries].filter(([key]) => LEGACY_KEYS.has(key)))
}

/** Lets a command distinguish configured options from typed ones. */
function markOrigins(command: CommandUnknownOpts, settings: readonly Setting[]): void {
  if (settings.length === 0) return
  command.hook('preAction', (_, action) => {
    for (const { entry, args } of settings) {
      if (args.length === 0) continue
      const value: unknown = action.getOptionValue(entry.attribute)
      action.setOptionValueWithSource(entry.attribute, value, 'config')
    }
  })
}

/** Adds to a message where its options come from, unless they were typed. */
export function nameOrigins(text: string, settings: readonly Setting[]): string {
  const places = settings.flatMap(({ entry, args, place }) => {
    const long = args[0]?.split('=')[0] ?? `--${entry.key}`
    const isNamed = new RegExp(`${long}(?![\\w-])`).test(text) && !text.includes(place)
    return isNamed ? [`${long} is from ${place}`] : []
  })
  return places.length === 0 ? text : `${text} (${places.join(', ')})`
}

/**
 * The rules of trackers in the configuration.
 * @throws BtkitError `usage`
 */
export async function configuredRules(
  option: string | undefined,
  io: Io,
): Promise<readonly TrackerRule[]> {
  return rulesToCheck(await readConfigurations(configurationFiles(option, io), io))
}
