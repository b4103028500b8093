import { dirname, resolve } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { BtkitError } from '../../../errors.js'
import { looksLikeUrl } from '../../../metainfo/trackers.js'
import { findEntry } from '../../configuration/find-entry.js'
import { strongest } from '../../configuration/levels.js'
import type { Located, LocatedEntry } from '../../configuration/read-file.js'
import { candidatesOf, unknownKey } from '../../configuration/sections.js'
import type { Setting, World } from '../../configuration/settings.js'
import { valuesOf } from '../completion/offers.js'
import { optionEntries, type OptionEntry } from '../../options/table.js'
import { takesDefault } from '../../options/traits.js'
import type { Job } from './read-jobs.js'

/** Options that the batch gives to all jobs. */
const OF_BATCH: ReadonlySet<string> = new Set(['json', 'quiet', 'dry-run'])

/** The key of the files, directories or torrents of a job. */
const PATH = 'path'

/** The commands of jobs by their names, and the options for each job that has them. */
export interface JobContext {
  readonly commands: ReadonlyMap<string, CommandUnknownOpts>
  readonly defaults: readonly LocatedEntry[]
  /** The path of the batch file. Relative paths in it are relative to its directory. */
  readonly file: string
  readonly world: World
}

/**
 * Translates a job into the arguments of its command. Values are checked like those of a
 * configuration.
 * @throws BtkitError `usage` with file, line and column
 */
export function jobArguments(job: Job, context: JobContext): string[] {
  const { commands, defaults, file, world } = context
  const command = commands.get(job.command)
  const entries = command ? optionEntries(command) : new Map<string, OptionEntry>()
  const known = () => [PATH, ...entries.keys()]
  const others = [...commands.values()].map(optionEntries)
  const isOfOther = (key: string) => others.some((each) => findEntry(key, each) !== null)
  const isDefault = (key: string) =>
    job.command !== 'edit' || key === 'output' || takesDefault(job.command, key)
  const level = (name: string, all: readonly LocatedEntry[], isKnown: (key: string) => boolean) => {
    const own = all.filter((entry) => name === 'defaults' || entry.key !== PATH)
    own.forEach(refuseOfBatch)
    const section = { name, place: job.place, entries: own }
    const isTaken = (key: string) => name !== 'defaults' || isDefault(key)
    return candidatesOf(section, { entries, isKnown, known, isTaken }, world)
  }
  const levels = [
    level('defaults', defaults, isOfOther),
    level(job.command, job.entries, () => false),
  ]
  const settings = strongest(levels, new Set(), entries)
  const directory = dirname(file)
  const operands = operandsOf(job).map((operand) => located(operand, directory))
  return [job.command, ...settings.flatMap((each) => argsOf(each, directory)), '--', ...operands]
}

/** Refuses keys of `defaults` that no command of jobs has. */
export function checkDefaults({ commands, defaults }: JobContext): void {
  const all = [...commands.values()].map(optionEntries)
  for (const entry of defaults) {
    refuseOfBatch(entry)
    if (all.some((entries) => findEntry(entry.key, entries) !== null)) continue
    const known = all.flatMap((entries) => [...entries.keys()])
    throw new BtkitError('usage', `${entry.place}: ${unknownKey(entry.key, 'defaults', known)}`)
  }
}

function refuseOfBatch({ key, place }: LocatedEntry): void {
  if (!OF_BATCH.has(key)) return
  throw new BtkitError('usage', `${place}: ${key}: is for all jobs; use btkit batch --${key}`)
}

function operandsOf({ name, place, entries }: Job): string[] {
  const item = entries.find(({ key }) => key === PATH)?.item
  const items = item?.value.kind === 'list' ? item.value.items : item ? [item] : []
  const texts = items.map(textOf)
  if (texts.length > 0) return texts
  if (entries.some(({ key }) => key === 'files-from')) return []
  throw new BtkitError('usage', `${place}: ${name}: has no ${PATH}`)
}

function textOf({ place, value }: Located): string {
  if (value.kind === 'text' && value.text !== '' && value.text !== '-') return value.text
  throw new BtkitError('usage', `${place}: ${PATH}: must be a path, or a list of paths`)
}

/** The arguments of a setting, with paths from the directory of the batch file. */
function argsOf({ entry, args, place }: Setting, directory: string): string[] {
  if (!['file', 'directory', 'torrent'].includes(String(valuesOf(entry)))) return [...args]
  return args.map((arg) => {
    const [, long, value] = /^(--[\w-]+=)([^]+)$/.exec(arg) ?? []
    if (long === undefined || value === undefined) return arg
    if (value !== '-') return long + located(value, directory)
    throw new BtkitError('usage', `${place}: ${entry.key} '-': jobs have no standard streams`)
  })
}

/** A slash at the end stays, because it stands for a directory. */
function located(path: string, directory: string): string {
  if (looksLikeUrl(path)) return path
  return resolve(directory, path) + (path.endsWith('/') ? '/' : '')
}
