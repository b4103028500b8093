import { formatGlobs, type Preset } from '../../pages/torrent-fields.js'
import { formatTiers } from '../../pages/form.js'
import { declareTorrentOptions } from '../options/torrent.js'
import { optionEntries } from '../options/table.js'
import { Problems, type Section } from '../options/given.js'
import type { Io } from '../io.js'
import { readRightConfigurations, presetsOf } from './files.js'
import { type Known, parseAll } from './parse.js'
import { aliasesIn } from './trackers.js'
import { type Entries, findByKey, givenAt } from './sources.js'

/**
 * The presets of the configuration, as fields of a form: their options are decided as those of a
 * command, so that aliases, secrets and mistakes are the same here.
 * @throws BtkitError `usage` for a wrong configuration
 */
export async function formPresets(option: string | undefined, io: Io): Promise<Preset[]> {
  const files = await readRightConfigurations(option, io)
  const problems = new Problems()
  const known = {
    env: io.env,
    aliases: new Map(files.flatMap((file) => aliasesIn(file, problems))),
    problems,
  }
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
    const found = findByKey(key, item, entries)
    const [decided] = parseAll(found ? givenAt(found) : [], known, known.problems)
    const value = decided?.value
    // Without an option that is off the form does the same
    if (key === 'trackerless' || (found && (value === false || value === undefined))) continue
    const field = found && FIELDS[found.entry.key]?.(value as never)
    if (field) fields[field[0]] = field[1]
    else missing.push(key)
  }
  return { name, fields, missing }
}

type Field = readonly [name: string, text: string] | null

const trackersField = (tiers: readonly string[][]): Field => ['trackers', formatTiers(tiers)]
const pieceField = (length: number | 'auto'): Field => ['piece', String(length)]

/** The fields of options with their texts; null if a form has none for a value. */
const FIELDS: Readonly<Record<string, (value: never) => Field>> = {
  announce: trackersField,
  'announce-list': trackersField,
  'web-seed': (urls: readonly string[]) => ['webseeds', urls.join('\n')],
  exclude: (globs: readonly string[]) => {
    return globs.some((glob) => glob.includes('"')) ? null : ['exclude', formatGlobs(globs)]
  },
  'piece-length': pieceField,
  'piece-size-pow2': pieceField,
  comment: (text: string) => ['comment', text],
  source: ([tag = '', ...others]: readonly string[]) => {
    return others.length > 0 ? null : ['source', tag]
  },
  v2: () => ['version', 'v2'],
  hybrid: () => ['version', 'hybrid'],
  private: () => ['private', 'on'],
  hidden: () => ['all', 'on'],
}
