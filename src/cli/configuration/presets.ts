import type { OptionEntry } from '../options/table.js'
import { isKnownKey } from '../options/known-keys.js'
import { MAKERS } from '../options/traits.js'
import { suggestion } from './nearest.js'
import { candidatesOf, type Configuration } from './sections.js'
import type { Section } from './read-file.js'
import { mistaken, type Candidate, type Setting, type World } from './settings.js'

/** The presets of configurations with the strongest last, each name once. */
export function presetsOf(configurations: readonly Configuration[]): Map<string, Section> {
  const all = configurations.flatMap(({ presets }) => presets)
  return new Map(all.map((preset) => [preset.name, preset]))
}

/**
 * The options that presets set for a command: a level for each preset, the strongest last.
 * @throws BtkitError `usage` for an unknown preset or option
 */
export function presetLevels(
  names: readonly Named[],
  presets: ReadonlyMap<string, Section>,
  { entries, world }: { readonly entries: ReadonlyMap<string, OptionEntry>; readonly world: World },
): Candidate[][] {
  // A preset cannot name presets
  const own = new Map([...entries].filter(([key]) => key !== 'preset'))
  return names.map(({ name, place }) => {
    const preset = presets.get(name)
    const options = { entries: own, isKnown: isOfMaker, known: () => own.keys() }
    if (preset) return candidatesOf(preset, options, world)
    const known = [...presets.keys()]
    const others = known.length === 0 ? '; no configuration has presets' : suggestion(name, known)
    return mistaken(world.mistakes, `${place}: there is no preset ${name}${others}`)
  })
}

/** Whether a preset may have a key, because one of its commands has the option. */
function isOfMaker(key: string): boolean {
  return key !== 'preset' && MAKERS.some((command) => isKnownKey(key, command))
}

/** A preset that is wanted, and where that is said. */
export interface Named {
  readonly name: string
  readonly place: string
}

/** The presets that a setting names. */
export function namedIn(setting: Setting | undefined): Named[] {
  if (!setting) return []
  const values = setting.args.flatMap((arg) => /^--preset=(.*)$/.exec(arg)?.[1] ?? [])
  return values.map((name) => ({ name, place: setting.place }))
}

/** The presets that a configuration has by default. */
export function namesIn({ defaultPreset }: Pick<Configuration, 'defaultPreset'>): string[] {
  const value = defaultPreset?.value
  const items =
    value?.kind === 'list' ? value.items.map((item) => item.value) : value ? [value] : []
  return items.flatMap((each) => (each.kind === 'text' ? each.text : []))
}
