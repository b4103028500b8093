import { NAMES_ELSEWHERE, otherNames } from '../../options/old-names.js'
import { BtkitError, usageError } from '../../../base/errors.js'
import { VERSIONS } from '../../../core/make/asked.js'
import type { Io } from '../../io.js'
import { DEFAULTS, defaultText, type NamedCommand, takesDefault } from '../../options/table.js'
import type { OptionEntry } from '../../options/option.js'
import {
  configurationFiles,
  readConfigurations,
  readConfigurationText,
  configurationOf,
  type Configuration,
} from '../../configuration/files.js'
import { Problems } from '../../options/given.js'
import { CommandLayers } from '../../configuration/decide.js'
import { contradictionIn, lackIn } from '../../configuration/together.js'
import type { Entries } from '../../configuration/sources.js'

/** The options of each section of a configuration. A section may serve several commands. */
export type SectionTable = ReadonlyMap<string, readonly Entries[]>

/**
 * Checks a configuration file by the layers of all commands. Each message has file, line and
 * column, and reports unknown sections, unknown keys or invalid values.
 * `config` is the file of `--config`, if given: presets of no other file count then.
 */
export async function checkFile(
  path: string,
  commands: readonly NamedCommand[],
  io: Io,
  config: string | undefined,
): Promise<readonly BtkitError[]> {
  const problems = new Problems()
  try {
    const own = await configurationOf(readConfigurationText(path, io), path, problems)
    // Presets may be in any file that btkit reads
    const others = await readConfigurations(configurationFiles(config, io), io, new Problems())
    const presets = others.flatMap((each) => each.presets)
    const read = [{ sections: [], presets, defaultPreset: [], aliases: [], trackers: [] }, own]
    const contrary = new Set<string>()
    for (const { section, command } of commands) {
      const target = { section, command, isLegacy: false }
      const layers = await CommandLayers.read(target, { config, read, problems }, io)
      checkLayers(layers, own, { problems, contrary })
    }
    for (const note of problems.notes) problems.add(usageError(note))
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    problems.add(error)
  }
  return problems.errors
}

/** The findings so far. */
interface Found {
  readonly problems: Problems
  /** The sections with options that exclude each other: other commands may have another order. */
  readonly contrary: Set<string>
}

/** Reports mistakes in all layers of a file that a command may have. */
function checkLayers(
  layers: CommandLayers,
  { presets: own }: Configuration,
  { problems, contrary }: Found,
): void {
  const { sections, entries } = layers.known
  const isMaker = entries.has('preset')
  const presets = isMaker ? own.map((each) => layers.presetLayer(each, problems)) : []
  const rules = isMaker ? layers.rules(problems) : []
  const lists = rules.map((rule) => ({ name: rule.name, given: rule.lists }))
  for (const { name, given } of [...sections, ...presets, ...rules, ...lists]) {
    const decided = layers.parse(given, problems)
    const named = decided.filter(({ entry }) => entry.key === 'preset')
    layers.namedPresets(named, problems)
    const refused = contradictionIn(decided, true)
    if (refused && !contrary.has(name)) problems.add(refused.place.error(refused.message))
    if (refused) contrary.add(name)
  }
  // An option of the defaults may find what it needs in the section of a command
  const [defaults = [], section = []] = sections
    .slice(-2)
    .map((each) => layers.parse(each.given, problems))
  const lack = section.length > 0 ? lackIn([...section, ...defaults], true) : null
  if (lack) problems.add(lack.place.error(lack.message))
}

/** The options of the commands that have presets. A preset cannot name presets. */
function makersOf(table: SectionTable): Entries[] {
  const makers = [...table.values()].flat().filter((options) => options.has('preset'))
  return makers.map((options) => new Map([...options].filter(([key]) => key !== 'preset')))
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
