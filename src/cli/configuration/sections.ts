import { BtkitError } from '../../errors.js'
import { otherNames } from '../arguments/option-names.js'
import type { OptionEntry } from '../options/table.js'
import { takesDefault } from '../options/traits.js'
import { suggestion } from './nearest.js'
import { parseConfiguration, type LocatedEntry } from './read-file.js'
import { candidateOf, type Candidate, type FoundEntry, type World } from './settings.js'

/** The section whose options count for each command that has them. */
export const DEFAULTS = 'defaults'

/** A section of a configuration: the options of a command, or defaults. */
export interface Section {
  readonly name: string
  readonly place: string
  readonly entries: readonly LocatedEntry[]
}

/**
 * The sections in the text of a configuration file.
 * @throws BtkitError `usage` that names file, line and column
 */
export function sectionsOf(text: string, path: string): Section[] {
  return parseConfiguration(text, path).flatMap(({ key: name, place, item }) => {
    const { value } = item
    if (value.kind === 'map') return [{ name, place, entries: value.entries }]
    if (value.kind === 'text' && value.isPlain && value.text === '') return []
    throw new BtkitError('usage', `${item.place}: ${name}: not a map of options`)
  })
}

/** What an option list is asked for. */
export interface Wanted {
  readonly section: string
  readonly entries: ReadonlyMap<string, OptionEntry>
  /** Whether keys that no option has are left alone: this command takes only some. */
  readonly isPartial: boolean
}

/** What the sections of a file say of a command: the defaults, and its own options above them. */
export function levelsOf(
  sections: readonly Section[],
  wanted: Wanted,
  world: World,
): Candidate[][] {
  const { section, entries, isPartial } = wanted
  return [DEFAULTS, section].map((name) => {
    const all = sections.find((each) => each.name === name)?.entries ?? []
    return all.flatMap(({ key, place, item }) => {
      const found = findEntry(key, entries)
      if (found === null) {
        if (name === DEFAULTS || isPartial) return []
        throw new BtkitError('usage', `${place}: ${unknownKey(key, section, entries.keys())}`)
      }
      if (name === DEFAULTS && !takesDefault(section, found.entry.key)) return []
      return candidateOf(found, item, world) ?? []
    })
  })
}

/** Says of a key that a section has no such option, and which it may be. */
export function unknownKey(key: string, section: string, known: Iterable<string>): string {
  return `${section}: no option ${key}${suggestion(key, known)}`
}

/** The option of a key: by its name, its `no-…`, or a name that other programs have for it. */
export function findEntry(
  key: string,
  entries: ReadonlyMap<string, OptionEntry>,
): FoundEntry | null {
  for (const name of [key, ...otherNames(key)]) {
    const entry = entries.get(name)
    if (entry) return { entry, isNegated: false }
  }
  const opposite = key.startsWith('no-') ? entries.get(key.slice('no-'.length)) : undefined
  return opposite?.kind === 'switch' ? { entry: opposite, isNegated: true } : null
}
