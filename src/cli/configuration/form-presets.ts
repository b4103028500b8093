import { formatGlobs, type Preset } from '../../pages/torrent-fields.js'
import { formatTiers } from '../../pages/form.js'
import { declareTorrentOptions } from '../options/torrent.js'
import { optionEntries } from '../options/table.js'
import { Problems, type Section } from '../options/given.js'
import type { Io } from '../io.js'
import { aliasesOf } from './aliases.js'
import { readRightConfigurations } from './files.js'
import { type Decided, type Known, parseAll } from './parse.js'
import { type Entries, findOption, givenAt, presetsOf } from './sections.js'

/**
 * The presets of the configuration, as fields of a form: their options are decided as those of a
 * command, so that aliases, secrets and mistakes are the same here.
 * @throws BtkitError `usage` for a wrong configuration
 */
export async function formPresets(option: string | undefined, io: Io): Promise<Preset[]> {
  const files = await readRightConfigurations(option, io)
  const problems = new Problems()
  const known = { env: io.env, aliases: aliasesOf(files, problems), problems }
  const entries = optionEntries(declareTorrentOptions('preset', { value: 'auto', text: 'auto' }))
  const presets = [...presetsOf(files).values()].map((each) => presetOf(each, entries, known))
  problems.throwFirst()
  return presets
}

function presetOf(
  { name, entries: all }: Section,
  entries: Entries,
  known: Known & { readonly problems: Problems },
): Preset {
  const fields: Record<string, string> = {}
  const missing: string[] = []
  for (const { key, item } of all) {
    const found = findOption(key, item, entries)
    const decided = parseAll(found ? givenAt(found) : [], known, known.problems)
    if (!found || decided.some((each) => !fill(fields, each))) missing.push(key)
  }
  return { name, fields, missing }
}

/** The fields of options that are on. */
const SWITCHES: Readonly<Record<string, readonly [name: string, value: string]>> = {
  v2: ['version', 'v2'],
  hybrid: ['version', 'hybrid'],
  private: ['private', 'on'],
  hidden: ['all', 'on'],
}

/** Fills in the field of an option; false if the form has none for it, or for this value. */
function fill(fields: Record<string, string>, { entry: { key }, value }: Decided): boolean {
  const field = SWITCHES[key]
  // Without it the form does the same
  if (key === 'trackerless' || value === undefined || (field && value === false)) return true
  const [name, text] = field ?? fieldOf(key, value)
  if (text === null) return false
  fields[name] = text
  return true
}

function fieldOf(key: string, value: unknown): readonly [name: string, text: string | null] {
  const texts = (Array.isArray(value) ? value : [value]) as readonly string[]
  const [first = ''] = texts
  switch (key) {
    case 'announce':
    case 'announce-list':
      return ['trackers', formatTiers(value as readonly string[][])]
    case 'web-seed':
      return ['webseeds', texts.join('\n')]
    case 'exclude':
      return ['exclude', texts.some((glob) => glob.includes('"')) ? null : formatGlobs(texts)]
    case 'piece-length':
    case 'piece-size-pow2':
      return ['piece', String(value)]
    case 'comment':
    case 'source':
      return [key, texts.length === 1 ? first : null]
    default:
      return ['', null]
  }
}
