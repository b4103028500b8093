import { dirname, resolve } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { looksLikeUrl } from '../../../metainfo/trackers.js'
import { readConfigurationText } from '../../configuration/files.js'
import {
  itemsOf,
  type Located,
  type LocatedEntry,
  type Place,
  type Problems,
  type Section,
} from '../../configuration/located.js'
import { suggestion, findEntry } from '../../configuration/settings.js'
import { parseConfiguration } from '../../configuration/parse-yaml.js'
import { entriesOf, unknownKey } from '../../configuration/sections.js'
import type { Io } from '../../io.js'
import { optionEntries, type OptionEntry, takesDefault } from '../../options/table.js'
import { valuesOf } from '../completion/offers.js'

/** The commands that jobs may run. */
const JOB_COMMANDS: readonly string[] = ['makemetafile', 'completedir', 'edit', 'publish']

/** Options that the batch gives to all jobs. */
const OF_BATCH: ReadonlySet<string> = new Set(['json', 'quiet', 'dry-run'])

/** The key of the files, directories or torrents of a job. */
const PATH = 'path'

/** A job of a batch file. */
export interface Job {
  readonly name: string
  readonly place: Place
  readonly command: CommandUnknownOpts
  readonly operands: readonly string[]
  /** The defaults of the batch that count for it, and its own options. */
  readonly sections: readonly Section[]
}

/** Everything that reading a batch file needs. */
export interface JobReader {
  readonly commands: readonly CommandUnknownOpts[]
  readonly problems: Problems
}

/**
 * Reads a batch file. Relative paths in it are relative to its directory. Mistakes in jobs are added
 * to the problems.
 * @throws BtkitError `usage` for a file without jobs, and as readConfigurationText
 */
export function readJobs(file: string, { commands, problems }: JobReader, io: Io): Job[] {
  const entries = parseConfiguration(readConfigurationText(file, io), file)
  const item = (name: string) => entries.find(({ key }) => key === name)?.item
  const wrong = entries.find(({ key }) => key !== 'defaults' && key !== 'jobs')
  if (wrong) {
    const why =
      suggestion(wrong.key, ['defaults', 'jobs']) || '; a batch file has defaults and jobs'
    throw wrong.place.error(`unknown key "${wrong.key}"${why}`)
  }
  const known = new Map(
    commands
      .filter((command) => JOB_COMMANDS.includes(command.name()))
      .map((command) => [command.name(), { command, options: optionEntries(command) }]),
  )
  const defaults = entriesOf(item('defaults'), 'defaults')
  for (const entry of defaults)
    problems.try(undefined, () => {
      checkDefault(entry, [...known.values()])
    })
  return entriesOf(item('jobs'), 'jobs').flatMap((entry) => {
    return problems.try<Job[]>([], () => [jobOf(entry, { known, defaults, file })])
  })
}

interface KnownCommand {
  readonly command: CommandUnknownOpts
  readonly options: ReadonlyMap<string, OptionEntry>
}

interface Surroundings {
  readonly known: ReadonlyMap<string, KnownCommand>
  readonly defaults: readonly LocatedEntry[]
  readonly file: string
}

/** `NAME: COMMAND: OPTIONS`. */
function jobOf({ key: name, place, item }: LocatedEntry, world: Surroundings): Job {
  const { known, defaults, file } = world
  const form = `a job is NAME: {COMMAND: OPTIONS}, with one of ${JOB_COMMANDS.join(', ')}`
  const [entry, second] = entriesOf(item, name)
  if (!entry) throw place.error(`${name}: has no command; ${form}`)
  if (second) throw second.place.error(`${name}: has a second command; ${form}`)
  const found = known.get(entry.key)
  if (!found) {
    const why = suggestion(entry.key, JOB_COMMANDS) || `; jobs run ${JOB_COMMANDS.join(', ')}`
    throw entry.place.error(`no command "${entry.key}" for jobs${why}`)
  }
  const { command, options } = found
  const all = entriesOf(entry.item, entry.key)
  for (const each of all) refuseOfBatch(each)
  const counting = defaults.filter(({ key, item: value }) => {
    const own = findEntry(key, options, value)
    return own !== null && takesDefault(entry.key, own.entry.key)
  })
  const directory = dirname(file)
  const section = (entries: readonly LocatedEntry[]): Section => {
    const located = entries.map((each) => locatedEntry(each, options, directory))
    return { name: entry.key, place, entries: located }
  }
  const own = all.filter(({ key }) => key !== PATH)
  return {
    ...{ name, place, command, sections: [section(counting), section(own)] },
    operands: operandsOf(name, place, all).map((each) => locatedPath(each, directory)),
  }
}

/** Refuses a key of `defaults` that no command of jobs has. */
function checkDefault(entry: LocatedEntry, commands: readonly KnownCommand[]): void {
  refuseOfBatch(entry)
  if (commands.some(({ options }) => findEntry(entry.key, options) !== null)) return
  const keys = commands.flatMap(({ options }) => [...options.keys()])
  throw entry.place.error(unknownKey(entry.key, 'defaults', keys))
}

function refuseOfBatch({ key, place }: LocatedEntry): void {
  if (OF_BATCH.has(key)) throw place.error(`${key}: is for all jobs; use btkit batch --${key}`)
}

function operandsOf(name: string, place: Place, entries: readonly LocatedEntry[]): string[] {
  const item = entries.find(({ key }) => key === PATH)?.item
  const paths = item ? itemsOf(item).map(pathOf) : []
  if (paths.length > 0 || entries.some(({ key }) => key === 'files-from')) return paths
  throw place.error(`${name}: has no ${PATH}`)
}

function pathOf({ place, value }: Located): string {
  if (value.kind === 'text' && value.text !== '' && value.text !== '-') return value.text
  throw place.error(`${PATH}: must be a path, or a list of paths`)
}

/** The value of an option that takes paths, with paths from a directory. */
function locatedEntry(
  entry: LocatedEntry,
  options: ReadonlyMap<string, OptionEntry>,
  directory: string,
): LocatedEntry {
  const option = findEntry(entry.key, options, entry.item)?.entry
  if (!option || !['file', 'directory', 'torrent'].includes(String(valuesOf(option)))) return entry
  const locate = (item: Located): Located => {
    const { place, value } = item
    if (value.kind === 'list') return { place, value: { ...value, items: value.items.map(locate) } }
    if (value.kind !== 'text' || value.text === '') return item
    if (value.text === '-') throw place.error(`${entry.key} '-': jobs have no standard streams`)
    return { place, value: { ...value, text: locatedPath(value.text, directory) } }
  }
  return { ...entry, item: locate(entry.item) }
}

/** A slash at the end stays, because it stands for a directory. */
function locatedPath(path: string, directory: string): string {
  if (looksLikeUrl(path)) return path
  return resolve(directory, path) + (path.endsWith('/') ? '/' : '')
}
