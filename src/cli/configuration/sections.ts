import { DEFAULTS, isKnownKey, knownKeys, knownSections, takesDefault } from '../options/table.js'
import type { OptionEntry } from '../options/option.js'
import {
  booleanOf,
  cut,
  type Given,
  isEmpty,
  itemsOf,
  type Located,
  type LocatedEntry,
  type Problems,
  type Section,
} from '../options/given.js'
import { otherNames } from '../options/bittornado.js'
import { suggestion } from '../line/spelling.js'

/** The keys of a configuration that are not sections of options. */
const NAMED = ['presets', 'default-preset', 'aliases', 'trackers'] as const

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
    path,
    sections: sectionsIn(ofCommands(all, problems), problems),
    presets: sectionsIn(map('presets'), problems),
    defaultPreset: item('default-preset') ?? null,
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

/** The presets that a configuration has by default. */
export function namesIn({ defaultPreset }: Pick<Configuration, 'defaultPreset'>): string[] {
  const items = defaultPreset ? itemsOf(defaultPreset) : []
  return items.flatMap(({ value }) => (value.kind === 'text' ? value.text : []))
}

/**
 * The options in a file for a command, as two levels: the defaults, and above them its own section.
 */
export function levelsOf(
  sections: readonly Section[],
  { section, entries }: { readonly section: string; readonly entries: Entries },
  problems: Problems,
): Given[][] {
  return [DEFAULTS, section].map((name) => {
    const own = sections.find((each) => each.name === name)
    if (!own) return []
    const isKnown = (key: string) => isKnownKey(key, name)
    const given = givenIn(own, { entries, isKnown, known: () => knownKeys(name) }, problems)
    return given.filter(({ entry }) => name !== DEFAULTS || takesDefault(section, entry.key))
  })
}

/** The options of a command by key. */
export type Entries = ReadonlyMap<string, OptionEntry>

/** The options that a section is read for. */
interface Expected {
  readonly entries: Entries
  /** Whether a key that no option has is left alone; by default none is. */
  readonly isKnown?: (key: string) => boolean
  /** The keys to suggest in the place of one that is wrong; by default those of `entries`. */
  readonly known?: () => Iterable<string>
}

/** The options that a section gives. An unknown key is a problem. */
export function givenIn(
  { name, entries: all }: Section,
  { entries, isKnown, known }: Expected,
  problems: Problems,
): Given[] {
  return all.flatMap((each) => {
    const found = findOption(each.key, each.item, entries)
    if (found) return givenAt(found)
    if (!isKnown?.(each.key))
      problems.add(each.place.error(unknownKey(each.key, name, known?.() ?? entries.keys())))
    return []
  })
}

/** An option that a file gives; nothing for an empty value. */
export function givenAt({ entry, item }: FoundOption): Given[] {
  if (isNothing(item)) return []
  return [{ entry, source: 'file', uses: [item], place: item.place, isTyped: false }]
}

function isNothing({ value }: Located): boolean {
  return value.kind === 'text' && value.isPlain && /^(null|~)?$/i.test(value.text)
}

type FoundOption = Pick<Given, 'entry'> & { readonly item: Located }

/**
 * Finds an option by its name, its `no-…` form, or its name in other programs. If only the `no-…`
 * form of a name exists, the value decides whether the key means another option, as edit's `tracker`
 * means `set-tracker` for a URL. The value of a `no-…` form is reversed.
 */
export function findOption(key: string, item: Located, entries: Entries): FoundOption | null {
  const own = entries.get(key)
  const isOwn = own !== undefined && (own.on !== null || booleanOf(item) !== null)
  const others = otherNames(key).flatMap((name) => entries.get(name) ?? [])
  const other = isOwn ? undefined : others.find(({ on }) => on !== null)
  const entry = other ?? own
  if (entry) return { entry, item }
  const opposite = key.startsWith('no-') ? entries.get(key.slice('no-'.length)) : undefined
  return opposite?.kind === 'switch' ? { entry: opposite, item: reversed(item) } : null
}

const REVERSED: Readonly<Record<string, string>> = { true: 'false', false: 'true', 1: '0', 0: '1' }

function reversed(item: Located): Located {
  const { place, value } = item
  if (value.kind !== 'text') return item
  return { place, value: { ...value, text: REVERSED[value.text.toLowerCase()] ?? value.text } }
}

/** Reports an unknown key of a section, with a suggestion. */
export function unknownKey(key: string, section: string, known: Iterable<string>): string {
  if (section === DEFAULTS && isKnownKey(key, null))
    return `option "${key}" cannot be a default; put it below a command`
  const otherwise =
    section === DEFAULTS ? '; no command has it' : `; ${section} has none of that name`
  return `unknown option "${cut(key)}"${suggestion(key, known) || otherwise}`
}
