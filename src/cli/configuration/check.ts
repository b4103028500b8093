import { BtkitError } from '../../errors.js'
import type { Io } from '../io.js'
import { DEFAULTS, type OptionEntry, MAKERS, takesDefault } from '../options/table.js'
import { aliasesOf } from './aliases.js'
import { configurationFiles, readConfigurations, readConfigurationText } from './files.js'
import { itemsOf, Problems, type Section } from './located.js'
import { suggestion, candidateOf, findEntry, type World } from './settings.js'
import { excludeEachOther } from './resolve.js'
import { configurationOf, presetsOf, unknownKey, type Configuration } from './sections.js'
import { trackerRules } from './tracker-rules.js'

/** The options of a command. */
type Entries = ReadonlyMap<string, OptionEntry>

/** The options of each section of a configuration. A section may serve several commands. */
export type SectionTable = ReadonlyMap<string, readonly Entries[]>

/**
 * Checks a configuration file. Each message has file, line and column, and reports unknown
 * sections, unknown keys or invalid values.
 */
export async function checkFile(
  path: string,
  table: SectionTable,
  io: Io,
): Promise<readonly BtkitError[]> {
  const problems = new Problems()
  try {
    const configuration = await configurationOf(readConfigurationText(path, io), path, problems)
    const world = { env: io.env, aliases: aliasesOf([configuration], problems), problems }
    const makers = MAKERS.flatMap((name) => table.get(name) ?? [])
    for (const section of configuration.sections)
      checkOptions(section, optionsOf(section.name, table), world)
    for (const preset of configuration.presets) checkPreset(preset, makers, world)
    await checkPresetNames(configuration, problems, io)
    for (const rule of trackerRules([configuration], problems).values())
      checkOptions(rule, makers, world)
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    problems.add(error)
  }
  return problems.errors
}

/** Reports presets that no file has. They may be in any file that btkit reads. */
async function checkPresetNames(
  configuration: Configuration,
  problems: Problems,
  io: Io,
): Promise<void> {
  const { defaultPreset, sections } = configuration
  const entries = sections.flatMap((section) => section.entries)
  const items = entries.filter(({ key }) => key === 'preset').map(({ item }) => item)
  const own = presetsOf([configuration])
  const unknown = [...(defaultPreset ? [defaultPreset] : []), ...items].flatMap((item) => {
    if (item.value.kind === 'map')
      problems.add(item.place.error('preset: a single value is expected here'))
    const names = itemsOf(item).flatMap(({ value }) => (value.kind === 'text' ? value.text : []))
    const missing = names.filter((name) => !own.has(name) && !/^(|~|null|false)$/i.test(name))
    return missing.map((name) => ({ name, place: item.place }))
  })
  if (unknown.length === 0) return
  const files = configurationFiles(undefined, io)
  const others = presetsOf(await readConfigurations(files, io, new Problems()))
  for (const { name, place } of unknown.filter((each) => !others.has(each.name))) {
    const why = suggestion(name, [...own.keys(), ...others.keys()])
    problems.add(place.error(`there is no preset ${name}${why}`))
  }
}

function checkPreset(preset: Section, all: readonly Entries[], world: World): void {
  // Presets cannot name presets
  const makers = all.map((options) => new Map([...options].filter(([key]) => key !== 'preset')))
  const before = world.problems.errors.length
  checkOptions(preset, makers, world)
  if (world.problems.errors.length > before) return
  for (const options of makers) {
    const used = preset.entries.flatMap(({ key, item }) => {
      const found = findEntry(key, options, item)
      const setting = found && candidateOf(found, item, world)?.open()
      // `false` leaves an option out
      return setting && setting.given !== null && setting.given !== false ? [setting] : []
    })
    for (const [at, { entry, place }] of used.entries()) {
      const other = used.slice(0, at).find((each) => excludeEachOther(each.entry, entry))
      if (!other) continue
      world.problems.add(place.error(`${other.entry.key} and ${entry.key} cannot be used together`))
    }
  }
}

/** The options of each command that a section counts for. */
function optionsOf(section: string, table: SectionTable): readonly Entries[] {
  if (section !== DEFAULTS) return table.get(section) ?? []
  return [...table].flatMap(([name, commands]) =>
    commands.map((options) => new Map([...options].filter(([key]) => takesDefault(name, key)))),
  )
}

function checkOptions({ name, entries }: Section, commands: readonly Entries[], world: World) {
  for (const { key, place, item } of entries) {
    const found = commands.flatMap((options) => findEntry(key, options, item) ?? [])
    if (found.length === 0) {
      const known = new Set(commands.flatMap((options) => [...options.keys()]))
      world.problems.add(place.error(unknownKey(key, name, known)))
    }
    // Commands may differ in what they take; each says the same of most
    for (const each of found) candidateOf(each, item, world)?.open()
  }
}
