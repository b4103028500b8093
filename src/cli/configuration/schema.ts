import {
  NAMES_ELSEWHERE,
  otherNames,
  DEFAULTS,
  defaultText,
  type OptionEntry,
  MAKERS,
  takesDefault,
} from '../options/table.js'
import type { SectionTable } from './check.js'

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
  const makers = MAKERS.flatMap((name) => table.get(name) ?? [])
  const ofMakers = makers.flatMap((options) => [...options.values()])
  const preset = ofMakers.filter(({ key }) => key !== 'preset')
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
  const bounds = { min: bytes, max: bytes }
  const rule: Schema = {
    type: ['object', 'null'],
    description: 'rules of this tracker, by its host',
    properties: {
      private: { type: 'boolean' },
      source: SCALAR,
      'piece-length': { type: 'object', properties: bounds, additionalProperties: false },
      'max-torrent-size': bytes,
      version: { enum: ['v1', 'v2', 'hybrid'] },
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

function section(all: readonly OptionEntry[], description: string): Schema {
  const byKey = new Map<string, Schema[]>()
  const entries = all.filter(({ isHidden }) => !isHidden)
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

function typeOf({ kind, choices, attribute }: OptionEntry): Schema {
  if (kind === 'switch') return { type: 'boolean' }
  if (choices) return { enum: choices }
  if (kind === 'tiers' || attribute === 'announce') return TIERS
  if (kind === 'list') return LIST
  if (kind === 'map') return { anyOf: [{ type: 'object' }, LIST] }
  return SCALAR
}
