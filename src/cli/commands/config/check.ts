import { NAMES_ELSEWHERE, otherNames } from '../../options/old-names.js'
import { BtkitError } from '../../../base/errors.js'
import { VERSIONS } from '../../../core/make/asked.js'
import type { Io } from '../../io.js'
import { DEFAULTS, defaultText, takesDefault } from '../../options/table.js'
import type { OptionEntry } from '../../options/option.js'
import {
  configurationFiles,
  readConfigurations,
  readConfigurationText,
  configurationOf,
  type Configuration,
  presetsOf,
} from '../../configuration/files.js'
import { itemsOf, Problems, type Section } from '../../options/given.js'
import { type Known, parseAll } from '../../configuration/parse.js'
import { contradictionIn, lackIn } from '../../configuration/together.js'
import { suggestion } from '../../line/spelling.js'
import { aliasesIn, trackerRules } from '../../configuration/trackers.js'
import {
  type Entries,
  findByKey,
  givenAt,
  layerOf,
  unknownKey,
} from '../../configuration/sources.js'

/** The options of each section of a configuration. A section may serve several commands. */
export type SectionTable = ReadonlyMap<string, readonly Entries[]>

/**
 * Checks a configuration file. Each message has file, line and column, and reports unknown
 * sections, unknown keys or invalid values.
 * `config` is the file of `--config`, if given: presets of no other file count then.
 */
export async function checkFile(
  path: string,
  table: SectionTable,
  io: Io,
  config: string | undefined,
): Promise<readonly BtkitError[]> {
  const problems = new Problems()
  try {
    const configuration = await configurationOf(readConfigurationText(path, io), path, problems)
    const aliases = new Map(aliasesIn(configuration, problems))
    const world = { env: io.env, cwd: io.cwd, aliases, problems }
    const makers = makersOf(table)
    const { sections } = configuration
    for (const section of sections) {
      const commands = optionsOf(section.name, table)
      checkOptions(section, commands, world)
      // An option of the defaults may find what it needs in the section of a command
      if (section.name !== DEFAULTS) checkNeeds(section, sections, commands, world)
    }
    for (const preset of configuration.presets) checkOptions(preset, makers, world)
    await checkPresetNames(configuration, problems, io, config)
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
  config: string | undefined,
): Promise<void> {
  const { defaultPreset, sections } = configuration
  const entries = [...defaultPreset, ...sections.flatMap((section) => section.entries)]
  const own = presetsOf([configuration])
  const named = entries.filter(({ key }) => key === 'preset')
  const unknown = named.flatMap(({ item }) => {
    if (item.value.kind === 'map')
      problems.add(item.place.error('preset: a single value is expected here'))
    const names = itemsOf(item).flatMap(({ value }) => (value.kind === 'text' ? value.text : []))
    const missing = names.filter((name) => !own.has(name) && !/^(|~|null|false)$/i.test(name))
    return missing.map((name) => ({ name, place: item.place }))
  })
  if (unknown.length === 0) return
  const files = configurationFiles(config, io)
  const others = presetsOf(await readConfigurations(files, io, new Problems()))
  for (const { name, place } of unknown.filter((each) => !others.has(each.name))) {
    const why = suggestion(name, [...own.keys(), ...others.keys()])
    problems.add(place.error(`there is no preset ${name}${why}`))
  }
}

/** The options of the commands that have presets. A preset cannot name presets. */
function makersOf(table: SectionTable): Entries[] {
  const makers = [...table.values()].flat().filter((options) => options.has('preset'))
  return makers.map((options) => new Map([...options].filter(([key]) => key !== 'preset')))
}

/** The options of each command that a section counts for. */
function optionsOf(section: string, table: SectionTable): readonly Entries[] {
  if (section !== DEFAULTS) return table.get(section) ?? []
  return [...table].flatMap(([name, commands]) =>
    commands.map((options) => new Map([...options].filter(([key]) => takesDefault(name, key)))),
  )
}

interface CheckWorld extends Known {
  readonly problems: Problems
}

function checkOptions(section: Section, commands: readonly Entries[], world: CheckWorld): void {
  const { name, entries } = section
  const { problems } = world
  const before = problems.errors.length
  for (const { key, place, item } of entries) {
    const found = commands.flatMap((options) => findByKey(key, item, options) ?? [])
    if (found.length === 0) {
      const known = new Set(commands.flatMap((options) => [...options.keys()]))
      problems.add(place.error(unknownKey(key, name, known)))
    }
    // Commands may differ in what they take; each says the same of most
    parseAll(found.flatMap(givenAt), world, problems)
  }
  if (problems.errors.length > before) return
  // Commands may exclude the same options in another order, so one message is enough
  for (const options of commands) {
    const refused = contradictionIn(decidedIn(section, options, world), true)
    if (refused) problems.add(refused.place.error(refused.message))
    if (problems.errors.length > before) return
  }
}

/** Reports an option of a command that lacks one that it needs, also among the defaults. */
function checkNeeds(
  section: Section,
  sections: readonly Section[],
  commands: readonly Entries[],
  world: CheckWorld,
): void {
  const others = sections.filter(({ name }) => name === DEFAULTS)
  for (const options of commands) {
    const decided = [section, ...others].flatMap((each) => decidedIn(each, options, world))
    const refused = lackIn(decided, true)
    if (refused) world.problems.add(refused.place.error(refused.message))
  }
}

function decidedIn(section: Section, options: Entries, world: CheckWorld) {
  return parseAll(
    layerOf(section, options, world.problems, () => true).given,
    world,
    world.problems,
  )
}

type Schema = Readonly<Record<string, unknown>>

const SCALAR: Schema = { type: ['string', 'number', 'boolean'] }
const LIST: Schema = { anyOf: [SCALAR, { type: 'array', items: SCALAR }] }
const TIERS: Schema = { anyOf: [SCALAR, { type: 'array', items: LIST }] }

/** The JSON schema of a configuration, with which editors complete and check it. */
export function configurationSchema(table: SectionTable, summaries: ReadonlyMap<string, string>) {
  const sections = [...table].map(([name, commands]) => {
    const entries = commands.flatMap((options) => [...options.values()])
    return [name, section(entries, summaries.get(name) ?? name)] as const
  })
  const makers = makersOf(table)
  const preset = makers.flatMap((options) => [...options.values()])
  const all = [...table].flatMap(([name, commands]) => {
    const entries = commands.flatMap((options) => [...options.values()])
    return entries.filter(({ key }) => takesDefault(name, key))
  })
  const defaults = section(all, 'options for each command that has them')
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of btkit',
    type: ['object', 'null'],
    properties: {
      ...Object.fromEntries([[DEFAULTS, defaults], ...sections]),
      ...named(section(preset, 'options of the preset')),
    },
    additionalProperties: false,
  }
}

/** The sections with names as keys: presets, and trackers with their rules. */
function named(preset: Schema): Schema {
  const bytes = { type: ['string', 'number'] }
  const rule: Schema = {
    type: ['object', 'null'],
    description: 'rules of this tracker, by its host',
    properties: {
      private: { type: 'boolean' },
      source: SCALAR,
      'piece-length': { type: 'object', properties: { max: bytes }, additionalProperties: false },
      'max-torrent-size': bytes,
      version: { enum: VERSIONS },
      'announce-list': TIERS,
      'web-seed-base': LIST,
    },
    additionalProperties: false,
  }
  const map = (description: string, each: Schema): Schema => {
    return { type: ['object', 'null'], description, additionalProperties: each }
  }
  return {
    presets: map('options of makemetafile and completedir by the name of --preset', preset),
    'default-preset': { ...LIST, description: 'presets that count without --preset' },
    aliases: map('trackers by a name that stands for them', TIERS),
    trackers: map('rules of trackers', rule),
  }
}

function section(entries: readonly OptionEntry[], description: string): Schema {
  const byKey = new Map<string, Schema[]>()
  for (const entry of entries) {
    add(byKey, entry.key, valueSchema(entry))
    if (!entry.on) add(byKey, `no-${entry.key}`, { type: 'boolean', deprecated: true })
  }
  // As edit's tracker: false removes all trackers, and a URL is its set-tracker
  const own = new Map(entries.flatMap((entry) => (entry.on ? [[entry.key, entry] as const] : [])))
  for (const name of NAMES_ELSEWHERE.filter((each) => !own.has(each))) {
    const [other] = otherNames(name).flatMap((each) => own.get(each) ?? [])
    if (other) add(byKey, name, valueSchema(other))
  }
  const properties = [...byKey].sort().map(([key, schemas]) => [key, oneOf(schemas)] as const)
  return {
    type: ['object', 'null'],
    description,
    properties: Object.fromEntries(properties),
    additionalProperties: false,
  }
}

function add(byKey: Map<string, Schema[]>, key: string, schema: Schema): void {
  const schemas = byKey.get(key) ?? []
  const text = JSON.stringify(schema)
  if (!schemas.some((each) => JSON.stringify(each) === text)) schemas.push(schema)
  byKey.set(key, schemas)
}

function oneOf(schemas: readonly Schema[]): Schema {
  const [first] = schemas
  return schemas.length === 1 && first ? first : { anyOf: schemas }
}

function valueSchema(entry: OptionEntry): Schema {
  const standard = defaultText(entry)
  const description = (entry.on ?? entry.off)?.description ?? ''
  const about = standard === null ? description : `${description} (default: ${standard})`
  return { description: about, ...typeOf(entry) }
}

function typeOf({ kind, choices, traits }: OptionEntry): Schema {
  if (kind === 'switch') return { type: 'boolean' }
  if (choices) return { enum: choices }
  if (traits.trackers === 'tiers') return TIERS
  if (kind === 'list') return LIST
  if (kind === 'map') return { anyOf: [{ type: 'object' }, LIST] }
  return SCALAR
}
