import { formatGlobs, type Preset } from '../../pages/forms/torrent-fields.js'
import { formatTiers } from '../../metainfo/trackers.js'
import { declareTorrentOptions, type MakerOptions } from '../options/torrent.js'
import { torrentOptionsOf } from '../options/torrent-request.js'
import { optionEntries } from '../options/table.js'
import { Problems, type Section, shownText } from '../options/given.js'
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
    cwd: io.cwd,
    aliases: new Map(files.flatMap((file) => aliasesIn(file, problems))),
    problems,
  }
  const command = declareTorrentOptions('preset', false)
  const maker = { entries: optionEntries(command), standard: command.opts() }
  const presets = [...presetsOf(files).values()].map((each) => presetOf(each, maker, known))
  problems.throwFirst()
  return presets
}

/** The preset of a section, from the options that torrents have, and their values without one. */
function presetOf(
  { name, entries: all }: Section,
  { entries, standard }: { readonly entries: Entries; readonly standard: MakerOptions },
  known: Known & { readonly problems: Problems },
): Preset {
  const fields: Record<string, string> = {}
  const values = new Map<string, unknown>()
  const [names, missing]: [string[], string[]] = [[], []]
  for (const { key, item } of all) {
    const found = findByKey(key, item, entries)
    const problems = new Problems()
    const [decided] = parseAll(found ? givenAt(found) : [], known, problems)
    // Only cron or a service may have the secret; the other presets and pages are of use without it
    if (problems.errors.length > 0 && /\b(file|env):/.test(shownText(item))) {
      missing.push(key)
      continue
    }
    for (const error of problems.errors) known.problems.add(error)
    const { entry, value } = decided ?? {}
    // A switch that is off is as without a preset, and so is a form without trackers
    const isOff = entry?.kind === 'switch' && entry.on !== null && value === false
    if (key === 'trackerless' || isOff || (found && value === undefined)) continue
    const field = entry && FIELDS[entry.key]?.(value as never)
    if (field) fields[field[0]] = field[1]
    else if (entry && CARRIED.has(entry.key)) {
      values.set(entry.attribute, value)
      names.push(key)
    } else missing.push(key)
  }
  if (names.length === 0) return { name, fields, missing }
  const options = { ...standard, ...(Object.fromEntries(values) as Partial<MakerOptions>) }
  const carried = { ...torrentOptionsOf(options), creationDate: dateOf(options) }
  return { name, fields, carried: { names, options: carried }, missing }
}

/** The creation date; undefined for the time at which a torrent is made. */
function dateOf({ date }: MakerOptions): number | 'mtime' | null | undefined {
  if (date === false) return null
  return date === 'now' ? undefined : date
}

/** The options without a field that torrents get, too. */
const CARRIED: ReadonlySet<string> = new Set([
  ...['include', 'attributes', 'symlinks', 'sort-by', 'pad-files'],
  ...['target-pieces', 'max-torrent-size', 'max-piece-length'],
  ...['http-seed', 'node', 'created-by', 'date'],
  'set',
])

type Field = readonly [name: string, text: string] | null

const trackersField = (tiers: readonly string[][]): Field => ['trackers', formatTiers(tiers)]
const pieceField = (length: number | 'auto'): Field => ['pieceLength', String(length)]

/** The fields of options with their texts; null if a form has none for a value. */
const FIELDS: Readonly<Record<string, (value: never) => Field>> = {
  announce: trackersField,
  'announce-list': trackersField,
  'web-seed': (urls: readonly string[]) => ['webSeeds', urls.join('\n')],
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
