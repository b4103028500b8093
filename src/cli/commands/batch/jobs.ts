import { dirname, resolve } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { isUnexpanded } from '../../../base/directories.js'
import { addressKind } from '../../open/torrent-input.js'
import { entriesOf, readConfigurationText } from '../../configuration/files.js'
import { parseConfiguration } from '../../configuration/parse-yaml.js'
import {
  defaultsFor,
  type Entries,
  findByKey,
  layerOf,
  unknownKey,
} from '../../configuration/sources.js'
import type { CommandJob } from '../../context.js'
import type { Io } from '../../io.js'
import { suggestion } from '../../line/spelling.js'
import {
  type Given,
  type Layer,
  itemsOf,
  type Located,
  type LocatedEntry,
  type Place,
  type Problems,
} from '../../options/given.js'
import { takesPaths } from '../../options/option.js'
import { optionEntries } from '../../options/table.js'

/** Options that the batch gives to all jobs. */
const OF_BATCH: ReadonlySet<string> = new Set(['json', 'quiet', 'dry-run'])

/** The key of the files, directories or torrents of a job. */
const PATH = 'path'

/** A job of a batch file. */
export interface BatchJob extends CommandJob {
  readonly name: string
  readonly place: Place
}

/**
 * Reads a batch file, whose jobs run these commands. Relative paths in it are relative to its
 * directory. Mistakes in jobs are added to the problems.
 * @throws BtkitError `usage` for a file without jobs, and as readConfigurationText
 */
export function readJobs(
  file: string,
  commands: readonly CommandUnknownOpts[],
  problems: Problems,
  io: Io,
): BatchJob[] {
  const entries = parseConfiguration(readConfigurationText(file, io), file)
  const item = (name: string) => entries.find(({ key }) => key === name)?.item
  const wrong = entries.find(({ key }) => key !== 'defaults' && key !== 'jobs')
  if (wrong) {
    const why =
      suggestion(wrong.key, ['defaults', 'jobs']) || '; a batch file has defaults and jobs'
    throw wrong.place.error(`unknown key "${wrong.key}"${why}`)
  }
  const known = new Map<string, KnownCommand>(
    commands.map((command) => {
      return [command.name(), { command, options: optionEntries(command), defaults: null }]
    }),
  )
  const defaults = entriesOf(item('defaults'), 'defaults')
  for (const entry of defaults)
    problems.try(undefined, () => {
      checkDefault(entry, [...known.values()])
    })
  const jobs = item('jobs')
  if (jobs?.value.kind === 'list')
    throw jobs.place.error("jobs: a list; each job needs a name: 'NAME: {COMMAND: {…}}'")
  return entriesOf(jobs, 'jobs').flatMap((entry) => {
    return problems.try<BatchJob[]>([], () => [jobOf(entry, known, defaults, file, problems)])
  })
}

interface KnownCommand {
  readonly command: CommandUnknownOpts
  readonly options: Entries
  /** The defaults of the batch that count for it, once a job asked for them. */
  defaults: Layer | null
}

/** `NAME: COMMAND: OPTIONS`. */
function jobOf(
  { key: name, place, item }: LocatedEntry,
  known: ReadonlyMap<string, KnownCommand>,
  defaults: readonly LocatedEntry[],
  file: string,
  problems: Problems,
): BatchJob {
  const names = [...known.keys()]
  const form = `a job is NAME: {COMMAND: OPTIONS}, with one of ${names.join(', ')}`
  const [entry, second] = entriesOf(item, name)
  if (!entry) throw place.error(`${name}: has no command; ${form}`)
  if (second) throw second.place.error(`${name}: has a second command; ${form}`)
  const found = known.get(entry.key)
  if (!found) {
    const why = suggestion(entry.key, names) || `; jobs run ${names.join(', ')}`
    throw entry.place.error(`no command "${entry.key}" for jobs${why}`)
  }
  const { command, options } = found
  const all = entriesOf(entry.item, entry.key)
  for (const each of all) refuseOfBatch(each)
  const directory = dirname(file)
  const ofBatch = { name: 'defaults', entries: defaults }
  found.defaults ??= typedIn(
    directory,
    defaultsFor(entry.key, layerOf(ofBatch, options, problems, null)),
  )
  const listed = { name: entry.key, entries: all.filter(({ key }) => key !== PATH) }
  const own = layerOf(listed, options, problems)
  return {
    name,
    place,
    command,
    layers: [found.defaults, typedIn(directory, own)],
    operands: operandsOf(name, place, all).map((each) => locatedPath(each, directory)),
  }
}

/** The layer as if its options were typed in a directory. */
function typedIn(directory: string, { name, given }: Layer): Layer {
  const typed = given.map((each) => {
    return { ...each, uses: each.uses.map((use) => located(use, each, directory)), isTyped: true }
  })
  return { name, given: typed }
}

/** Refuses a key of `defaults` that no command of jobs has. */
function checkDefault(entry: LocatedEntry, commands: readonly KnownCommand[]): void {
  refuseOfBatch(entry)
  if (commands.some(({ options }) => findByKey(entry.key, entry.item, options) !== null)) return
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

/** A value with its paths from a directory, if the option takes paths. */
function located(item: Located, { entry }: Pick<Given, 'entry'>, directory: string): Located {
  const { place, value } = item
  if (!takesPaths(entry)) return item
  if (value.kind === 'list') {
    const items = value.items.map((each) => located(each, { entry }, directory))
    return { place, value: { ...value, items } }
  }
  if (value.kind !== 'text' || value.text === '') return item
  if (value.text === '-') throw place.error(`${entry.key} '-': jobs have no standard streams`)
  return { place, value: { ...value, text: locatedPath(value.text, directory) } }
}

/** A slash at the end stays, because it stands for a directory. */
function locatedPath(path: string, directory: string): string {
  if (addressKind(path) !== null || isUnexpanded(path)) return path
  return resolve(directory, path) + (path.endsWith('/') ? '/' : '')
}
