import { InvalidArgumentError } from '@commander-js/extra-typings'
import type { Preset } from '../../pages/torrent-fields.js'
import { formatTiers } from '../../pages/form.js'
import { pieceLength } from '../options/values.js'
import type { Io } from '../io.js'
import { readRightConfigurations } from './files.js'
import { cut, itemsOf, textsOf, type Located, type Section } from './located.js'
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
  const fields = entries.map(({ key, item }) => fieldOf(key, item, aliases))
  return { name, fields: Object.fromEntries(fields.filter((field) => field !== null)) }
}

/** The field for an option; null if the form has none, or it stays as it is. */
function fieldOf(
  key: string,
  item: Located,
  aliases: Aliases,
): readonly [name: string, value: string] | null {
  const text = textsOf(item).join('\n')
  const isOn = text.toLowerCase() === 'true' || text === '1'
  if (['announce', 'tracker', 'announce-list'].includes(key))
    return ['trackers', tiersText(item, aliases)]
  if (key === 'web-seed') return ['webseeds', text]
  if (key === 'exclude') return ['exclude', textsOf(item).join(' ')]
  if (key === 'piece-length') return ['piece', pieceLengthOf(text, item)]
  if (key === 'v2' || key === 'hybrid') return isOn ? ['version', key] : null
  if (key === 'private') return isOn ? [key, 'on'] : null
  if (key === 'hidden' || key === 'all') return isOn ? ['all', 'on'] : null
  return key === 'comment' || key === 'source' ? [key, text] : null
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
