import { findEntry } from './find-entry.js'
import { excludeEachOther } from './levels.js'
import { suggestion } from './nearest.js'
import { namesIn, presetsOf } from './presets.js'
import { BtkitError } from '../../errors.js'
import type { Io } from '../io.js'
import type { OptionEntry } from '../options/table.js'
import { configurationFiles, readConfigurations, readConfigurationText } from './files.js'
import { aliasesOf } from './aliases.js'
import { DEFAULTS } from '../options/known-keys.js'
import { MAKERS, takesDefault } from '../options/traits.js'
import { configurationOf, unknownKey, type Configuration } from './sections.js'
import type { Section } from './read-file.js'
import { candidateOf, tolerate, type World } from './settings.js'
import { asOptions } from './tracker-rules.js'

/** The options of each section of a configuration. A section may serve several commands. */
export type SectionTable = ReadonlyMap<string, readonly ReadonlyMap<string, OptionEntry>[]>

/**
 * Checks a configuration file. Each message has file, line and column, and reports unknown
 * sections, unknown keys or invalid values.
 */
export async function checkFile(path: string, table: SectionTable, io: Io): Promise<string[]> {
  try {
    const mistakes = new Set<string>()
    const configuration = await configurationOf(readConfigurationText(path, io), path, mistakes)
    const { sections, presets } = configuration
    const aliases = aliasesOf([configuration], mistakes)
    const world = { env: io.env, aliases }
    const makers = MAKERS.flatMap((name) => table.get(name) ?? [])
    return [
      ...mistakes,
      ...sections.flatMap((section) => checkSection(section, table, world)),
      ...presets.flatMap((preset) => checkPreset(preset, withoutPresets(makers), world)),
      ...(await checkPresetNames(configuration, io)),
      ...checkRules(configuration, makers, world),
    ]
  } catch (error) {
    return [messageOf(error)]
  }
}

/** Reports presets that no file has. They may be in any file that btkit reads. */
async function checkPresetNames(configuration: Configuration, io: Io): Promise<string[]> {
  const { defaultPreset, sections } = configuration
  const entries = sections.flatMap((section) => section.entries)
  const own = presetsOf([configuration])
  const items = entries.filter(({ key }) => key === 'preset').map(({ item }) => item)
  const misshapen = [defaultPreset, ...items].flatMap((item) => {
    return item?.value.kind === 'map'
      ? [`${item.place}: preset: a single value is expected here`]
      : []
  })
  const unknown = [defaultPreset, ...items].flatMap((item) => {
    const names = namesIn({ defaultPreset: item })
    return names.flatMap((name) => (own.has(name) || isNoName(name) ? [] : [{ name, item }]))
  })
  if (unknown.length === 0) return misshapen
  const files = configurationFiles(undefined, io)
  const others = presetsOf(await readConfigurations(files, io, new Set()))
  const missing = unknown.filter(({ name }) => !others.has(name))
  return [
    ...misshapen,
    ...missing.map(({ name, item }) => {
      const why = suggestion(name, [...own.keys(), ...others.keys()])
      return `${item?.place ?? ''}: there is no preset ${name}${why}`
    }),
  ]
}

function isNoName(name: string): boolean {
  return /^(|~|null|false)$/i.test(name)
}

function checkPreset(
  preset: Section,
  makers: readonly ReadonlyMap<string, OptionEntry>[],
  world: World,
): string[] {
  const wrong = checkOptions(preset, makers, world)
  if (wrong.length > 0) return wrong
  const both = makers.flatMap((options) => {
    const used = preset.entries.flatMap(({ key, item }) => {
      const found = findEntry(key, options, item)
      const setting = found && candidateOf(found, item, world)?.open()
      // `false` leaves an option out
      return setting?.args.some((arg) => !arg.startsWith('--no-')) ? [setting] : []
    })
    return used.flatMap(({ entry, place }, at) => {
      const other = used.slice(0, at).find((each) => excludeEachOther(each.entry, entry))
      if (!other) return []
      return [`${place}: ${other.entry.key} and ${entry.key} cannot be used together`]
    })
  })
  return [...new Set(both)]
}

/** Presets cannot name presets. */
function withoutPresets(makers: readonly ReadonlyMap<string, OptionEntry>[]) {
  return makers.map((options) => new Map([...options].filter(([key]) => key !== 'preset')))
}

function checkRules(
  { trackers }: Pick<Configuration, 'trackers'>,
  makers: readonly ReadonlyMap<string, OptionEntry>[],
  world: World,
): string[] {
  return trackers.flatMap((rule) => {
    const mistakes = new Set<string>()
    const nothing = { ...rule, entries: [] }
    const options = tolerate(mistakes, nothing, () => asOptions(rule, mistakes))
    return [...mistakes, ...checkOptions(options, makers, world)]
  })
}

function checkSection(section: Section, table: SectionTable, world: World): string[] {
  const { name } = section
  const commands = name === DEFAULTS ? optionsOfDefaults(table) : (table.get(name) ?? [])
  return checkOptions(section, commands, world)
}

/** The options of each command that `defaults:` counts for. */
function optionsOfDefaults(table: SectionTable): Map<string, OptionEntry>[] {
  return [...table].flatMap(([section, commands]) =>
    commands.map((options) => new Map([...options].filter(([key]) => takesDefault(section, key)))),
  )
}

function checkOptions(
  { name, entries }: Section,
  commands: readonly ReadonlyMap<string, OptionEntry>[],
  world: World,
): string[] {
  return entries.flatMap(({ key, place, item }) => {
    const found = commands.flatMap((options) => findEntry(key, options, item) ?? [])
    if (found.length === 0) {
      const known = new Set(commands.flatMap((options) => [...options.keys()]))
      return [`${place}: ${unknownKey(key, name, known)}`]
    }
    // Commands may differ in what they take; each says the same of most
    const opened = found.flatMap((each) => tryOpen(() => candidateOf(each, item, world)?.open()))
    return [...new Set(opened)]
  })
}

function tryOpen(open: () => unknown): string[] {
  try {
    open()
    return []
  } catch (error) {
    return [messageOf(error)]
  }
}

function messageOf(error: unknown): string {
  if (error instanceof BtkitError) return error.message
  throw error
}
