import { InvalidArgumentError } from '@commander-js/extra-typings'
import { formatGlobs, type Preset } from '../../pages/torrent-fields.js'
import { formatTiers } from '../../pages/form.js'
import { pieceLength } from '../options/values.js'
import type { Io } from '../io.js'
import { readRightConfigurations } from './files.js'
import { booleanOf, cut, itemsOf, textsOf, type Located, type Section } from './located.js'
import { presetsOf } from './sections.js'

type Aliases = ReadonlyMap<string, string>

/**
 * The presets of the configuration, as fields of a form.
 * @throws BtkitError `usage` for a wrong configuration
 */
export async function formPresets(option: string | undefined, io: Io): Promise<Preset[]> {
  const all = await readRightConfigurations(option, io)
  const aliases = new Map(
    all.flatMap((each) => each.aliases).map(({ key, item }) => [key, tiersText(item, new Map())]),
  )
  return [...presetsOf(all).values()].map((section) => presetOf(section, aliases))
}

function presetOf({ name, entries }: Section, aliases: Aliases): Preset {
  const fields: Record<string, string> = {}
  const missing: string[] = []
  for (const { key, item } of entries) {
    const [field, value] = fieldOf(key, item, aliases) ?? []
    if (field !== undefined && value !== undefined) fields[field] = value
    else if (!isNeutral(key, item)) missing.push(key)
  }
  return { name, fields, missing }
}

/** The fields of switches. */
const SWITCHES: Readonly<Record<string, readonly [name: string, value: string]>> = {
  v2: ['version', 'v2'],
  hybrid: ['version', 'hybrid'],
  private: ['private', 'on'],
  hidden: ['all', 'on'],
  all: ['all', 'on'],
}

/** Whether an option says what the form does without it. */
function isNeutral(key: string, item: Located): boolean {
  return key === 'trackerless' || (SWITCHES[key] !== undefined && booleanOf(item) === false)
}

/** The field for an option; null if the form has none for it, or for this value. */
function fieldOf(
  key: string,
  item: Located,
  aliases: Aliases,
): readonly [name: string, value: string] | null {
  const texts = textsOf(item)
  const text = texts.join('\n')
  const isOn = text.toLowerCase() === 'true' || text === '1'
  if (['announce', 'tracker', 'announce-list'].includes(key))
    return ['trackers', tiersText(item, aliases)]
  if (key === 'web-seed') return ['webseeds', text]
  if (key === 'exclude') return text.includes('"') ? null : ['exclude', formatGlobs(texts)]
  if (key === 'piece-length' || key === 'piece-size') return ['piece', pieceLengthOf(text, item)]
  if (isOn) return SWITCHES[key] ?? null
  return (key === 'comment' || key === 'source') && texts.length === 1 ? [key, text] : null
}

/** @throws BtkitError `usage` that names the place of a wrong length */
function pieceLengthOf(text: string, { place }: Located): string {
  try {
    return String(pieceLength(text))
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    throw place.error(`piece-length '${cut(text)}': ${error.message}`)
  }
}

/** A list of trackers is a tier each; a list of lists has their tiers. */
function tiersText(item: Located, aliases: Aliases): string {
  const resolved = (text: string) => aliases.get(text) ?? text
  if (item.value.kind !== 'list') return textsOf(item).map(resolved).join('\n')
  return formatTiers(itemsOf(item).map((each) => textsOf(each).map(resolved)))
}
