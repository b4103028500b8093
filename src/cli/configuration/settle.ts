import type { OptionEntry } from '../options/table.js'
import { environmentLevel } from './environment.js'
import { strongest } from './levels.js'
import { namedIn, presetLevels, presetsOf, type Named } from './presets.js'
import { levelsOf, type Configuration, type Wanted } from './sections.js'
import { candidateOf, tolerate, type Candidate, type Setting, type World } from './settings.js'
import { ruleCandidates, rulesFor, ruleText, trackerRules, trackersOf } from './tracker-rules.js'
import type { Part } from '../options/given.js'
import type { Section } from './read-file.js'

/** A command line as far as its settings depend on it. */
export interface Line {
  readonly parts: readonly Part[]
  /** The options that it has, by the names that commander gives them. */
  readonly typed: ReadonlySet<string>
  /** The presets that it names; null if it says nothing of presets. */
  readonly presets: readonly string[] | null
  /** The trackers that it names. */
  readonly trackers: readonly string[]
}

/** The settings that apply to a command line, without those typed on it. */
export interface Settled {
  readonly settings: readonly Setting[]
  /** The rules of trackers that are among the settings, a line each. */
  readonly rules: readonly string[]
  /** The rules that the command line overrides, a line each. */
  readonly overridden: readonly string[]
}

/** The options to settle, and the command line they are for. */
export interface Asked extends Wanted {
  readonly isLegacy: boolean
  readonly line: Line
}

/**
 * Settles what counts, from the weakest: defaults and the section of each file, presets, rules of the
 * trackers that are used, the environment, and the command line.
 * @throws BtkitError `usage`
 */
export function settle(
  configurations: readonly Configuration[],
  wanted: Asked,
  world: World,
): Settled {
  const { section, entries, isLegacy, line } = wanted
  const base = baseLevels(configurations, wanted, world)
  const environment = tolerate(world.mistakes, [], () =>
    environmentLevel(isLegacy ? null : section, entries, world.env),
  )
  if (isLegacy)
    return { settings: strongest([...base, environment], line.typed, entries), ...NO_RULES }
  const names = presetNames(base, line, entries)
  const presets = presetLevels(names, presetsOf(configurations), { entries, world })
  const weak = [...base, ...presets]
  const before = strongest([...weak, environment], line.typed, entries)
  const trackers = [...new Set([...line.trackers, ...trackersOf(before)])]
  const rules = rulesFor(trackers, trackerRules(configurations, world.mistakes))
  if (rules.length === 0) return { settings: before, ...NO_RULES }
  return withRules(rules, { weak, environment, line, entries, world, trackers })
}

/** The defaults and the section of each file. */
function baseLevels(
  configurations: readonly Configuration[],
  wanted: Asked,
  world: World,
): Candidate[][] {
  return configurations.flatMap(({ sections, defaultPreset }) => [
    defaultLevel(defaultPreset, wanted.entries, world),
    ...levelsOf(sections, wanted, world),
  ])
}

const NO_RULES = { rules: [], overridden: [] } as const

function defaultLevel(
  item: Configuration['defaultPreset'],
  entries: ReadonlyMap<string, OptionEntry>,
  world: World,
): Candidate[] {
  const entry = entries.get('preset')
  const candidate = item && entry && candidateOf({ entry, isNegated: false }, item, world)
  return candidate ? [candidate] : []
}

/** The presets that the command line names, or else a configuration. */
function presetNames(
  base: readonly (readonly Candidate[])[],
  { presets }: Line,
  entries: ReadonlyMap<string, OptionEntry>,
): Named[] {
  const entry = entries.get('preset')
  if (!entry) return []
  if (presets) return presets.map((name) => ({ name, place: '--preset' }))
  const only = base.map((level) => level.filter((each) => each.entry === entry))
  return namedIn(strongest(only, new Set(), entries)[0])
}

interface Levels {
  readonly weak: readonly (readonly Candidate[])[]
  readonly environment: readonly Candidate[]
  readonly line: Line
  readonly entries: ReadonlyMap<string, OptionEntry>
  readonly world: World
  readonly trackers: readonly string[]
}

function withRules(
  rules: readonly Section[],
  { weak, environment, line, entries, world, trackers }: Levels,
): Settled {
  const byHost = rules.map((rule) => {
    const all = ruleCandidates(rule, entries, world)
    return { host: rule.name, all }
  })
  const ofList = (each: Candidate) => each.entry.attribute === 'announceList'
  // The strongest is last
  const levels = byHost.map(({ all }) => all.filter((each) => !ofList(each))).reverse()
  const settings = strongest([...weak, ...levels, environment], line.typed, entries)
  // A list goes with the one tracker that it is for
  const lists = byHost.flatMap(({ all }) => all.filter(ofList))
  const list = trackers.length === 1 && !line.typed.has('announceList') ? lists[0]?.open() : null
  if (list) settings.push(list)
  const holding = byHost.flatMap(({ host, all }) => {
    const places = new Set(all.map(({ place }) => place))
    return settings.filter(({ place }) => places.has(place)).map((each) => ruleText(host, each))
  })
  return { settings, rules: [...new Set(holding)], overridden: overriddenBy(line, byHost) }
}

function overriddenBy(
  { typed, parts }: Line,
  rules: readonly { readonly host: string; readonly all: readonly Candidate[] }[],
): string[] {
  return rules.flatMap(({ host, all }) => {
    const displaced = all.filter(
      ({ entry }) => typed.has(entry.attribute) && entry.key !== 'announce-list',
    )
    return displaced.flatMap((each) => {
      const setting = each.open()
      const own = parts.filter(({ options }) =>
        options.some((option) => option.attributeName() === setting.entry.attribute),
      )
      // A --no-x that only repeats the default is no part
      if (own.length === 0) return setting.args.length === 0 ? [] : [ruleText(host, setting)]
      const isSame = own.every(({ options, value }) => {
        const long = options.at(-1)?.long ?? ''
        return setting.args.includes(value === null ? long : `${long}=${value}`)
      })
      return isSame ? [] : [ruleText(host, setting)]
    })
  })
}
