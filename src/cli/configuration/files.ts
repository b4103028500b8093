import { xdgDirectory } from '../../base/directories.js'
import { realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { asBtkitError, BtkitError, usageError } from '../../base/errors.js'
import { readWhole } from '../../disk/look/read-bounded.js'
import { lookAt } from '../../disk/look/stat-files.js'
import type { Io } from '../io.js'
import {
  cut,
  isEmpty,
  type Located,
  type LocatedEntry,
  Problems,
  type Section,
} from '../options/given.js'
import { suggestion } from '../line/spelling.js'
import { knownSections } from '../options/table.js'

/** The configuration of all users. */
export const SYSTEM_FILE = '/etc/btkit/config.yaml'

/** The largest configuration in bytes; thousands of lines fit. */
const MAX_CONFIGURATION = 256 * 1024

type World = Pick<Io, 'env' | 'cwd' | 'isRoot'>

/**
 * The configuration files in use, the strongest last. This is only the file of `--config` or
 * BTKIT_CONFIG if one is given, else the existing files of system and user. A link to nothing is
 * one, so that it is reported.
 */
export function configurationFiles(option: string | undefined, { env, cwd }: World): string[] {
  const only = option ?? (env['BTKIT_CONFIG'] || undefined)
  if (only !== undefined) return [resolve(cwd, only)]
  const user = userFile(env)
  // A directory that the user may not search, such as another user's home, has no file
  return [SYSTEM_FILE, ...(user === null ? [] : [user])].filter((path) => lookAt(path) !== null)
}

/** The user's configuration file; null without a home directory. */
export function userFile(env: World['env']): string | null {
  const base = xdgDirectory(env, 'XDG_CONFIG_HOME')
  if (base !== null) return join(base, 'btkit/config.yaml')
  const home = env['HOME']
  return home ? join(home, '.config/btkit/config.yaml') : null
}

/**
 * Reads a configuration file as text. Root reads only files that nobody else can change or replace,
 * because a configuration can run commands.
 * @throws BtkitError `usage`, `too-large`, `not-found`, `not-permitted` or `io`
 */
export function readConfigurationText(path: string, { isRoot }: Pick<World, 'isRoot'>): string {
  const bytes = readWhole(path, MAX_CONFIGURATION)
  if (bytes.length > 0 && isRoot) requireRoots(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw usageError(`${path}: not UTF-8`)
  }
}

/** Reads and parses configuration files. A file that cannot be read is a problem. */
export async function readConfigurations(
  paths: readonly string[],
  io: Pick<World, 'isRoot'>,
  problems: Problems,
): Promise<Configuration[]> {
  const read = paths.map(async (path) => {
    try {
      return await configurationOf(readConfigurationText(path, io), path, problems)
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      problems.add(error)
      return []
    }
  })
  return (await Promise.all(read)).flat()
}

/**
 * Reads the configuration files in use; see configurationFiles().
 * @throws BtkitError for the first mistake in them
 */
export async function readRightConfigurations(
  option: string | undefined,
  io: World,
): Promise<Configuration[]> {
  const problems = new Problems()
  const all = await readConfigurations(configurationFiles(option, io), io, problems)
  problems.throwFirst()
  return all
}

/** The keys of a configuration that are not sections of options. */
const NAMED = ['presets', 'default-preset', 'aliases', 'trackers'] as const

/** The content of a configuration file. */
export interface Configuration {
  readonly sections: readonly Section[]
  readonly presets: readonly Section[]
  /** The presets that count if nothing else names any, as the option `preset`. */
  readonly defaultPreset: readonly LocatedEntry[]
  /** Tiers of trackers by name. */
  readonly aliases: readonly LocatedEntry[]
  /** Rules of trackers by host. */
  readonly trackers: readonly Section[]
}

/**
 * Parses a configuration file into its sections. The yaml package takes milliseconds to load, so it
 * is loaded only if there is a configuration.
 * @throws BtkitError `usage` with file, line and column for a file that is no YAML
 */
export async function configurationOf(
  text: string,
  path: string,
  problems: Problems,
): Promise<Configuration> {
  const { parseConfiguration } = await import('./parse-yaml.js')
  const all = parseConfiguration(text, path)
  const item = (name: string) => all.find(({ key }) => key === name)?.item
  const map = (name: string) =>
    problems.try<readonly LocatedEntry[]>([], () => entriesOf(item(name), name))
  return {
    sections: sectionsIn(ofCommands(all, problems), problems),
    presets: sectionsIn(map('presets'), problems),
    defaultPreset: all.flatMap((entry) => {
      return entry.key === 'default-preset' ? [{ ...entry, key: 'preset' }] : []
    }),
    aliases: map('aliases'),
    trackers: sectionsIn(map('trackers'), problems),
  }
}

/** The entries of a configuration that are sections of options. */
function ofCommands(all: readonly LocatedEntry[], problems: Problems): LocatedEntry[] {
  const known = [...NAMED, ...knownSections()]
  return all.flatMap((entry) => {
    const { key, place, item } = entry
    if ((NAMED as readonly string[]).includes(key) || isEmpty(item)) return []
    if (known.includes(key)) return [entry]
    const why = suggestion(key, known) || '; sections are commands'
    problems.add(place.error(`unknown section "${cut(key)}"${why}`))
    return []
  })
}

function sectionsIn(entries: readonly LocatedEntry[], problems: Problems): Section[] {
  return entries.flatMap(({ key: name, place, item }) => {
    if (isEmpty(item)) return []
    return [
      {
        name,
        place,
        entries: problems.try<readonly LocatedEntry[]>([], () => entriesOf(item, name)),
      },
    ]
  })
}

/** The entries of a map; none for an empty value. */
export function entriesOf(item: Located | undefined, name: string): readonly LocatedEntry[] {
  if (!item || isEmpty(item)) return []
  if (item.value.kind === 'map') return item.value.entries
  throw item.place.error(`${name}: not a map of options`)
}

/** The presets of configurations with the strongest last, each name once. */
export function presetsOf(configurations: readonly Configuration[]): Map<string, Section> {
  const all = configurations.flatMap(({ presets }) => presets)
  return new Map(all.map((preset) => [preset.name, preset]))
}

/** Mode bits: writable by group or others, and the sticky bit of directories. */
const [WRITABLE_BY_OTHERS, STICKY] = [0o022, 0o1000]

function requireRoots(path: string): void {
  try {
    for (const file of new Set([path, realpathSync(path)])) {
      requireRootsOwn(file, 0)
      for (let at = dirname(file); ; at = dirname(at)) {
        requireRootsOwn(at, STICKY)
        if (at === dirname(at)) break
      }
    }
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

function requireRootsOwn(path: string, excuse: number): void {
  const { uid, mode } = statSync(path)
  const isShared = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & excuse) === 0
  if (uid === 0 && !isShared) return
  const why = uid === 0 ? 'others can write to it' : 'it is not owned by root'
  const fix = uid === 0 ? `chmod go-w ${path}` : `chown root ${path}`
  throw usageError(`${path}: ${why}, so root does not read it; run ${fix}`)
}
