import { Option, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { environmentLevel } from './environment.js'
import { normalizeOptionNames, otherKeys } from '../arguments/option-names.js'
import type { Io } from '../io.js'
import { givenOptions } from '../options/given.js'
import { optionEntries, type OptionEntry } from '../options/table.js'
import { LEGACY_KEYS } from '../options/traits.js'
import { configurationFiles, readConfigurationText } from './files.js'
import { settingChanges, strongest } from './levels.js'
import type { Candidate, Setting } from './settings.js'

/** `--config`, which each command has. */
export function configOption(): Option {
  const what = 'read this configuration file only (default: those of btkit-config(1))'
  return new Option('--config <file>', what).helpGroup('Options:')
}

/** A command whose settings are wanted. */
export interface Target {
  /** Its section in a configuration. */
  readonly section: string
  readonly command: CommandUnknownOpts
  /** Whether it is called by one of BitTornado's names, which take little from a configuration. */
  readonly isLegacy: boolean
}

/** A command line with what configuration and environment add. */
export interface ConfiguredLine {
  /** The settings in front, as arguments, and then what was typed. */
  readonly args: readonly string[]
  readonly settings: readonly Setting[]
  /**
   * Reads configuration and environment again, and says what of it this run does not have yet.
   * @throws BtkitError as configure does
   */
  readonly changes: () => Promise<string[]>
}

/**
 * Puts what configuration and environment say in front of the arguments of a command (those behind
 * its name), except what they displace.
 * @throws BtkitError `usage` for a configuration or a variable that is wrong
 */
export async function configure(
  args: readonly string[],
  target: Target,
  io: Io,
): Promise<ConfiguredLine> {
  const { command } = target
  const given = givenOptions(normalizeOptionNames(args, command), command)
  if (given.isHelp) return { args: given.args, settings: [], changes: () => Promise.resolve([]) }
  const typed = new Set(given.attributes)
  // The tracker may be an operand
  if (given.operands.some(looksLikeUrl)) typed.add('announce')
  const find = () => findSettings(target, { config: given.config, typed }, io)
  const settings = await find()
  const changes = async () => settingChanges(settings, await find())
  const added = settings.flatMap((setting) => setting.args)
  markOrigins(command, settings)
  return { args: [...added, ...given.args], settings, changes }
}

interface Typed {
  /** The file of `--config`. */
  readonly config: string | undefined
  readonly typed: ReadonlySet<string>
}

/**
 * What configuration and environment say of a command, except what the command line displaces.
 * @throws BtkitError `usage`
 */
export async function findSettings(
  { section, command, isLegacy }: Target,
  { config, typed }: Typed,
  io: Io,
): Promise<Setting[]> {
  const all = optionEntries(command)
  const entries = isLegacy ? onlyLegacy(all) : all
  const levels: Candidate[][] = []
  for (const path of configurationFiles(config, io)) {
    const text = readConfigurationText(path, io)
    if (!mayConcern(text, section, entries)) continue
    // To load what reads it takes a while
    const { levelsOf, sectionsOf } = await import('./sections.js')
    const wanted = { section, entries, isPartial: isLegacy || command.parent?.name() === section }
    levels.push(...levelsOf(sectionsOf(text, path), wanted, io))
  }
  levels.push(environmentLevel(isLegacy ? null : section, entries, io.env))
  return strongest(levels, typed, entries)
}

/**
 * Whether a configuration may say something of a command: it has its section, or one of its options
 * in any. Others need not be parsed. Only an escape could hide a name.
 */
function mayConcern(
  text: string,
  section: string,
  entries: ReadonlyMap<string, OptionEntry>,
): boolean {
  const names = [...entries.keys()].flatMap((key) => [key, ...otherKeys(key)])
  return text.includes('\\') || [section, ...names].some((name) => text.includes(name))
}

function onlyLegacy(entries: ReadonlyMap<string, OptionEntry>): Map<string, OptionEntry> {
  return new Map([...entries].filter(([key]) => LEGACY_KEYS.has(key)))
}

/** Has a command tell what a configuration says from what was typed. */
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

/** Text about options with the places of those that were not typed. */
export function nameOrigins(text: string, settings: readonly Setting[]): string {
  const places = settings.flatMap(({ entry, args, place }) => {
    const long = args[0]?.split('=')[0] ?? `--${entry.key}`
    const isNamed = new RegExp(`${long}(?![\\w-])`).test(text) && !text.includes(place)
    return isNamed ? [`${long} is from ${place}`] : []
  })
  return places.length === 0 ? text : `${text} (${places.join(', ')})`
}
