import { BtkitError } from '../../errors.js'
import type { OptionEntry } from '../options/table.js'
import { DEFAULTS, isKnownKey, knownKeys, knownSections } from '../options/known-keys.js'
import { takesDefault } from '../options/traits.js'
import { findEntry } from './find-entry.js'
import { suggestion } from './nearest.js'
import type { Located, LocatedEntry, Section } from './read-file.js'
import {
  candidateOf,
  cut,
  mistaken,
  tolerate,
  type Candidate,
  type Mistakes,
  type World,
} from './settings.js'

/** The keys of a configuration that are not sections of options. */
export const NAMED = ['presets', 'default-preset', 'aliases', 'trackers'] as const

/** The content of a configuration file. */
export interface Configuration {
  readonly path: string
  readonly sections: readonly Section[]
  readonly presets: readonly Section[]
  /** The names of presets that count if nothing else names any; null if the file has none. */
  readonly defaultPreset: Located | null
  /** Tiers of trackers by name. */
  readonly aliases: readonly LocatedEntry[]
  /** Rules of trackers by host. */
  readonly trackers: readonly Section[]
}

/**
 * Parses a configuration file into its sections. The yaml package takes milliseconds to load, so it
 * is loaded only if there is a configuration.
 * @throws BtkitError `usage` with file, line and column. With a set of mistakes, only for a file
 * that is no YAML; all other mistakes are added to the set.
 */
export async function configurationOf(
  text: string,
  path: string,
  mistakes?: Mistakes,
): Promise<Configuration> {
  const all = (await import('./read-file.js')).parseConfiguration(text, path)
  const item = (name: string) => all.find(({ key }) => key === name)?.item
  const map = (name: string) => tolerate(mistakes, [], () => entriesOf(item(name), name))
  return {
    path,
    sections: sectionsIn(ofCommands(all, mistakes), mistakes),
    presets: sectionsIn(map('presets'), mistakes),
    defaultPreset: item('default-preset') ?? null,
    aliases: map('aliases'),
    trackers: sectionsIn(map('trackers'), mistakes),
  }
}

/** The entries of a configuration that are sections of options. */
function ofCommands(all: readonly LocatedEntry[], mistakes?: Mistakes): LocatedEntry[] {
  const known = [...NAMED, ...knownSections()]
  return all.flatMap((entry) => {
    const { key, place, item } = entry
    if ((NAMED as readonly string[]).includes(key) || isNothing(item)) return []
    if (known.includes(key)) return [entry]
    const why = suggestion(key, known) || '; sections are commands'
    return mistaken(mistakes, `${place}: unknown section "${cut(key)}"${why}`)
  })
}

function sectionsIn(entries: readonly LocatedEntry[], mistakes?: Mistakes): Section[] {
  return entries.flatMap(({ key: name, place, item }) => {
    if (isNothing(item)) return []
    return [{ name, place, entries: tolerate(mistakes, [], () => entriesOf(item, name)) }]
  })
}

/** The entries of a map; none for an empty value. */
export function entriesOf(item: Located | undefined, name: string): readonly LocatedEntry[] {
  if (!item || isNothing(item)) return []
  if (item.value.kind === 'map') return item.value.entries
  throw new BtkitError('usage', `${item.place}: ${name}: not a map of options`)
}

function isNothing({ value }: Located): boolean {
  return value.kind === 'text' && value.isPlain && value.text === ''
}

/** The options to read from a configuration. */
export interface Wanted {
  readonly section: string
  readonly entries: ReadonlyMap<string, OptionEntry>
}

/**
 * The settings in a file for a command, as two levels: the defaults, and above them its own
 * section.
 */
export function levelsOf(
  sections: readonly Section[],
  wanted: Wanted,
  world: World,
): Candidate[][] {
  const { section, entries } = wanted
  return [DEFAULTS, section].map((name) => {
    const own = sections.find((each) => each.name === name)
    if (!own) return []
    const isKnown = (key: string) => isKnownKey(key, name)
    const isTaken = (key: string) => name !== DEFAULTS || takesDefault(section, key)
    const known = () => knownKeys(name)
    return candidatesOf(own, { entries, isKnown, known, isTaken }, world)
  })
}

/** The options that a section is read for. */
export interface Options {
  readonly entries: ReadonlyMap<string, OptionEntry>
  /** Whether a key that no option has is left alone. */
  readonly isKnown: (key: string) => boolean
  /** The keys to suggest in the place of one that is wrong. */
  readonly known: () => Iterable<string>
  readonly isTaken?: (key: string) => boolean
}

/** The options that a section sets. */
export function candidatesOf(
  { name, entries: all }: Section,
  { entries, isKnown, known, isTaken }: Options,
  world: World,
): Candidate[] {
  return all.flatMap(({ key, place, item }) => {
    const found = findEntry(key, entries, item)
    if (found === null) {
      if (isKnown(key)) return []
      return mistaken(world.mistakes, `${place}: ${unknownKey(key, name, known())}`)
    }
    if (isTaken && !isTaken(found.entry.key)) return []
    return candidateOf(found, item, world) ?? []
  })
}

/** Reports an unknown key of a section, with a suggestion. */
export function unknownKey(key: string, section: string, known: Iterable<string>): string {
  if (section === DEFAULTS && isKnownKey(key, null))
    return `option "${key}" cannot be a default; put it below a command`
  const otherwise =
    section === DEFAULTS ? '; no command has it' : `; ${section} has none of that name`
  return `unknown option "${cut(key)}"${suggestion(key, known) || otherwise}`
}
